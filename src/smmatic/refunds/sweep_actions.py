"""Finds promises that were missed or are about to be, and raises them: start promises, answers, due dates of cases.

Safe to run on any number of workers: each find is done under the row's lock, once.
"""

from smmatic.kernel.clock import elapsed, now
from smmatic.kernel.database import atomic
from smmatic.orders import queries as orders
from smmatic.orders import steps as order_steps
from smmatic.orders.rows import OrderRow
from smmatic.orders.steps import SYSTEM
from smmatic.refunds import queries, steps
from smmatic.refunds.due_dates import disturbing
from smmatic.refunds.due_rules import Warned
from smmatic.refunds.models import OPEN_STATES, Case
from smmatic.refunds.pause_steps import move_due, resume_case
from smmatic.refunds.queries import CaseRow
from smmatic.refunds.question_steps import answer_until, last_question
from smmatic.refunds.situations import ClaimInput, situation_of

BATCH = 100
SELDOM_SECONDS = 20.0
"""Promises in hours and days need no closer watch than this."""

KINDS = {Warned.HALF: "half_time", Warned.LAST_DAY: "last_day", Warned.LATE: "overdue"}
_swept = float("-inf")


def sweep() -> int:
    """One look at everything; how many promises it raised."""
    global _swept  # the one state of a process: losing it costs one look more
    done = warn_due()
    if elapsed() - _swept >= SELDOM_SECONDS:
        _swept = elapsed()
        done += miss_starts() + miss_answers()
    return done


def warn_due(limit: int = BATCH) -> int:
    """Looks at cases whose next look has come: incidents move their dates, and warnings are recorded once each."""
    return sum(_warn(number) for number in queries.cases_to_warn(now(), limit))


def miss_starts(limit: int = BATCH) -> int:
    """Tells customers of orders that have not begun by the promised time what the policy gives them for it (2.1)."""
    return sum(_miss_start(number) for number in orders.starts_missed(now(), limit))


def miss_answers(limit: int = BATCH) -> int:
    """Raises questions that nobody answered in time: customers are reminded, a waiting case goes on without them."""
    late = {row.id for row in orders.waiting_orders(limit)} | {row.order_id for row in queries.waiting_cases(limit)}
    return sum(_miss_answer(number) for number in sorted(late))


def _warn(case_id: int) -> int:
    with atomic():
        case = steps.lock_case(case_id)
        if case.warn_at is None or case.warn_at > now() or case.state not in OPEN_STATES or case.state == "waiting":
            return 0
        moved = _tell_incidents(case)
        level, _ = move_due(case, SYSTEM, facts={"incidents": moved} if moved else None, notify=bool(moved))
        if level > case.warned:
            steps.record_case(
                case_id, KINDS[level], actor=SYSTEM, visible=level is Warned.LATE, notify=level >= Warned.LAST_DAY,
                facts={"due_at": case.due_at.isoformat() if case.due_at else None},
            )  # fmt: skip
        if level != case.warned:
            Case.objects.filter(id=case_id).update(warned=level)
        return int(level > case.warned)


def _tell_incidents(case: CaseRow) -> list[int]:
    """Records once on a case that an incident disturbs it; the ids of all that do."""
    found = orders.order(case.order_id)
    incidents = disturbing(found, case.opened_at) if found else []
    if not incidents:
        return []
    known = {event.facts.get("incident") for event in queries.events_of_case(case.id) if event.kind == "incident"}
    for one in incidents:
        if one.id not in known:
            facts = {"incident": one.id, "title_en": one.title_en, "title_vi": one.title_vi}
            steps.record_case(case.id, "incident", actor=SYSTEM, facts=facts, notify=True)
    return [one.id for one in incidents]


def _miss_start(order_id: int) -> int:
    with atomic():
        order = order_steps.lock_order(order_id)
        if order.started_at is not None or not order.live or order.waiting_since or order.start_promised_at > now():
            return 0
        if any(event.kind == "start_missed" for event in orders.events_of(order_id, all_of_them=True)):
            return 0
        situation = situation_of(order).with_claim(ClaimInput("fulfilment_fault", "verified", "system"))
        plan = situation.governed("refund").plan("refund")
        facts = {"promised_at": order.start_promised_at.isoformat(), "offer_units": plan.units_back}
        order_steps.record(
            order_id, "start_missed", actor=SYSTEM, facts=facts | {"clause": plan.outcome.clause}, notify=True
        )
        return 1


def _miss_answer(order_id: int) -> int:
    with atomic():
        order = steps.lock_order(order_id)
        case = queries.open_case(order_id)
        waits = (order.live and order.waiting_since is not None) or (case is not None and case.state == "waiting")
        if not waits or _answer_is_early(order):
            return 0
        order_steps.record(order_id, "no_answer", actor=SYSTEM, notify=True)
        resume_case(order_id, SYSTEM, why="")
        return 1


def _answer_is_early(order: OrderRow) -> bool:
    """Whether the customer still has time, or was reminded of this very question already."""
    asked, _ = last_question(order.id)
    if asked is None:
        return True
    reminded = any(event.kind == "no_answer" and event.id > asked.id for event in orders.events_of(order.id))
    return reminded or now() < answer_until(order, asked).at
