"""Every pair (state, answer of the provider) is visited: no exception, no silent state, no invented delivery."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smmatic.fulfilment.protocol import (
    Allegation,
    Fault,
    NotFound,
    NotReached,
    ProviderStatus,
    RefusalWord,
    RefusedBeforeWork,
    RemoteState,
    StopAnswer,
    StopState,
    Submitted,
    Unknown,
    UnknownWhy,
)
from smmatic.fulfilment.rules import (
    AttemptState,
    Flag,
    Next,
    OrderView,
    StatusPlan,
    after_lookup,
    after_status,
    after_stop,
    after_submit,
    next_check,
)

STATUSES = ("pending", "processing", "in_progress", "completed", "partial", "failed", "cancelled", "rejected")
STOPS = ("", "asked", "confirmed", "refused", "too_late", "unknown")
COUNTS = (None, -10, 0, 50, 100, 10**9)
Q = 100


def say(state: RemoteState, delivered: int | None = None, remains: int | None = None, **more: object) -> ProviderStatus:
    return ProviderStatus("7", state, delivered, remains, **more)  # type: ignore[arg-type]


ANSWERS = [
    say(state, delivered, remains, fault=fault, alleges=alleges, stop=stop)
    for state, delivered, remains, (fault, alleges), stop in itertools.product(
        RemoteState,
        COUNTS,
        (None, -5, 0, 50),
        (
            (Fault.NONE, Allegation.NONE),
            (Fault.OWN_ERROR, Allegation.NONE),
            (Fault.NONE, Allegation.WRONG_INFORMATION),
            (Fault.OUTAGE, Allegation.THIRD_PARTY_VIOLATION),
        ),
        (None, StopState.CONFIRMED, StopState.REFUSED),
    )
]
SILENT = [NotFound(), NotReached("closed"), *(Unknown(why) for why in UnknownWhy)]


def check(order: OrderView, plan: StatusPlan) -> None:
    assert order.delivered <= plan.delivered <= order.quantity
    if order.status not in ("processing", "in_progress"):
        assert plan.status is None
        assert plan.stop_status is None
        assert not plan.claims
        assert plan.delivered == order.delivered
        assert Flag.LATE_ANSWER in plan.flags
    assert plan.status in (None, "in_progress", "completed", "partial", "failed", "cancelled")
    assert (plan.status == "completed") <= (plan.delivered == order.quantity)
    assert (plan.status in ("failed", "cancelled")) <= (plan.delivered == 0)
    assert (plan.status == "partial") <= (0 < plan.delivered < order.quantity)
    assert (plan.status == "cancelled") <= (plan.stop_status == "confirmed")
    for claim in plan.claims:
        assert plan.ends
        assert (claim.state == "verified") == (claim.claim == "fulfilment_fault")
    if plan.stop_status is not None:
        assert order.stop_status in ("asked", "unknown")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("stop", STOPS)
def test_every_pair_of_state_and_answer(status: str, stop: str) -> None:
    for delivered in (0, 50, 100) if status in ("processing", "in_progress") else (50,):
        order = OrderView(status, Q, delivered, stop)
        for answer in (*ANSWERS, *SILENT):
            check(order, after_status(order, answer))
            if isinstance(answer, ProviderStatus):
                for state in (StopState.CONFIRMED, StopState.REFUSED):
                    check(order, after_stop(order, StopAnswer(state, "", answer)))
            else:
                check(order, after_stop(order, answer))
        for state in StopState:
            check(order, after_stop(order, StopAnswer(state)))


WORKING, DONE, FAILED = RemoteState.WORKING, RemoteState.COMPLETED, RemoteState.FAILED


@pytest.mark.parametrize(
    ("order", "answer", "status", "delivered", "flags"),
    [
        (OrderView("processing", Q, 0), say(RemoteState.QUEUED, 0, 100), None, 0, set()),
        (OrderView("processing", Q, 0), say(WORKING, 0, 100), "in_progress", 0, set()),
        (OrderView("in_progress", Q, 10), say(WORKING, 40, 60), None, 40, set()),
        (OrderView("in_progress", Q, 10), say(WORKING, None, 60), None, 40, set()),
        (OrderView("in_progress", Q, 50), say(WORKING, 40, 60), None, 50, {Flag.COUNT_FELL}),
        (OrderView("in_progress", Q, 50), say(WORKING, 150, -50), None, 50, {Flag.COUNT_ABOVE}),
        (OrderView("in_progress", Q, 50), say(WORKING, -1, 50), None, 50, {Flag.COUNT_NEGATIVE, Flag.COUNTS_DISAGREE}),
        (OrderView("in_progress", Q, 50), say(WORKING, None, 200), None, 50, {Flag.COUNT_NEGATIVE}),
        (OrderView("in_progress", Q, 50), say(DONE, 100, 0), "completed", 100, set()),
        (OrderView("in_progress", Q, 50), say(DONE), "completed", 100, set()),
        (OrderView("in_progress", Q, 50), say(DONE, 200, -100), "completed", 100, {Flag.COUNT_ABOVE}),
        (OrderView("in_progress", Q, 50), say(DONE, 70, 30), None, 70, {Flag.COMPLETED_SHORT}),
        (
            OrderView("in_progress", Q, 70, seen=frozenset({Flag.COMPLETED_SHORT})),
            say(DONE, 70, 30), "partial", 70, {Flag.COMPLETED_SHORT},
        ),
        (OrderView("in_progress", Q, 0), say(FAILED, 40, 60), "partial", 40, set()),
        (OrderView("in_progress", Q, 0), say(FAILED, 0, 100), "failed", 0, set()),
        (OrderView("in_progress", Q, 0), say(FAILED), None, 0, {Flag.ENDED_WITHOUT_COUNT}),
        (
            OrderView("in_progress", Q, 30), say(FAILED, 140, -40), None, 30,
            {Flag.COUNT_ABOVE, Flag.ENDED_WITHOUT_COUNT},
        ),
        (OrderView("in_progress", Q, 0), say(FAILED, 100, 0), "completed", 100, {Flag.ENDED_THOUGH_DELIVERED}),
        (OrderView("in_progress", Q, 0), say(RemoteState.STOPPED, 20, 80), "partial", 20, {Flag.STOPPED_UNASKED}),
        (OrderView("in_progress", Q, 0, "asked"), say(RemoteState.STOPPED, 20, 80), "partial", 20, set()),
        (OrderView("in_progress", Q, 0, "asked"), say(RemoteState.STOPPED, 0, 100), "cancelled", 0, set()),
        (OrderView("in_progress", Q, 0), say(RemoteState.UNMAPPED, 90, 10), None, 0, {Flag.UNMAPPED_WORD}),
        (OrderView("completed", Q, 100), say(FAILED, 0, 100), None, 100, {Flag.LATE_ANSWER}),
        (OrderView("in_progress", Q, 5), NotFound(), None, 5, {Flag.VANISHED}),
        (OrderView("in_progress", Q, 5), Unknown(UnknownWhy.TIMEOUT), None, 5, {Flag.NO_ANSWER}),
    ],
)  # fmt: skip
def test_status_table(
    order: OrderView, answer: ProviderStatus, status: str | None, delivered: int, flags: set[Flag]
) -> None:
    plan = after_status(order, answer)
    assert (plan.status, plan.delivered, set(plan.flags)) == (status, delivered, flags)


@pytest.mark.parametrize("fault", [Fault.OWN_ERROR, Fault.OUTAGE, Fault.CONDITION_UNMET])
def test_a_providers_own_failure_is_verified(fault: Fault) -> None:
    plan = after_status(OrderView("in_progress", Q, 0), say(FAILED, 40, 60, fault=fault))
    assert [(claim.claim, claim.state) for claim in plan.claims] == [("fulfilment_fault", "verified")]


@pytest.mark.parametrize("alleges", [Allegation.WRONG_INFORMATION, Allegation.THIRD_PARTY_VIOLATION])
def test_a_providers_word_never_proves_the_customers_error(alleges: Allegation) -> None:
    plan = after_status(OrderView("in_progress", Q, 0), say(FAILED, 0, 100, alleges=alleges))
    assert [(claim.claim, claim.state) for claim in plan.claims] == [(alleges.value, "alleged")]


@pytest.mark.parametrize(
    ("answer", "stop_status", "status"),
    [
        (StopAnswer(StopState.CONFIRMED, "", say(RemoteState.STOPPED, 30, 70)), "confirmed", "partial"),
        (StopAnswer(StopState.CONFIRMED, "", say(RemoteState.STOPPED, 0, 100)), "confirmed", "cancelled"),
        (StopAnswer(StopState.CONFIRMED), None, None),
        (StopAnswer(StopState.CONFIRMED, "", say(WORKING, 30, 70)), None, None),
        (StopAnswer(StopState.REFUSED, "no"), "refused", None),
        (StopAnswer(StopState.TOO_LATE, "", say(DONE, 100, 0)), "too_late", "completed"),
        (StopAnswer(StopState.ASKED), None, None),
        (Unknown(UnknownWhy.TIMEOUT), None, None),
        (NotReached("closed"), None, None),
    ],
)
def test_stop_table(answer: StopAnswer, stop_status: str | None, status: str | None) -> None:
    plan = after_stop(OrderView("in_progress", Q, 0, "asked"), answer)
    assert (plan.stop_status, plan.status) == (stop_status, status)


SUBMIT_ANSWERS = [Submitted("7"), *(RefusedBeforeWork(code) for code in RefusalWord), *SILENT[1:]]


@pytest.mark.parametrize("state", AttemptState)
@pytest.mark.parametrize("gives_up", [False, True])
def test_every_pair_of_attempt_and_answer(state: AttemptState, gives_up: bool) -> None:
    for answer in SUBMIT_ANSWERS:
        plan = after_submit(state, answer, gives_up=gives_up)  # type: ignore[arg-type]
        told = isinstance(answer, Submitted | RefusedBeforeWork)
        if state != AttemptState.SENT and not (state == AttemptState.UNKNOWN and told):
            assert (plan.attempt, plan.next) == (None, Next.NOTHING)
        if isinstance(answer, Unknown):
            assert plan.next in (Next.ASK_LATER, Next.NOTHING)
        if plan.next == Next.SUBMIT_LATER:
            assert isinstance(answer, NotReached)
    for found in (say(WORKING, 1, 99), *SILENT):
        for unknown_for, settles, anew in itertools.product((0.0, 10.0, 99.0), (None, 10.0), (True, False)):
            plan = after_lookup(state, found, unknown_for=unknown_for, settles_after=settles, may_submit_anew=anew)  # type: ignore[arg-type]
            settled = isinstance(found, NotFound) and settles is not None and unknown_for >= settles
            if plan.next in (Next.SUBMIT_ANEW, Next.REJECT):
                assert settled
                assert state == AttemptState.UNKNOWN
            assert plan.next != Next.SUBMIT_LATER


@given(
    st.integers(1, 10**6),
    st.lists(
        st.tuples(
            st.sampled_from(list(RemoteState)),
            st.none() | st.integers(-(10**7), 10**7),
            st.none() | st.integers(-(10**7), 10**7),
        ),
        max_size=12,
    ),
)
def test_through_any_sequence_of_lies_delivered_only_rises(
    quantity: int, told: list[tuple[RemoteState, int | None, int | None]]
) -> None:
    order = OrderView("processing", quantity, 0)
    for state, delivered, remains in told:
        plan = after_status(order, say(state, delivered, remains))
        check(order, plan)
        order = OrderView(plan.status or order.status, quantity, plan.delivered, "", plan.flags)


def test_questions_become_rarer_and_stay_bounded() -> None:
    waits = [next_check(quiet, shortest=0.5, longest=60) for quiet in range(100)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (0.5, 60)
