"""5.1 and 5.2: due dates in Vietnam's business days, and how incidents and waiting move them (never earlier)."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smmatic.policy.business_time import BusinessCalendar, business_time, due_at, extended
from smmatic.policy.vietnam import calendar_of, days_as_json, vietnam_calendar, vietnam_days

from .shipped import document

CALENDAR = vietnam_calendar()
TIMES = document().times
WEEKDAYS = BusinessCalendar({})


def vietnam(text):
    return datetime.fromisoformat(f"{text}+07:00")


@pytest.mark.parametrize(
    ("opened", "days", "due"),
    [
        ("2026-02-12T10:00:00", 3, "2026-02-24"),  # over Tet
        ("2026-02-13T09:00:00", 1, "2026-02-23"),
        ("2026-02-13T17:30:00", 1, "2026-02-24"),  # after the cut-off of the last day before Tet
        ("2026-02-17T12:00:00", 1, "2026-02-24"),  # during Tet: counts as opened on the 23rd
        ("2026-03-02T09:00:00", 1, "2026-03-03"),
        ("2026-03-02T17:00:00", 1, "2026-03-03"),  # the cut-off itself is in time
        ("2026-03-02T17:00:01", 1, "2026-03-04"),  # a second later is not
        ("2026-03-06T16:59:00", 1, "2026-03-09"),  # Friday
        ("2026-03-07T09:00:00", 1, "2026-03-10"),  # Saturday counts as Monday
        ("2026-01-08T09:00:00", 2, "2026-01-10"),  # the Saturday worked for the day after New Year
        ("2025-12-31T09:00:00", 1, "2026-01-05"),  # the 2nd of January is off
        ("2026-08-21T09:00:00", 1, "2026-08-22"),  # a Saturday worked for the 31st
        ("2026-08-28T09:00:00", 1, "2026-09-03"),
        ("2026-11-23T09:00:00", 1, "2026-11-25"),  # Vietnam Cultural Day
        ("2026-03-02T09:00:00", 0, "2026-03-02"),
        ("2026-03-02T18:00:00", 0, "2026-03-03"),
    ],
)
def test_an_answer_is_due_by_the_end_of_its_business_day(opened, days, due):
    found = due_at(vietnam(opened), days, CALENDAR, TIMES)
    assert found.at == vietnam(f"{due}T18:00:00")


def test_the_days_that_do_not_count_are_named_with_their_reason_in_both_languages():
    found = due_at(vietnam("2026-02-12T10:00:00"), 3, CALENDAR, TIMES)
    assert found.counted_from == date(2026, 2, 12)
    assert [day.day for day, _ in found.skipped] == list(range(14, 23))
    reasons = dict(found.skipped)
    assert reasons[date(2026, 2, 17)] == {"en": "Lunar New Year (Tết)", "vi": "Tết Nguyên Đán"}
    assert reasons[date(2026, 2, 22)] == {"en": "Sunday", "vi": "Chủ nhật"}


def test_the_hour_that_counts_is_the_one_in_vietnam():
    assert due_at(datetime.fromisoformat("2026-03-02T09:59:59+00:00"), 1, CALENDAR, TIMES).counted_from.day == 2
    assert due_at(datetime.fromisoformat("2026-03-02T10:00:01+00:00"), 1, CALENDAR, TIMES).counted_from.day == 3


@pytest.mark.parametrize("service_class", document().service_classes, ids=lambda item: item.id)
def test_every_service_class_has_its_time(service_class):
    promised = {
        "top_up": 1,
        "shift": 1,
        "language": 1,
        "listing": 2,
        "upload": 2,
        "campaign": 3,
        "creative": 3,
        "report": 3,
    }
    assert TIMES[service_class.id] == promised[service_class.id]


def test_a_time_without_zone_or_a_negative_promise_is_refused():
    with pytest.raises(ValueError, match="zone"):
        due_at(datetime(2026, 3, 2, 9), 1, CALENDAR, TIMES)
    with pytest.raises(ValueError, match="-1"):
        due_at(vietnam("2026-03-02T09:00:00"), -1, CALENDAR, TIMES)


def test_an_incident_moves_a_due_date_by_its_business_hours():
    opened = vietnam("2026-03-02T09:00:00")
    due = due_at(opened, 1, CALENDAR, TIMES)
    incident = (vietnam("2026-03-02T15:00:00"), vietnam("2026-03-03T09:00:00"))  # 3 h, then 1 h
    later = extended(due, opened, [incident], CALENDAR, TIMES, document().incident.at_most_days)
    assert later.at == vietnam("2026-03-04T12:00:00")
    assert later.counted_from == due.counted_from


def test_an_incident_moves_a_due_date_by_two_business_days_at_most():
    opened = vietnam("2026-03-02T09:00:00")
    due = due_at(opened, 1, CALENDAR, TIMES)
    incident = (vietnam("2026-03-02T00:00:00"), vietnam("2026-03-20T00:00:00"))
    later = extended(due, opened, [incident], CALENDAR, TIMES, document().incident.at_most_days)
    assert later.at == vietnam("2026-03-05T18:00:00")


def test_waiting_for_the_customer_pauses_the_clock_and_names_the_new_days_off():
    opened = vietnam("2026-03-05T09:00:00")
    due = due_at(opened, 1, CALENDAR, TIMES)
    waiting = (vietnam("2026-03-05T12:00:00"), vietnam("2026-03-06T12:00:00"))
    later = extended(due, opened, [waiting], CALENDAR, TIMES)
    assert later.at == vietnam("2026-03-09T18:00:00")
    assert [day for day, _ in later.skipped] == [date(2026, 3, 7), date(2026, 3, 8)]


def test_an_incident_outside_business_hours_or_before_opening_moves_nothing():
    opened = vietnam("2026-03-02T09:00:00")
    due = due_at(opened, 1, CALENDAR, TIMES)
    night = (vietnam("2026-03-02T18:00:00"), vietnam("2026-03-03T08:00:00"))
    before = (vietnam("2026-02-25T08:00:00"), vietnam("2026-03-02T09:00:00"))
    assert extended(due, opened, [night, before], CALENDAR, TIMES).at == due.at


def test_overlapping_spans_count_once():
    opened = vietnam("2026-03-02T09:00:00")
    due = due_at(opened, 1, CALENDAR, TIMES)
    span = (vietnam("2026-03-02T10:00:00"), vietnam("2026-03-02T12:00:00"))
    once = extended(due, opened, [span], CALENDAR, TIMES)
    assert extended(due, opened, [span, span], CALENDAR, TIMES).at == once.at


moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 11, 1)).map(lambda moment: vietnam(moment.isoformat()))


@settings(max_examples=200, deadline=None)
@given(moments, st.integers(0, 10))
def test_a_due_date_is_a_business_day_with_exactly_the_promised_days_before_it(opened, days):
    found = due_at(opened, days, CALENDAR, TIMES)
    assert found.at >= opened or days == 0
    between = found.counted_from
    counted = 0
    while between < found.at.date():
        between += timedelta(days=1)
        counted += CALENDAR.is_business_day(between)
    assert counted == days
    assert CALENDAR.is_business_day(found.at.date())
    assert CALENDAR.is_business_day(found.counted_from)


@settings(max_examples=100, deadline=None)
@given(moments, st.integers(1, 5), st.integers(0, 200), st.integers(1, 300))
def test_a_promised_time_never_moves_earlier(opened, days, starts, lasts):
    due = due_at(opened, days, CALENDAR, TIMES)
    start = opened + timedelta(hours=starts)
    span = (start, start + timedelta(hours=lasts))
    free = extended(due, opened, [span], CALENDAR, TIMES)
    capped = extended(due, opened, [span], CALENDAR, TIMES, 2)
    assert due.at <= capped.at <= free.at
    assert business_time(due.at, capped.at, CALENDAR, TIMES) <= timedelta(hours=20)


def test_the_calendar_of_vietnam_knows_the_exchanged_days_of_2026():
    off = {day for day, item in vietnam_days().items() if item.kind == "off" and day.year == 2026}
    worked = {day for day, item in vietnam_days().items() if item.kind == "worked" and day.year == 2026}
    assert date(2026, 1, 2) in off
    assert {date(2026, 2, day) for day in range(16, 21)} <= off
    assert {date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2)} <= off
    assert worked == {date(2026, 1, 10), date(2026, 8, 22)}


def test_a_stored_calendar_is_the_same_calendar():
    assert calendar_of(days_as_json(vietnam_days())) == CALENDAR
    assert WEEKDAYS.is_business_day(date(2026, 1, 2))
    with pytest.raises(ValueError, match="half"):
        calendar_of({"2026-01-02": {"kind": "half", "en": "", "vi": ""}})
