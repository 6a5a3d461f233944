"""A note of when the ledger was last proven, for `smmatic doctor`. Needs no Django."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime

from smmatic.ops.postgres import data_folder


@dataclass(frozen=True)
class LastProof:
    """When the ledger was last proven on this machine (UTC), how that ended and how long it took in seconds."""

    at: datetime
    exit_code: int
    seconds: float


def last_proof() -> LastProof | None:
    """The newest note, or None when the ledger was never proven from this machine."""
    try:
        noted = json.loads((data_folder() / "last_proof.json").read_text(encoding="utf-8"))
        return LastProof(datetime.fromisoformat(noted["at"]), int(noted["exit_code"]), float(noted["seconds"]))
    except (OSError, ValueError, KeyError):
        return None


def note(proof: LastProof) -> None:
    """Keeps the outcome of a proof for the doctor."""
    path = data_folder() / "last_proof.json"
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(asdict(proof) | {"at": proof.at.isoformat()}), encoding="utf-8")
        draft.replace(path)
    except OSError:
        return  # a machine without a data folder: the proof stands, only the note is missing
