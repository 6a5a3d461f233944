"""Writes to attempts, and what follows for their orders, inside a transaction that an action has opened."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from smmatic.credits.queries import charge
from smmatic.fulfilment.models import Attempt
from smmatic.fulfilment.protocol import ProviderStatus, RefusalWord, StatusAnswer
from smmatic.fulfilment.queries import AttemptRow, ProviderRow, attempt
from smmatic.fulfilment.rules import (
    NEEDS_PERSON,
    AttemptState,
    Claim,
    Flag,
    Next,
    OrderView,
    StatusPlan,
    SubmissionPlan,
    after_end,
    next_check,
)
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders import steps as orders
from smmatic.orders.queries import ENDED, OrderRow
from smmatic.orders.steps import PROVIDER, SYSTEM
from smmatic.policy import queries as policy
from smmatic.refunds import actions as refunds
from smmatic.refunds.situations import ClaimInput
from smmatic.refunds.steps import lock_order

LIVE = ("processing", "in_progress")
OVERDUE = "overdue"
FOLLOWED = timedelta(days=30)
"""How long after an order's end a provider is asked whether it has ended too."""
_OURS = (RefusalWord.NEVER_ARRIVED, RefusalWord.NEVER_REACHED)
_TOLD = (RefusalWord.BAD_ACCOUNT, RefusalWord.BAD_LINK, RefusalWord.BAD_QUANTITY, RefusalWord.SERVICE_UNAVAILABLE)
"""Refusals whose words the customer reads; the others are between the provider and us."""


