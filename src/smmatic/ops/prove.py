"""`smmatic prove`: the proof of ledger, orders and deposits."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from smmatic.credits.proof import prove_ledger
from smmatic.deposits.proof import prove_deposits
from smmatic.kernel.amounts import format_credits
from smmatic.ops.last_proof import LastProof, note
from smmatic.refunds.proof import prove_orders


def main(argv: Sequence[str]) -> int:
    """Recomputes ledger, orders and deposits; prints what was proven and each difference; notes the outcome.

    Exit code 0 when everything agrees, 1 when anything differs.
    """
    parser = argparse.ArgumentParser(prog="smmatic prove", description=main.__doc__)
    parser.add_argument("--json", action="store_true", help="print the proof as JSON")
    arguments = parser.parse_args(argv)
    began = time.monotonic()
    ledger = prove_ledger()
    orders, order_differences = prove_orders()
    deposits, deposit_differences = prove_deposits()
    seconds = round(time.monotonic() - began, 3)
    differences = [str(difference) for difference in [*ledger.differences, *order_differences, *deposit_differences]]
    code = 1 if differences else 0
    note(LastProof(datetime.now(UTC), code, seconds))
    if arguments.json:
        print(json.dumps({"accounts": ledger.accounts, "transfers": ledger.transfers, "orders": orders,
                          "deposits": deposits, "bucket_units": ledger.buckets, "differences": differences,
                          "seconds": seconds}))  # fmt: skip
        return code
    for difference in differences:
        print(f"DIFFERS     {difference}", file=sys.stderr)
    for bucket, units in sorted(ledger.buckets.items()):
        print(f"{bucket:<12}{format_credits(units):>20} Credits")
    verdict = "everything agrees" if not differences else f"{len(differences)} differences"
    counts = f"{ledger.accounts} accounts, {ledger.transfers} transfers, {orders} orders, {deposits} deposits"
    print(f"proven      {counts} in {seconds} s: {verdict}")
    return code
