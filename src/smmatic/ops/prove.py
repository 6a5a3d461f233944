"""`smmatic prove`: the proof of ledger and orders, and a note of when it last ran for `smmatic doctor`."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from smmatic.credits.proof import prove_ledger
from smmatic.kernel.amounts import format_credits
from smmatic.ops.postgres import data_folder
from smmatic.refunds.proof import prove_orders


@dataclass(frozen=True)
class LastProof:
    """When the ledger was last proven on this machine (UTC), how that ended and how long it took in seconds."""

    at: datetime
    exit_code: int
    seconds: float


def main(argv: Sequence[str]) -> int:
    """Recomputes the whole ledger and every order; prints what was proven and each difference; notes the outcome.

    Exit code 0 when everything agrees, 1 when anything differs.
    """
    parser = argparse.ArgumentParser(prog="smmatic prove", description=main.__doc__)
    parser.add_argument("--json", action="store_true", help="print the proof as JSON")
    arguments = parser.parse_args(argv)
    began = time.monotonic()
    ledger = prove_ledger()
    orders, order_differences = prove_orders()
    seconds = round(time.monotonic() - began, 3)
    differences = [str(difference) for difference in [*ledger.differences, *order_differences]]
    code = 1 if differences else 0
    _note(LastProof(datetime.now(UTC), code, seconds))
    if arguments.json:
        print(json.dumps({"accounts": ledger.accounts, "transfers": ledger.transfers, "orders": orders,
                          "bucket_units": ledger.buckets, "differences": differences, "seconds": seconds}))  # fmt: skip
        return code
    for difference in differences:
        print(f"DIFFERS     {difference}", file=sys.stderr)
    for bucket, units in sorted(ledger.buckets.items()):
        print(f"{bucket:<12}{format_credits(units):>20} Credits")
    verdict = "everything agrees" if not differences else f"{len(differences)} differences"
    print(
        f"proven      {ledger.accounts} accounts, {ledger.transfers} transfers, {orders} orders in {seconds} s: {verdict}"
    )
    return code


def last_proof() -> LastProof | None:
    """The newest note, or None when the ledger was never proven from this machine."""
    try:
        noted = json.loads((data_folder() / "last_proof.json").read_text(encoding="utf-8"))
        return LastProof(datetime.fromisoformat(noted["at"]), int(noted["exit_code"]), float(noted["seconds"]))
    except (OSError, ValueError, KeyError):
        return None


def _note(proof: LastProof) -> None:
    path = data_folder() / "last_proof.json"
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(asdict(proof) | {"at": proof.at.isoformat()}), encoding="utf-8")
        draft.replace(path)
    except OSError:
        return  # a machine without a data folder: the proof stands, only the note is missing
