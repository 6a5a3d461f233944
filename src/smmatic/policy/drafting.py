"""Changes a draft's own version or effective date in its text, touching nothing else."""

from __future__ import annotations

import json
import re
from datetime import datetime


def with_version(text: str, version: str) -> str:
    """The text under another version name."""
    return _with_line(text, "version", json.dumps(version, ensure_ascii=False))


def with_effective(text: str, moment: datetime) -> str:
    """The text with another effective date. Raises ValueError for a moment without its time zone."""
    if moment.tzinfo is None:
        raise ValueError("An effective date needs its offset.")
    return _with_line(text, "effective", moment.isoformat())


def _with_line(text: str, key: str, value: str) -> str:
    """The first line of the table [policy] that sets `key`, set to `value`."""
    line = f"{key} = {value}".replace("\\", r"\\")
    head, table, rest = text.partition("[policy]")
    return head + table + re.sub(rf"^{key}\s*=.*$", line, rest, count=1, flags=re.MULTILINE)
