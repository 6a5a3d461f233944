"""5.1 and 5.2: hundreds of dated cases, over Tet and exchanged days, with waits and incidents, to the minute."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smmatic.policy.business_time import business_time, day_length, due_at, later_by
from smmatic.policy.vietnam import vietnam_calendar
from smmatic.refunds.due_rules import Folded, Span, Warned, fold, warned_at, warning_moments
from tests.unit.policy.shipped import document
from tests.unit.refunds.counting import counted

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
CALENDAR, TIMES, MOST_DAYS = vietnam_calendar(), document().times, document().incident.at_most_days


def moment(text: str) -> datetime:
    """A moment of the table: Vietnam's, unless it says where."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=ZONE)


def spans(text: str) -> list[Span]:
    """Spans of the table."""
    pairs = [one.split("/") for one in text.split(", ") if one != "-"]
    return [(moment(start), moment(end)) for start, end in pairs]


def table() -> list[list[str]]:
    """The rows of the data file."""
    lines = (Path(__file__).parent / "dated_cases.txt").read_text(encoding="utf-8").splitlines()
    return [line.split(" | ") for line in lines if not line.startswith("#")]


def folded(opened: datetime, days: int, waits: Sequence[Span] = (), incidents: Sequence[Span] = ()) -> Folded:
    """The due date as the program works it out, by the shipped policy and calendar."""
    base = due_at(opened, days, CALENDAR, TIMES)
    return fold(base, opened, waits, incidents, CALENDAR, TIMES, incident_days=MOST_DAYS)


ROWS = table()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}-{row[6]}".replace(" ", "_"))
def test_a_case_is_due_to_the_minute(row: list[str]) -> None:
    _by, opened, days, waits, incidents, due, _what = row
    assert folded(moment(opened), int(days), spans(waits), spans(incidents)).due.at == moment(due)


def test_what_was_reasoned_by_hand_is_what_counting_gives() -> None:
    """The two ways of the table agree, so that neither is a copy of the program's mistakes."""
    for _by, opened, days, waits, incidents, due, what in [row for row in ROWS if row[0] == "hand"] + ROWS[::9]:
        assert counted(moment(opened), int(days), spans(waits), spans(incidents)) == moment(due), what


def test_the_table_holds_what_it_should() -> None:
    kinds = [row[0] for row in ROWS]
    assert len(ROWS) >= 250
    assert kinds.count("hand") >= 40
    assert sum(row[1].startswith("2026-02") for row in ROWS) >= 30
    assert sum(row[1].startswith(("2027-01", "2027-02")) for row in ROWS) >= 30
    assert sum(row[3] != "-" for row in ROWS) >= 40
    assert sum(row[4] != "-" for row in ROWS) >= 40
    assert sum("+07:00" not in row[1] for row in ROWS) >= 20


moments = st.datetimes(datetime(2025, 6, 1), datetime(2027, 10, 1)).map(lambda at: at.replace(tzinfo=ZONE))
number = st.integers(0, 10)


@st.composite
def happenings(draw: st.DrawFn) -> list[Span]:
    """Up to three spans, before, around and after the promise, of minutes to weeks."""
    base = draw(st.shared(moments, key="opened"))
    starts = draw(st.lists(st.integers(-3_000, 20_000), max_size=3))
    lasts = draw(st.lists(st.integers(1, 20_000), min_size=len(starts), max_size=len(starts)))
    return [
        (base + timedelta(minutes=start), base + timedelta(minutes=start + last))
        for start, last in zip(starts, lasts, strict=True)
    ]


opening = st.shared(moments, key="opened")


@settings(max_examples=100, deadline=None)
@given(opening, number, happenings(), happenings())
def test_it_is_never_due_before_it_was_opened_nor_before_its_plain_promise(opened, days, waits, incidents):
    found = folded(opened, days, waits, incidents)
    assert found.due.at >= opened or days == 0
    assert found.due.at >= due_at(opened, days, CALENDAR, TIMES).at
    assert CALENDAR.is_business_day(found.due.at.date())
    assert TIMES.opens <= found.due.at.time() <= TIMES.due_by


