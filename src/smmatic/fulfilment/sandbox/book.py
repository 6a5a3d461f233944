"""The sandbox provider's own book: its orders and its truth log, in one SQLite file.

An accepted order and its line in the log are one transaction, so a killed process loses neither. The log is what a
checker compares with the shop's orders; nothing of the shop writes here.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from smmatic.fulfilment.sandbox.scripts import BY_NAME, Progress, Script, pick, progress

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT, reference TEXT NOT NULL, service TEXT NOT NULL, link TEXT NOT NULL,
    quantity INTEGER NOT NULL, script TEXT NOT NULL, accepted_at REAL NOT NULL, stopped_at REAL,
    stop TEXT, delivered INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'queued',
    refunded INTEGER NOT NULL DEFAULT 0, reads INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS orders_reference ON orders (reference);
CREATE TABLE IF NOT EXISTS truth (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, order_id INTEGER,
    reference TEXT NOT NULL, units INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value REAL NOT NULL);
CREATE TABLE IF NOT EXISTS calls (link TEXT PRIMARY KEY, n INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One order as the provider keeps it."""

    id: int
    reference: str
    service: str
    link: str
    quantity: int
    script: Script
    accepted_at: float
    stopped_at: float | None
    stop: str | None
    delivered: int
    state: str
    reads: int


