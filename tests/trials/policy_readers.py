"""What the processes of test_activation do: read which policy is in force, again and again, and activate another.

Each reader notes every read as a byte of a file of its own, so that whoever activates waits, with the version half
written, until all of them have read meanwhile. That is how the trial knows that it raced.
"""

import hashlib
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from smmatic.policy import queries
from smmatic.policy.actions import activate_policy
from smmatic.policy.compiler import CompiledPolicy, compile_policy
from smmatic.policy.document import load_policy
from smmatic.policy.models import PolicyVersion

PATIENCE = 120
DONE = "done"


def read(folder: str, name: str, version: str) -> dict[str, object]:
    """Reads until the version is seen after its activation: what was seen, and what was wrong with it."""
    counted, seen, trouble = Path(folder) / f"read-{name}", set(), set()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        over = (Path(folder) / DONE).exists()
        try:
            queries.forget()
            row = queries.current_policy()
            facts = row.document.complete({"ask": "cancel", "stage": "begun"})
            decided = row.compiled.decide(facts).clause == _answered(row.id).decide(facts).clause
            digest = hashlib.sha256(row.document.source.encode()).hexdigest() == row.digest
            if not (decided and digest and row.document.version == row.version):
                trouble.add(f"version {row.version} is not whole")
            seen.add(row.version)
        except Exception as error:  # whatever a service would fall over
            trouble.add(f"{type(error).__name__}: {error}")
        with counted.open("ab") as file:
            file.write(b".")
        if over:
            break
    return {"seen": sorted(seen), "trouble": sorted(trouble)}


@cache
def _answered(version_id: int) -> CompiledPolicy:
    return compile_policy(queries.policy(version_id).document)


def activate(folder: str, readers: list[str], text: str, owner: str = "") -> bool:
    """Activates a text while all readers read. With the `owner` of the database it plants the bug: the row is
    committed before its table is.
    """

    def meanwhile() -> None:
        _all_read(Path(folder), readers)

    if owner:
        _half(text, owner, meanwhile)
    else:
        _whole(text, meanwhile)
    (Path(folder) / DONE).touch()
    return True


def _whole(text: str, meanwhile: Callable[[], None]) -> None:
    create = PolicyVersion.objects.create

    def slowly(**values: object) -> PolicyVersion:
        row = create(**values)
        meanwhile()
        return row

    PolicyVersion.objects.create = slowly  # type: ignore[method-assign]  # this process does nothing else
    activate_policy(text, None, "raced")


def _half(text: str, address: str, meanwhile: Callable[[], None]) -> None:
    document = load_policy(text)
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute("ALTER TABLE policy_version DISABLE TRIGGER USER")
        owner.execute(
            "INSERT INTO policy_version (policy_id, version, source, digest, compiled, effective_at, why)"
            " VALUES (%s, %s, %s, %s, '{}', now(), 'raced')",
            [document.id, document.version, text, hashlib.sha256(text.encode()).digest()],
        )
        meanwhile()
        compiled = Jsonb(compile_policy(document).as_json())
        owner.execute("UPDATE policy_version SET compiled = %s WHERE version = %s", [compiled, document.version])


def _all_read(folder: Path, readers: list[str]) -> None:
    """Returns when every reader has begun and ended a read since it was called."""
    before = {name: _size(folder / f"read-{name}") for name in readers}
    end = time.monotonic() + PATIENCE
    while any(_size(folder / f"read-{name}") < before[name] + 2 for name in readers):
        if time.monotonic() > end:
            raise RuntimeError("the readers did not read")
        time.sleep(0.01)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
