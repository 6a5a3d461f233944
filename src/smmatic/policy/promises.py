"""Until when a person answers: by kind of service, or as the clause itself promises. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .business_time import BusinessCalendar, DueDate, due_at
from .shape import BUSINESS_DAYS, PolicyDocument
from .terms import HOURS, Span


def promised(document: PolicyDocument, due: str, service_class: str) -> Span:
    """The time that an answer with this `due` promises for a kind of service.

    A kind that this version does not know gets its longest promise, never an error at run time.
    """
    promise = document.promises.get(due)
    if promise is not None:
        return promise.by_class.get(service_class, promise.span)
    hours = getattr(document.deadlines, due, None) if due.endswith("_hours") else None
    if hours is not None:
        return Span(hours, HOURS)
    for item in document.service_classes:
        if item.id == service_class:
            return item.span
    return max((item.span for item in document.service_classes), key=_hours)


def decision_days(document: PolicyDocument, service_class: str) -> int:
    """The business days within which a person answers, for those who count in days: hours are rounded up to a day."""
    span = promised(document, BUSINESS_DAYS, service_class)
    return -(-span.number // 24) if span.unit == HOURS else span.number


def promised_at(
    document: PolicyDocument, due: str, service_class: str, opened_at: datetime, calendar: BusinessCalendar
) -> DueDate:
    """The moment until which an answer is promised: hours of the clock, or business days of the calendar."""
    span = promised(document, due, service_class)
    if span.unit == HOURS:
        at = opened_at.astimezone(ZoneInfo(document.times.zone))
        return DueDate(at + timedelta(hours=span.number), at.date(), ())
    return due_at(opened_at, span.number, calendar, document.times)


def _hours(span: Span) -> int:
    return span.number if span.unit == HOURS else span.number * 24