class Book:
    """All of the provider's state. Safe to share between threads; survives kill -9.

    ``seconds`` is how long a delivery takes; ``balance`` what the shop has there at first, one for each unit;
    ``idempotent`` makes a second call with the same reference return the first order instead of a new one.
    """

    def __init__(self, path: str, *, seconds: float = 1.5, balance: int = 10**12, idempotent: bool = False) -> None:
        self._seconds = seconds
        self._idempotent = idempotent
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('balance', ?), ('offset', 0)", (balance,))

    def now(self) -> float:
        """The provider's clock: the system's, moved forward by ``forward``."""
        return time.time() + self._meta("offset")

    def forward(self, seconds: float) -> None:
        """Let the provider's time pass at once."""
        with self._lock:
            self._db.execute("UPDATE meta SET value = value + ? WHERE name = 'offset'", (seconds,))

    def balance(self) -> int:
        """What the shop has left."""
        return int(self._meta("balance"))

    def _meta(self, name: str) -> float:
        with self._lock:
            return float(self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0])

    def calls(self, link: str) -> int:
        """Count a submission call for this link and say how many there were, this one included."""
        with self._lock:
            row = self._db.execute(
                "INSERT INTO calls VALUES (?, 1) ON CONFLICT (link) DO UPDATE SET n = n + 1 RETURNING n",
                (link,),
            ).fetchone()
            return int(row[0])

    def accept(self, reference: str, service: str, link: str, quantity: int) -> tuple[Entry, bool]:
        """Take an order. The flag is True where the reference was known and no new order was made."""
        with self._lock:
            known = self.by_reference(reference) if self._idempotent else None
            if known is not None:
                return known, True
            now = self.now()
            self._db.execute("BEGIN IMMEDIATE")
            cursor = self._db.execute(
                "INSERT INTO orders (reference, service, link, quantity, script, accepted_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (reference, service, link, quantity, pick(link).name, now),
            )
            number = int(cursor.lastrowid or 0)
            self._log(now, "accepted", number, reference, quantity)
            self._db.execute("UPDATE meta SET value = value - ? WHERE name = 'balance'", (quantity,))
            self._db.execute("COMMIT")
            return self._get("id = ?", number)[0], False

    def refuse(self, reference: str, quantity: int) -> None:
        """Write down that an order was refused."""
        with self._lock:
            self._log(self.now(), "refused", None, reference, quantity)

    def by_reference(self, reference: str) -> Entry | None:
        """The newest order with the shop's reference, brought up to date."""
        found = self._get("reference = ? ORDER BY id DESC LIMIT 1", reference)
        return self._advance(found[0]) if found else None

    def by_ids(self, ids: Sequence[int]) -> dict[int, Entry]:
        """Orders by number, brought up to date; unknown numbers are left out."""
        with self._lock:
            found = (self._get("id = ?", number) for number in ids)
            return {rows[0].id: self._advance(rows[0]) for rows in found if rows}

    def count_read(self, number: int) -> int:
        """Count a status question about an order and say how many there were."""
        with self._lock:
            sql = "UPDATE orders SET reads = reads + 1 WHERE id = ? RETURNING reads"
            return int(self._db.execute(sql, (number,)).fetchone()[0])

    def stop(self, number: int, answer: str) -> Entry | None:
        """Note a stop request; with the answer ``confirmed`` the work ends where it stands."""
        with self._lock:
            rows = self._get("id = ?", number)
            if not rows:
                return None
            entry = self._advance(rows[0])
            if self.truth(entry)[0].ended:
                return entry
            now = self.now()
            self._db.execute("UPDATE orders SET stop = ? WHERE id = ?", (answer, number))
            if answer == "confirmed":
                self._db.execute("UPDATE orders SET stopped_at = ? WHERE id = ?", (now, number))
                self._log(now, "stopped", number, entry.reference, entry.delivered)
            return self._advance(self._get("id = ?", number)[0])

    def truth(self, entry: Entry) -> tuple[Progress, float]:
        """What is really done for an order, and the share of its delivery time that has passed."""
        until = entry.stopped_at if entry.stopped_at is not None else self.now()
        share = (until - entry.accepted_at) / max(self._seconds * entry.script.slow, 0.001)
        done = progress(entry.script, entry.quantity, share)
        if entry.stopped_at is not None and not done.ended:
            return Progress("stopped", done.delivered), share
        return done, share

    def report(self) -> dict[str, list[dict[str, object]]]:
        """The whole truth: every order brought up to date, and the log."""
        with self._lock:
            for entry in self._get("state NOT IN ('completed', 'partial', 'failed', 'stopped')"):
                self._advance(entry)
            orders = [dict(row) for row in self._db.execute("SELECT * FROM orders ORDER BY id")]
            log = [dict(row) for row in self._db.execute("SELECT * FROM truth ORDER BY id")]
            return {"orders": orders, "log": log}

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _advance(self, entry: Entry) -> Entry:
        """Write down what has been delivered since the last look, and what an early end gives back."""
        with self._lock:
            done, _ = self.truth(entry)
            if done.delivered == entry.delivered and done.state == entry.state:
                return entry
            now = self.now()
            self._db.execute("BEGIN IMMEDIATE")
            new = done.delivered - entry.delivered
            if new > 0:
                self._log(now, "delivered", entry.id, entry.reference, new)
            if done.ended and entry.state != done.state:
                back = entry.quantity - done.delivered
                self._db.execute("UPDATE orders SET refunded = ? WHERE id = ?", (back, entry.id))
                self._db.execute("UPDATE meta SET value = value + ? WHERE name = 'balance'", (back,))
                if back:
                    self._log(now, "refunded", entry.id, entry.reference, back)
                self._log(now, done.state, entry.id, entry.reference, done.delivered)
            self._db.execute(
                "UPDATE orders SET delivered = ?, state = ? WHERE id = ?", (done.delivered, done.state, entry.id)
            )
            self._db.execute("COMMIT")
            return self._get("id = ?", entry.id)[0]

    def _log(self, at: float, kind: str, number: int | None, reference: str, units: int) -> None:
        self._db.execute(
            "INSERT INTO truth (at, kind, order_id, reference, units) VALUES (?, ?, ?, ?, ?)",
            (at, kind, number, reference, units),
        )

    def _get(self, where: str, *values: object) -> list[Entry]:
        with self._lock:
            rows = self._db.execute(f"SELECT * FROM orders WHERE {where}", values).fetchall()  # noqa: S608 (ours)
        return [_entry(row) for row in rows]


def _entry(row: sqlite3.Row) -> Entry:
    values: dict[str, Any] = {name: row[name] for name in Entry.__dataclass_fields__}
    values["script"] = BY_NAME[row["script"]]
    return Entry(**values)
