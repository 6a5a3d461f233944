"""Reads what a policy declares of its own: windows and attributes as facts, shares of a charge, promised times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .reading import Report, Table
from .shape import CREDITS, FactValue, ServiceClass, Text
from .terms import ATTRIBUTES, BUSINESS, HOURS, MOMENTS, NUMBERS, Attribute, Promise, Share, Span, Window

LONGEST_NAME = 12
"""An answer is stored with a case under this many letters."""


def window(table: Table) -> Window | None:
    """The window of a fact, or None for a fact that is none."""
    if not table.has("since") and not table.has("at_most"):
        return None
    since = table.choice("since", MOMENTS)
    return Window(since, table.span("at_most") or Span(1, HOURS))


def attribute(table: Table, values: Sequence[FactValue]) -> Attribute | None:
    """The attribute of a fact, or None for a fact that has none."""
    if not table.has("attribute"):
        if table.has("at_least"):
            remedy = f'Add attribute = "{NUMBERS[0]}", or take it out.'
            table.problem("at_least", "bad_fact", "A threshold of nothing.", remedy)
            table.number("at_least", least=1, most=10**12)
        return None
    name = table.choice("attribute", (*ATTRIBUTES, *NUMBERS))
    at_least = table.number("at_least", least=1, most=10**12) if table.has("at_least") else None
    if (name in NUMBERS) != (at_least is not None):
        table.problem(
            "attribute",
            "bad_fact",
            f"'{name}' is {'a number' if name in NUMBERS else 'no number'}.",
            "Give it at_least = ..." if name in NUMBERS else "Take at_least out and list its values.",
        )
    raw: dict[str, str] = {}
    for value in values if at_least is None else ():
        for word in value.of or (value.id,):
            if word in raw:
                remedy = "Let each value of an attribute belong to one value of the fact."
                table.problem("values", "duplicate", f"'{word}' stands for two values.", remedy)
            raw[word] = value.id
    return Attribute(name, at_least, raw)


def shares(tables: Sequence[Table], report: Report) -> tuple[dict[str, Share], dict[str, Text]]:
    """The shares of a policy and their names; `report` knows them afterwards."""
    found: dict[str, Share] = {}
    names: dict[str, Text] = {}
    for table in tables:
        share_id = table.identifier()
        if share_id in found or share_id in CREDITS:
            table.problem("id", "duplicate", f"The share '{share_id}' is there twice.", "Rename it.")
        if len(share_id) > LONGEST_NAME:
            remedy = f"Use at most {LONGEST_NAME} letters: it is stored with every case."
            table.problem("id", "bad_id", f"'{share_id}' is too long.", remedy)
        found[share_id] = _share(table)
        names[share_id] = table.words("name")
        table.finish()
    report.shares = tuple(found)
    return found, names


def _share(table: Table) -> Share:
    of = table.choice("of", ("all", "undelivered"))
    returns, withholds = table.has("returns_percent"), table.has("withholds_percent")
    if returns == withholds:
        table.problem(
            "of",
            "bad_share",
            "A share says either which percentage comes back or which percentage of the charge is withheld.",
            "Write returns_percent = 85, or withholds_percent = 15.",
        )
    percent = table.number("returns_percent", least=1, most=99) if returns else 100
    withheld = table.number("withholds_percent", least=1, most=99) if withholds else 0
    return Share(of, percent, withheld)


def promises(tables: Sequence[Table], classes: Sequence[ServiceClass]) -> dict[str, Promise]:
    """The promised times that clauses name, each with what differs by service class."""
    found: dict[str, Promise] = {}
    for table in tables:
        promise_id = table.identifier()
        if promise_id in found or promise_id == BUSINESS:
            table.problem("id", "duplicate", f"The promise '{promise_id}' is there twice.", "Rename it.")
        span = _working(table, "within")
        by_class: dict[str, Span] = {}
        if table.has("by_class"):
            own = table.table("by_class")
            for item in classes:
                if own.has(item.id):
                    by_class[item.id] = _working(own, item.id)
            own.finish()
        found[promise_id] = Promise(promise_id, span, by_class, table.line)
        table.finish()
    return found


def service_class(table: Table) -> ServiceClass:
    """A kind of service with its time, in business days or in hours."""
    hours = table.number("hours", least=1, most=10_000) if table.has("hours") else 0
    days = -(-hours // 24) if hours else table.number("business_days", least=0, most=90)
    if hours and table.has("business_days"):
        table.problem("hours", "bad_time", "It has hours and business days.", "Keep one of them.")
        table.number("business_days", least=0, most=90)
    found = ServiceClass(id=table.identifier(), name=table.words("name"), business_days=days, hours=hours)
    table.finish()
    return found


def own_data(
    windows: Mapping[str, Window],
    thresholds: Mapping[str, int],
    shares_: Mapping[str, Share],
    promises_: Mapping[str, Promise],
) -> tuple[dict[str, int | str], dict[str, str]]:
    """The numbers of all this by the path of their placeholder, and the unit of each."""
    data: dict[str, int | str] = {}
    units: dict[str, str] = {}

    def note(path: str, number: int, unit: str) -> None:
        data[path] = number
        units[path] = unit

    for name, item in windows.items():
        note(f"window.{name}", item.at_most.number, item.at_most.unit)
    for name, number in thresholds.items():
        note(f"threshold.{name}", number, "")
    for name, share in shares_.items():
        note(f"share.{name}", share.withheld or share.percent, "percent")
    for name, promise in promises_.items():
        note(f"promise.{name}", promise.span.number, promise.span.unit)
        for class_id, span in promise.by_class.items():
            note(f"promise.{name}.{class_id}", span.number, span.unit)
    return data, units


def _working(table: Table, key: str) -> Span:
    span = table.span(key) or Span(1, BUSINESS)
    if span.unit not in (HOURS, BUSINESS):
        remedy = 'Write it like "24h" or "2 business days".'
        table.problem(key, "bad_span", "A person answers within hours or business days.", remedy)
    return span
