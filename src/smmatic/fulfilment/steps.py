"""Writes to attempts, and what follows for their orders, inside a transaction that an action has opened."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Any, TypeVar

from django.db.models.functions import Now

from smmatic.credits.queries import charge
from smmatic.fulfilment.models import Attempt
from smmatic.fulfilment.money import nano_of
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
from smmatic.fulfilment.wording import heard_in, with_meaning
from smmatic.kernel.clock import now
from smmatic.kernel.database import execute
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders import steps as orders
from smmatic.orders.queries import ENDED, OrderRow
from smmatic.orders.steps import PROVIDER, SYSTEM
from smmatic.policy import queries as policy
from smmatic.refunds import actions as refunds
from smmatic.refunds.situations import ClaimInput
from smmatic.refunds.steps import lock_order

_A = TypeVar("_A")
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


def understood(answer: _A, provider: ProviderRow) -> _A:
    """An answer with what its words are known to mean. Words without a meaning are counted for the desk."""
    hear(provider, [answer])
    return with_meaning(answer, provider.meanings)


def hear(provider: ProviderRow, answers: Iterable[object]) -> None:
    """Counts the words in these answers that need a meaning, each once an answer."""
    heard = Counter(found for answer in answers if (found := heard_in(answer)) is not None)
    if heard:
        rows = [{"place": place.value, "word": word, "heard": number} for (place, word), number in heard.items()]
        execute(
            """INSERT INTO fulfilment_word AS w (provider_id, place, word, heard)
               SELECT %s, place, word, heard
               FROM jsonb_to_recordset(%s::jsonb) AS r(place text, word text, heard bigint)
               ORDER BY place, word
               ON CONFLICT (provider_id, place, word) DO UPDATE SET heard = w.heard + excluded.heard,
                   last_at = clock_timestamp()""",
            [provider.id, json.dumps(rows)],
        )


def charged(answer: StatusAnswer | None, provider: ProviderRow) -> int | None:
    """What the provider says that it charges for an order, in billionths of its currency, or None."""
    if not isinstance(answer, ProviderStatus) or not answer.charge:
        return None
    if provider.currency and answer.currency and answer.currency != provider.currency:
        return None
    return nano_of(answer.charge)


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
    _write_answer(row, answer, plan.flags, quiet, provider)
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
    _write_answer(row, answer, plan.flags, quiet, provider)
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


def _write_answer(
    row: AttemptRow, answer: StatusAnswer | None, flags: frozenset[Flag], quiet: int, provider: ProviderRow
) -> None:
    columns: dict[str, Any] = {"quiet": quiet, "flags": sorted(kept := kept_flags(row, flags))}
    if answer is not None:
        columns |= {"answer": kept_answer(answer), "answered_at": Now()}
    charge_nano = charged(answer, provider)
    if charge_nano is not None:
        columns["charged_nano"] = charge_nano
    if not kept & NEEDS_PERSON:
        columns["flagged_at"] = None
    elif row.flagged_at is None:
        columns["flagged_at"] = Now()
    write(row.id, **columns)


def kept_flags(row: AttemptRow, flags: frozenset[Flag]) -> frozenset[Flag]:
    """The flags after an answer: no answer takes nothing back of what the last one said."""
    if Flag.NO_ANSWER not in flags:
        return flags
    return flags | {flag for flag in NEEDS_PERSON if flag in row.flags}


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


def new_flags(row: AttemptRow, plan: StatusPlan) -> list[Flag]:
    """The flags of a plan that the answer before did not have, for the order's history."""
    return sorted(plan.flags - set(row.flags) - {Flag.NO_ANSWER})


def _note_flags(order: OrderRow, row: AttemptRow, plan: StatusPlan, answer: StatusAnswer | None) -> None:
    """A flag is a line in the order's history when it first comes up, for the desk only."""
    new = new_flags(row, plan)
    if new:
        facts = {"flags": new, "answer": kept_answer(answer) if answer is not None else {}}
        orders.record(order.id, "flagged", actor=PROVIDER, why=plan.words, facts=facts, visible=False)


def kept_answer(answer: StatusAnswer) -> dict[str, Any]:
    """An answer as an attempt keeps it."""
    kept = {name: value for name, value in asdict(answer).items() if value not in (None, "")}
    return kept | {"kind": "status" if isinstance(answer, ProviderStatus) else type(answer).__name__}
