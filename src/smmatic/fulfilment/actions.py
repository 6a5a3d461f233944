"""What the worker writes: attempts before a call, answers after it, and what follows for the order.

Every call goes out between two transactions, never inside one. The conditional update prepared -> sent decides which
worker makes the call, so an attempt is never sent twice. Locks: open case, order, attempt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from smmatic.fulfilment import steps
from smmatic.fulfilment.models import Attempt, Provider, WorkerHeartbeat
from smmatic.fulfilment.protocol import (
    LookupAnswer,
    ProviderStatus,
    StatusAnswer,
    StopAnswer,
    StopRequestAnswer,
    StopState,
    Submission,
    SubmitAnswer,
    Submitted,
    Unknown,
    UnknownWhy,
)
from smmatic.fulfilment.queries import AttemptRow, ProviderRow, attempt_counts, live_attempts, provider_by_code
from smmatic.fulfilment.rules import (
    AttemptState,
    Next,
    SubmissionPlan,
    after_lookup,
    after_status,
    after_stop,
    after_submit,
    next_check,
)
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.ids import new_reference
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders import steps as orders
from smmatic.orders.queries import ENDED, OrderRow
from smmatic.orders.steps import PROVIDER, SYSTEM
from smmatic.refunds import actions as refunds
from smmatic.refunds.steps import lock_order

LIVE = ("processing", "in_progress")


def ensure_provider(
    code: str, *, adapter: str, base_url: str, api_key: str = "", services: Sequence[str] = (),
    settles_after: float | None = 120.0, **columns: Any,
) -> ProviderRow:  # fmt: skip
    """Adds a provider or brings it to these values; `columns` are further columns of `Provider`, times in seconds.

    Raises:
        Refusal: `field_invalid` where its 'no such order' would be believed while a call may still be on its way.
    """
    timeout = float(columns.get("timeout", 15.0))
    if settles_after is not None and settles_after <= timeout:
        raise Refusal(RefusalCode.FIELD_INVALID, "settles_after")
    values = {"adapter": adapter, "base_url": base_url, "api_key": api_key, "services": list(services)}
    with atomic():
        Provider.objects.update_or_create(code=code, defaults=values | {"settles_after": settles_after} | columns)
    row = provider_by_code(code)
    if row is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return row


def switch_off(code: str) -> ProviderRow:
    """Gives a provider no new orders; those that it has are followed to their end.

    Raises:
        Refusal: `not_found`.
    """
    with atomic():
        changed = Provider.objects.filter(code=code).update(active=False)
    row = provider_by_code(code)
    if not changed or row is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return row


def prepare(orders_and_providers: Sequence[tuple[int, ProviderRow]]) -> list[int]:
    """Commits an attempt with our reference for each order that has none under way; the call comes later.

    Gives the orders that have had as many attempts as their provider is allowed; those get none.
    """
    counts = attempt_counts([order_id for order_id, _ in orders_and_providers])
    rows, exhausted = [], []
    for order_id, provider in orders_and_providers:
        number = counts.get(order_id, 0) + 1
        if number > provider.max_attempts:
            exhausted.append(order_id)
        else:
            rows.append(Attempt(order_id=order_id, provider_id=provider.id, number=number, reference=new_reference()))
    with atomic():
        Attempt.objects.bulk_create(rows, ignore_conflicts=True)
    return exhausted


def reject_unsubmitted(order_id: int) -> None:
    """Rejects an order that no attempt could hand over: nothing was begun, everything goes back (2.2)."""
    refunds.end_order(order_id, "rejected", actor=SYSTEM, delivered=0)


def begin_call(attempt_id: int) -> Submission | None:
    """Takes the right to make the call of a prepared attempt: what to send, or None where it must not be made.

    An order that has ended is not submitted; one whose stop was asked before anything left is stopped here.
    """
    with atomic():
        order, attempt = steps.lock(attempt_id)
        if attempt.state != AttemptState.PREPARED:
            return None
        if order.status not in LIVE:
            steps.write(attempt_id, state="refused", code="order_ended")
            return None
        if order.stop_status in ("asked", "unknown"):
            steps.write(attempt_id, state="refused", code="stopped")
            refunds.answer_stop(order.id, "confirmed", delivered=order.delivered, actor=SYSTEM)
            return None
        if not Attempt.objects.filter(id=attempt_id, state="prepared").update(state="sent", sent_at=Now()):
            return None
    return _submission(order, attempt)


def record_submission(attempt_id: int, answer: SubmitAnswer, provider: ProviderRow) -> None:
    """Records the answer to a submission and what follows from it."""
    with atomic():
        order, attempt = steps.lock(attempt_id)
        if isinstance(answer, Submitted) and steps.remote_id_taken(attempt, answer.remote_id):
            answer = Unknown(UnknownWhy.UNREADABLE, f"number {answer.remote_id} belongs to another order")
        gives_up = attempt.prepared_for >= provider.gives_up_after
        plan = after_submit(AttemptState(attempt.state), answer, gives_up=gives_up)
        _apply_submission(order, attempt, plan, provider)


def record_orphan(attempt_id: int, provider: ProviderRow) -> None:
    """Calls the outcome of a submission unknown whose worker is gone: it may have been made or not."""
    record_submission(attempt_id, Unknown(UnknownWhy.CONNECTION_LOST, "the worker ended during the call"), provider)


def record_lookup(attempt: AttemptRow, answer: LookupAnswer, provider: ProviderRow) -> None:
    """Records what the provider says about our reference. `attempt` is the row as it was when it was asked."""
    with atomic():
        order, current = steps.lock(attempt.id)
        if isinstance(answer, ProviderStatus) and steps.remote_id_taken(current, answer.remote_id):
            answer = Unknown(UnknownWhy.UNREADABLE, f"number {answer.remote_id} belongs to another order")
        plan = after_lookup(
            AttemptState(current.state),
            answer,
            unknown_for=attempt.unknown_for,
            settles_after=provider.settles_after,
            may_submit_anew=current.number < provider.max_attempts,
        )
        if plan.attempt is None and order.status in ENDED:
            # Never learnt: after a long time we stop asking, and say so.
            steps.follow_end(order, current, None, provider)
            return
        _apply_submission(order, current, plan, provider)
        if plan.attempt is None:
            steps.note_overdue(order, current)


def record_status(attempt_id: int, answer: StatusAnswer, provider: ProviderRow) -> None:
    """Records an answer to a status question and what follows for the order: progress, its end, its settlement.

    Of an order that has ended it records only when and how the provider ended too.
    """
    with atomic():
        order, attempt = steps.lock(attempt_id)
        if order.status in ENDED and attempt.closed_at is None:
            steps.follow_end(order, attempt, answer, provider)
            return
        plan = after_status(steps.view(order, attempt), answer)
        steps.apply_plan(order, attempt, plan, answer, provider)


def record_stop(attempt_id: int, answer: StopRequestAnswer, provider: ProviderRow) -> None:
    """Records the answer to a stop request. One that could not be read is asked again; the request is repeatable."""
    with atomic():
        order, attempt = steps.lock(attempt_id)
        told: StatusAnswer | None = answer.status if isinstance(answer, StopAnswer) else answer
        if isinstance(answer, StopAnswer):
            steps.write(attempt_id, stop_sent_at=Now())
        if order.status in ENDED and attempt.closed_at is None:
            steps.follow_end(order, attempt, told, provider)
            return
        seen = steps.view(order, attempt)
        if isinstance(answer, StopAnswer):
            seen = replace(seen, stop_heard=True)
        plan = after_stop(seen, answer)
        steps.apply_plan(order, attempt, plan, told, provider)


def stop_unsent(order_id: int) -> None:
    """Confirms a stop request of an order that was never handed to anybody: nothing of it can have begun (4.2)."""
    with atomic():
        order = lock_order(order_id)
        rows = dict(Attempt.objects.select_for_update(no_key=True).filter(order_id=order_id).values_list("id", "state"))
        if order.stop_status not in ("asked", "unknown") or set(rows.values()) - {"prepared", "refused"}:
            return
        for attempt_id in [attempt_id for attempt_id, state in rows.items() if state == "prepared"]:
            steps.write(attempt_id, state="refused", code="stopped")
        refunds.answer_stop(order_id, "confirmed", delivered=order.delivered, actor=SYSTEM)


def let_go(order_id: int) -> None:
    """Takes an ended order that nobody delivers any more off the clock."""
    with atomic():
        lock_order(order_id)
        if not live_attempts([order_id]):
            steps.let_go(order_id)


def refuse_stop(order_id: int) -> None:
    """Answers a stop request for a provider that takes none."""
    refunds.answer_stop(order_id, StopState.REFUSED.value, delivered=0, actor=SYSTEM)


def expire_stop(order_id: int) -> None:
    """Says that a stop request found no answer by its deadline; a later confirmation still counts."""
    with atomic():
        order = lock_order(order_id)
        if order.stop_status == "asked" and order.stop_deadline is not None and order.stop_deadline <= now():
            refunds.answer_stop(order_id, "unknown", delivered=0, actor=SYSTEM)


def give_back(order_id: int, seconds: float | None) -> None:
    """Gives back the lease of an order; its next check is due after `seconds`, or not by itself (None)."""
    with atomic():
        orders.give_back(order_id, seconds)


def beat(name: str, host: str, pid: int, counts: Mapping[str, int], *, stopped: bool = False) -> None:
    """Writes down that a worker is alive, or that it ended in order."""
    ended = Now() if stopped else None
    values = {"host": host, "pid": pid, "seen_at": Now(), "counts": dict(counts), "stopped_at": ended}
    with atomic():
        if not WorkerHeartbeat.objects.filter(name=name).update(**values):
            WorkerHeartbeat.objects.bulk_create([WorkerHeartbeat(name=name, **values)], ignore_conflicts=True)


def forget_workers() -> None:
    """Forgets workers that gave no sign of life for a week."""
    with atomic():
        WorkerHeartbeat.objects.filter(seen_at__lt=Now() - timedelta(days=7)).delete()


def _submission(order: OrderRow, attempt: AttemptRow) -> Submission:
    return Submission(
        reference=str(attempt.reference),
        service=order.service_code,
        link=order.link,
        quantity=order.quantity,
        texts=tuple(line for line in order.texts.splitlines() if line.strip()),
        runs=order.runs or 1,
        interval_minutes=order.interval_minutes or 0,
        brief=order.brief,
    )


def _apply_submission(order: OrderRow, attempt: AttemptRow, plan: SubmissionPlan, provider: ProviderRow) -> None:
    if plan.attempt is not None:
        steps.write_submission(attempt, plan)
        if order.status in LIVE:
            steps.follow_submission(order, plan, provider)
    else:
        steps.write(attempt.id, quiet=attempt.quiet + 1)
    wait = next_check(attempt.quiet, shortest=provider.poll_shortest, longest=provider.poll_longest)
    if plan.attempt in (AttemptState.CONFIRMED, AttemptState.REFUSED, AttemptState.UNKNOWN):
        wait = provider.poll_shortest
    if plan.attempt == AttemptState.REFUSED and (plan.next == Next.REJECT or order.status not in LIVE):
        steps.let_go(order.id)
        return
    orders.give_back(order.id, wait)
    if plan.attempt == AttemptState.CONFIRMED and order.status not in LIVE:
        facts = {"provider": provider.code, "remote_id": plan.remote_id}
        orders.record(order.id, "submitted", actor=PROVIDER, why=plan.words, facts=facts, visible=False)
