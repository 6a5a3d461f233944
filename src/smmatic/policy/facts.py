"""The facts that a policy declares itself, derived from what is known of an order. Pure.

An order is described by a plain mapping: moments by their name ('ended_at': an aware datetime or None), attributes by
theirs ('service.class': 'top_up', 'customer.type': 'business', 'order.quantity': 500). What is not known is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .business_time import BusinessCalendar, due_at
from .shape import Fact, PolicyDocument, Times
from .terms import BUSINESS, HOURS, Span


def own_facts(
    document: PolicyDocument, described: Mapping[str, object], asked_at: datetime, calendar: BusinessCalendar
) -> dict[str, str]:
    """The value of every fact of the policy's own, at the moment of asking.

    A window whose moment has not come, and an attribute that is unknown or has an unlisted value, has the fact's
    default. Raises ValueError for a moment without its time zone.
    """
    return {fact.id: _value(document, fact, described, asked_at, calendar) for fact in document.own_facts}


def closes_at(since: datetime, span: Span, calendar: BusinessCalendar, times: Times) -> datetime:
    """The last moment of a window. Business days end at the due hour, days of the calendar at midnight."""
    if span.unit == HOURS:
        return since + timedelta(hours=span.number)
    if span.unit == BUSINESS:
        return due_at(since, span.number, calendar, times).at
    zone = ZoneInfo(times.zone)
    last = since.astimezone(zone).date() + timedelta(days=span.number + 1)
    return datetime.combine(last, datetime.min.time(), zone) - timedelta(microseconds=1)


def _value(
    document: PolicyDocument,
    fact: Fact,
    described: Mapping[str, object],
    asked_at: datetime,
    calendar: BusinessCalendar,
) -> str:
    if fact.window is not None:
        since = described.get(fact.window.since)
        if not isinstance(since, datetime):
            return fact.default
        within = asked_at <= closes_at(since, fact.window.at_most, calendar, document.times)
        return "yes" if within else "no"
    attribute = fact.attribute
    if attribute is None:
        return fact.default
    known = described.get(attribute.name)
    if attribute.at_least is not None:
        if not isinstance(known, int) or isinstance(known, bool):
            return fact.default
        return "yes" if known >= attribute.at_least else "no"
    word = ("yes" if known else "no") if isinstance(known, bool) else str(known)
    return attribute.values.get(word, fact.default)