@settings(max_examples=80, deadline=None)
@given(opening, number, happenings(), happenings())
def test_one_day_more_is_never_due_sooner(opened, days, waits, incidents):
    assert folded(opened, days, waits, incidents).due.at <= folded(opened, days + 1, waits, incidents).due.at


@settings(max_examples=80, deadline=None)
@given(opening, st.integers(1, 500), number)
def test_who_asks_later_is_never_answered_sooner(opened, minutes, days):
    assert folded(opened, days).due.at <= folded(opened + timedelta(minutes=minutes), days).due.at


@settings(max_examples=100, deadline=None)
@given(opening, number, happenings(), happenings(), happenings())
def test_pausing_never_shortens(opened, days, waits, more, incidents):
    before, after = folded(opened, days, waits, incidents), folded(opened, days, [*waits, *more], incidents)
    assert after.due.at >= before.due.at
    assert after.waited >= before.waited


@settings(max_examples=100, deadline=None)
@given(opening, number, happenings(), happenings(), happenings())
def test_an_incident_never_shortens_and_moves_two_business_days_at_most(opened, days, waits, incidents, more):
    before, after = folded(opened, days, waits, incidents), folded(opened, days, waits, [*incidents, *more])
    assert after.due.at >= before.due.at
    assert after.disturbed <= day_length(TIMES) * MOST_DAYS


@settings(max_examples=100, deadline=None)
@given(opening, number, happenings(), happenings())
def test_the_promised_business_time_is_left_to_the_shop_whatever_happens(opened, days, waits, incidents):
    """What was promised in business time, less what did not count, is exactly what the shop had."""
    base, found = due_at(opened, days, CALENDAR, TIMES), folded(opened, days, waits, incidents)
    promised = business_time(opened, base.at, CALENDAR, TIMES)
    had = business_time(opened, found.due.at, CALENDAR, TIMES) - found.waited - found.disturbed
    assert had == promised


@settings(max_examples=25, deadline=None)
@given(opening.filter(lambda at: at.year > 2025), st.integers(0, 3), happenings(), happenings())
def test_counting_minute_by_minute_gives_the_same(opened, days, waits, incidents):
    start = opened.replace(second=0, microsecond=0)
    shift = start - opened
    cut = [[(a + shift, b + shift) for a, b in some] for some in (waits, incidents)]
    assert folded(start, days, *cut).due.at == counted(start, days, *cut)


@settings(max_examples=100, deadline=None)
@given(opening, st.integers(1, 5), happenings())
def test_a_case_is_warned_about_at_half_then_on_its_last_day_then_when_it_is_late(opened, days, waits):
    due = folded(opened, days, waits).due.at
    plan = warning_moments(opened, due, CALENDAR, TIMES)
    times = [at for at, _level in plan]
    assert [level for _at, level in plan] == [Warned.HALF, Warned.LAST_DAY, Warned.LATE]
    assert times == sorted(times)
    assert opened <= times[0] <= times[1] <= times[2] == due
    assert times[1].date() == due.date()
    assert warned_at(plan, due) == (Warned.LATE, None)
    assert warned_at(plan, opened - timedelta(seconds=1)) == (Warned.NOT, times[0])


def test_half_of_the_business_time_is_half_whatever_nights_lie_between() -> None:
    opened = moment("2026-03-02T08:00")
    due = folded(opened, 1).due.at
    assert warning_moments(opened, due, CALENDAR, TIMES)[0][0] == later_by(opened, timedelta(hours=10), CALENDAR, TIMES)


def test_the_zone_of_the_server_does_not_matter() -> None:
    opened = moment("2026-02-12T10:00")
    wait = [(moment("2026-02-13T16:00"), moment("2026-02-23T10:00"))]
    abroad = [(start.astimezone(UTC), end.astimezone(UTC)) for start, end in wait]
    assert folded(opened.astimezone(UTC), 3, abroad).due == folded(opened, 3, wait).due
