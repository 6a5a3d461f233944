"""Which module writes the letters of which source of events.

A new letter: add its words in the module of its source. A new source: a function `<package>_notify_v1` in that
package's SQL, a line in `notices/due.sql`, a module here with `draft(event_id)`, and a line in SOURCES.
"""

from collections.abc import Callable

from smmatic.notices.draft import Draft
from smmatic.notices.letters import cases, deposits, messages, orders

SOURCES: dict[str, Callable[[int], Draft | None]] = {
    "order": orders.draft,
    "case": cases.draft,
    "message": messages.draft,
    "deposit": deposits.draft,
}


def draft_of(source: str, event_id: int) -> Draft | None:
    """The draft for an event of a source, or None when it needs no words of its own."""
    return SOURCES[source](event_id)
