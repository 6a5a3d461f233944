"""Submissions whose outcome is unknown at a provider that can't be asked about our reference: what its balance tells,
and who looks into it.

Never a second submission before the first is known not to have arrived.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Now

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.fulfilment import health_actions, steps
from smmatic.fulfilment.balance_rules import Between, Verdict, verdict
from smmatic.fulfilment.calls import Made, failed
from smmatic.fulfilment.models import Attempt, BalanceReading, Provider
from smmatic.fulfilment.money import nano_of
from smmatic.fulfilment.protocol import Balance, NotFound
from smmatic.fulfilment.protocol import Provider as Adapter
from smmatic.fulfilment.queries import AttemptRow, ProviderRow
from smmatic.fulfilment.rules import AttemptState, Flag, Next, after_lookup, next_check
from smmatic.kernel.clock import elapsed, now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders import steps as orders
from smmatic.orders.queries import ENDED, OrderRow
from smmatic.orders.steps import SYSTEM, actor_of
from smmatic.refunds.steps import lock_order

LINGERS = 600.0
"""Seconds for which a call can linger on the way to a provider that states no such time."""
RETURNS_LATE = timedelta(days=1)
"""How long after an order's end a provider may still pay something back."""


def read_balance(provider: ProviderRow, adapter: Adapter) -> None:
    """Asks for our balance and writes the reading down; an alarm in the provider's history where it is low."""
    asked_at, was_quiet = now(), _quiet(provider.id, None)
    start = elapsed()
    answer = adapter.balance()
    made = Made(failed(answer), int((elapsed() - start) * 1000))
    health_actions.note_calls(provider, "balance", [made])
    amount = nano_of(answer.amount) if isinstance(answer, Balance) else None
    if not isinstance(answer, Balance) or amount is None:
        return
    with atomic():
        quiet = was_quiet and _quiet(provider.id, asked_at)
        BalanceReading.objects.create(
            provider_id=provider.id, amount_nano=amount, currency=answer.currency[:10], quiet=quiet, asked_at=asked_at
        )
        Provider.objects.filter(id=provider.id).update(
            balance_nano=amount, balance_at=Now(), currency=answer.currency[:10]
        )
        floor = provider.low_balance_nano
        if floor is not None and amount < floor and (provider.balance_nano is None or provider.balance_nano >= floor):
            health_actions.tell(provider.id, "balance_low", facts={"balance": amount, "alarm": floor})


def settle_by_balance(attempt_id: int, provider: ProviderRow) -> None:
    """Looks whether the balance tells what became of an unknown submission: it never arrived, then it is submitted anew
    or rejected; it was taken, then a person finds its number; or it stays open until a callback or a person."""
    with atomic():
        order, row = steps.lock(attempt_id)
        if row.state != AttemptState.UNKNOWN:
            return
        if order.status in ENDED:
            steps.follow_end(order, row, None, provider)
            return
        found = _between(row, provider)
        said = verdict(found) if found is not None else Verdict.OPEN
        if said == Verdict.NEVER_ARRIVED:
            plan = after_lookup(
                AttemptState.UNKNOWN, NotFound("our balance there did not change"), unknown_for=row.unknown_for,
                settles_after=0.0, may_submit_anew=row.number < provider.max_attempts,
            )  # fmt: skip
            steps.write_submission(row, plan)
            steps.follow_submission(order, plan, provider)
            if plan.next == Next.SUBMIT_ANEW:
                orders.give_back(order.id, provider.poll_shortest)
            else:
                steps.let_go(order.id)
            return
        if said == Verdict.TAKEN and Flag.TAKEN_BY_BALANCE not in row.flags:
            steps.write(row.id, flags=sorted({*row.flags, Flag.TAKEN_BY_BALANCE}), flagged_at=Now())
            facts = {"flags": [Flag.TAKEN_BY_BALANCE], "provider": provider.code}
            orders.record(order.id, "flagged", actor=SYSTEM, facts=facts, visible=False)
        steps.write(row.id, quiet=row.quiet + 1)
        steps.note_overdue(order, row)
        orders.give_back(
            order.id, next_check(row.quiet, shortest=provider.poll_shortest, longest=provider.poll_longest)
        )


def take_unknown(person: Person, order_id: int) -> OrderRow:
    """Says who looks into an order whose outcome is unknown: the customer and the desk both see it.

    Raises:
        Refusal: `role_missing`, `not_found`, `order_status` where the outcome is known.
    """
    person.need(Permission.ORDER_RESOLVE)
    with atomic():
        order = lock_order(order_id)
        rows = Attempt.objects.filter(order_id=order_id, state="unknown")
        if order.unknown_since is None or not rows.update(owner_id=person.id):
            raise Refusal(RefusalCode.ORDER_STATUS, status=order.status)
        deadline = order.unknown_deadline.isoformat() if order.unknown_deadline else None
        orders.record(order_id, "unknown_taken", actor=actor_of(person), facts={"until": deadline})
        return order


def _quiet(provider_id: int, since: datetime | None) -> bool:
    """Whether no submission is on its way to a provider now, or went out since a moment."""
    out = Q(state="sent") if since is None else Q(state="sent") | Q(sent_at__gte=since)
    return not Attempt.objects.filter(out, provider_id=provider_id).exists()


def _between(row: AttemptRow, provider: ProviderRow) -> Between | None:
    """What is known of the time from the last quiet reading before a submission to the newest one after it; None where
    there are not two such readings, or the second was asked for while the submission could still be on its way."""
    lingers = provider.settles_after if provider.settles_after is not None else LINGERS
    if row.sent_at is None or row.unknown_at is None or row.unknown_for < lingers:
        return None
    readings = BalanceReading.objects.filter(provider_id=provider.id, quiet=True)
    before = readings.filter(at__lte=row.sent_at).order_by("-at").first()
    after = readings.filter(asked_at__gt=row.unknown_at).order_by("-at").first()
    if before is None or after is None or (after.asked_at - row.unknown_at).total_seconds() < lingers:
        return None
    if before.currency != after.currency:
        return None
    same: Any = Attempt.objects.filter(provider_id=provider.id).exclude(id=row.id)
    window = same.filter(sent_at__gt=before.asked_at, sent_at__lte=after.at)
    others = window.filter(state="confirmed").values_list("expected_nano", flat=True)
    unknown = 1 + same.filter(state="unknown").count()
    ended = same.filter(closed_at__gt=before.asked_at - RETURNS_LATE, closed_at__lte=after.at)
    short = ended.filter(~Q(charged_nano=F("expected_nano")) | Q(charged_nano=None) | Q(expected_nano=None))
    return Between(before.amount_nano, after.amount_nano, row.expected_nano, list(others), unknown, short.exists())