def lock(attempt_id: int) -> tuple[OrderRow, AttemptRow]:
    """Locks the open case of an attempt's order, the order and the attempt; gives the last two as they are then.

    Raises:
        Refusal: `not_found`.
    """
    order_id = Attempt.objects.filter(id=attempt_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    order = lock_order(order_id)
    list(Attempt.objects.select_for_update(no_key=True).filter(id=attempt_id).values_list("id"))
    row = attempt(attempt_id)
    if row is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return order, row


def write(attempt_id: int, **columns: Any) -> None:
    """Sets columns of an attempt that is locked."""
    Attempt.objects.filter(id=attempt_id).update(**columns)


def remote_id_taken(row: AttemptRow, remote_id: str) -> bool:
    """Whether another attempt already has this number of the provider."""
    same = Attempt.objects.filter(provider_id=row.provider_id, remote_id=remote_id)
    return same.exclude(id=row.id).exists()


def view(order: OrderRow, row: AttemptRow) -> OrderView:
    """What the rules need of an order."""
    seen = frozenset(Flag(flag) for flag in row.flags if flag != OVERDUE)
    asked, sent = order.stop_asked_at, row.stop_sent_at
    heard = sent is None or asked is None or sent >= asked
    return OrderView(order.status, order.quantity, order.delivered, order.stop_status, seen, heard)


def write_submission(row: AttemptRow, plan: SubmissionPlan) -> None:
    """Writes an attempt's new state."""
    if plan.attempt is None:
        return
    columns: dict[str, Any] = {"state": plan.attempt.value, "code": plan.code, "answer": {"words": plan.words}}
    if plan.attempt == AttemptState.PREPARED:
        columns |= {"sent_at": None, "quiet": row.quiet + 1}
    elif plan.attempt == AttemptState.UNKNOWN:
        columns |= {"unknown_at": Now(), "quiet": 0}
    else:
        columns |= {"answered_at": Now(), "quiet": 0, "flags": [], "remote_id": plan.remote_id}
    write(row.id, **columns)


def follow_submission(order: OrderRow, plan: SubmissionPlan, provider: ProviderRow) -> None:
    """What a submission's outcome means for its order, which is in work."""
    facts = {"provider": provider.code, "code": plan.code}
    if plan.next == Next.ASK_LATER:
        hours = policy.policy(order.policy_version_id).document.deadlines.unknown_hours
        deadline = Now() + timedelta(hours=hours)
        orders.change(order.id, LIVE, unknown_since=Now(), unknown_deadline=deadline)
        orders.record(order.id, "unknown", actor=SYSTEM, facts=facts | {"hours": hours, "words": plan.words})
        return
    if order.unknown_since is not None:
        orders.change(order.id, LIVE, unknown_since=None, unknown_deadline=None)
        orders.record(order.id, "outcome_known", actor=PROVIDER, facts=facts | {"next": plan.next.value})
    if plan.next == Next.POLL:
        orders.record(order.id, "submitted", actor=SYSTEM, facts=facts | {"remote_id": plan.remote_id}, visible=False)
    elif plan.next == Next.REJECT:
        actor = SYSTEM if plan.code in _OURS else PROVIDER
        why = plan.words if plan.code in _TOLD else ""
        refunds.end_order(order.id, "rejected", actor=actor, delivered=0, why=why)
    elif plan.next == Next.SUBMIT_ANEW:
        orders.record(order.id, "submitted_anew", actor=SYSTEM, why=plan.words, facts=facts, visible=False)


def note_overdue(order: OrderRow, row: AttemptRow) -> None:
    """Tells the desk, once, that an unknown outcome has passed its deadline: a person decides now."""
    late = order.unknown_deadline is not None and order.unknown_deadline <= now()
    if late and OVERDUE not in row.flags:
        write(row.id, flags=[*row.flags, OVERDUE])
        orders.record(order.id, "unknown_overdue", actor=SYSTEM)


def apply_plan(
    order: OrderRow, row: AttemptRow, plan: StatusPlan, answer: StatusAnswer | None, provider: ProviderRow
) -> None:
    """Carries out what follows from a status or stop answer, on a locked order and attempt."""
    changes = plan.changes(view(order, row))
    quiet = 0 if changes else row.quiet + 1
    _write_answer(row, answer, plan.flags, quiet)
    _note_flags(order, row, plan, answer)
    if Flag.LATE_ANSWER in plan.flags and order.status not in LIVE:
        return
    if plan.ends:
        _end(order, plan)
        write(row.id, closed_at=Now(), flagged_at=None)
        let_go(order.id)
        return
    _progress(order, plan)
    if plan.stop_status is not None:
        refunds.answer_stop(order.id, plan.stop_status, delivered=plan.delivered, actor=PROVIDER, why=plan.words)
    wait = next_check(quiet, shortest=provider.poll_shortest, longest=provider.poll_longest)
    orders.give_back(order.id, wait)


def follow_end(order: OrderRow, row: AttemptRow, answer: StatusAnswer | None, provider: ProviderRow) -> None:
    """Follows a provider whose order has ended, on a locked order and attempt, until it has ended too.

    The order stays as it is. What was delivered, and what of it nobody paid for, stands in its history for the desk.
    """
    long_ago = order.ended_at is not None and order.ended_at <= now() - FOLLOWED
    plan = after_end(view(order, row), answer, gives_up=long_ago)
    quiet = row.quiet + 1
    _write_answer(row, answer, plan.flags, quiet)
    if not plan.closed:
        wait = next_check(quiet, shortest=provider.poll_shortest, longest=provider.poll_longest)
        orders.give_back(order.id, wait)
        return
    write(row.id, closed_at=Now(), flagged_at=None)
    let_go(order.id)
    facts = {
        "delivered": plan.delivered,
        "quantity": order.quantity,
        "loss_units": _loss(order, plan.delivered),
        "flags": sorted(plan.flags),
        "provider": provider.code,
    }
    orders.record(order.id, "late_answer", actor=PROVIDER, why=plan.words, facts=facts, visible=False)


def let_go(order_id: int) -> None:
    """Takes an ended order off the clock: nobody delivers it any more."""
    orders.change(order_id, ENDED, lease_owner="", lease_until=None, next_check_at=None)


def _loss(order: OrderRow, delivered: int | None) -> int | None:
    """Credit units that delivered units are worth and that did not stay with us; None where nobody can tell."""
    found = charge(order.id)
    if delivered is None or found is None:
        return None
    return max(0, order.amount * delivered // order.quantity - (found.amount - found.returned))


def _write_answer(row: AttemptRow, answer: StatusAnswer | None, flags: frozenset[Flag], quiet: int) -> None:
    if Flag.NO_ANSWER in flags:
        # No answer takes nothing back of what the last one said.
        flags |= {flag for flag in NEEDS_PERSON if flag in row.flags}
    columns: dict[str, Any] = {"quiet": quiet, "flags": sorted(flags)}
    if answer is not None:
        columns |= {"answer": _kept(answer), "answered_at": Now()}
    if not flags & NEEDS_PERSON:
        columns["flagged_at"] = None
    elif row.flagged_at is None:
        columns["flagged_at"] = Now()
    write(row.id, **columns)


def _end(order: OrderRow, plan: StatusPlan) -> None:
    if plan.stop_status == "confirmed":
        refunds.answer_stop(order.id, "confirmed", delivered=plan.delivered, actor=PROVIDER, why=plan.words)
        return
    if plan.stop_status is not None:
        refunds.answer_stop(order.id, plan.stop_status, delivered=plan.delivered, actor=PROVIDER, why=plan.words)
    claims = [claim_input(claim) for claim in plan.claims]
    refunds.end_order(
        order.id, plan.status or "", actor=PROVIDER, delivered=plan.delivered, why=plan.words, claims=claims
    )


def claim_input(claim: Claim) -> ClaimInput:
    """A claim in a provider's answer, as the refunds take it."""
    return ClaimInput(claim.claim, claim.state, "provider", claim.words)


def _progress(order: OrderRow, plan: StatusPlan) -> None:
    columns: dict[str, Any] = {"delivered": plan.delivered} if plan.delivered != order.delivered else {}
    facts = {"delivered": plan.delivered, "quantity": order.quantity}
    if plan.status == "in_progress":
        columns["started_at"] = order.started_at or Now()
        orders.move(order.id, ("processing",), "in_progress", actor=PROVIDER, kind="started", facts=facts, **columns)
    elif columns and orders.change(order.id, LIVE, **columns):
        orders.record(order.id, "progress", actor=PROVIDER, facts=facts)


def _note_flags(order: OrderRow, row: AttemptRow, plan: StatusPlan, answer: StatusAnswer | None) -> None:
    """A flag is a line in the order's history when it first comes up, for the desk only."""
    new = sorted(plan.flags - set(row.flags) - {Flag.NO_ANSWER})
    if new:
        facts = {"flags": new, "answer": _kept(answer) if answer is not None else {}}
        orders.record(order.id, "flagged", actor=PROVIDER, why=plan.words, facts=facts, visible=False)


def _kept(answer: StatusAnswer) -> dict[str, Any]:
    kept = {name: value for name, value in asdict(answer).items() if value not in (None, "")}
    return kept | {"kind": "status" if isinstance(answer, ProviderStatus) else type(answer).__name__}
