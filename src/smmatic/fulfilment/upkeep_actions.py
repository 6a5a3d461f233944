"""What is looked after beside single orders: balances, price lists, what is deliverable, and what we owe customers.

Swept by every worker; a conditional update of the provider's row decides which of them does it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q
from django.db.models.functions import Now

from smmatic.catalogue.queries import services
from smmatic.catalogue.steps import keep_deliverable
from smmatic.credits.queries import charges
from smmatic.fulfilment import health_actions, steps, unknown_actions
from smmatic.fulfilment.calls import Made, failed
from smmatic.fulfilment.models import Attempt, Offer, Provider
from smmatic.fulfilment.money import nano_of
from smmatic.fulfilment.protocol import Price, ProviderStatus
from smmatic.fulfilment.protocol import Provider as Adapter
from smmatic.fulfilment.queries import ProviderRow, delivered_services, providers
from smmatic.fulfilment.registry import adapter_of
from smmatic.fulfilment.rules import owes
from smmatic.kernel.clock import elapsed, now
from smmatic.kernel.database import atomic
from smmatic.orders.queries import ENDED, orders_by_id
from smmatic.orders.steps import SYSTEM, record

log = structlog.get_logger("smmatic.upkeep")
BALANCE_EVERY = timedelta(minutes=5)
PRICES_EVERY = timedelta(days=1)
RECONCILED = timedelta(days=1)
LOOKED_BACK = timedelta(days=14)
"""For how long after its end a provider is asked daily what it charges for an order after all."""
MOST = 5000
_state: dict[str, float] = {}


def sweep() -> int:
    """Does what is due; how much was done. Nothing of it stops the worker."""
    if elapsed() - _state.get("deliverable", float("-inf")) >= 10.0:
        _state["deliverable"] = elapsed()
        with atomic():
            keep_deliverable(delivered_services())
    return sum(_provider(row) for row in providers())


def _provider(row: ProviderRow) -> int:
    adapter = adapter_of(row)
    able = adapter.abilities
    done = 0
    if row.waits > 0:
        return 0
    if able.balance and row.active and _take(row, "balance_due_at", BALANCE_EVERY):
        done += _guarded(row, lambda: unknown_actions.read_balance(row, adapter))
    if able.prices and row.active and _take(row, "prices_due_at", PRICES_EVERY):
        done += _guarded(row, lambda: read_prices(row, adapter))
    if _take_daily(row):
        done += _guarded(row, lambda: reconcile(row, adapter))
    return done


def read_prices(row: ProviderRow, adapter: Adapter) -> None:
    """Reads a provider's price list: the costs of the services that we have there by name, or that have our code."""
    start = elapsed()
    answer = adapter.price_list()
    health_actions.note_calls(row, "prices", [Made(failed(answer), int((elapsed() - start) * 1000))])
    if not isinstance(answer, tuple):
        return
    listed: dict[str, Price] = {price.service: price for price in answer}
    names = {service.code: row.remote_service(service.code) for service in services() if service.delivery != "staff"}
    with atomic():
        for code, name in sorted(names.items()):
            cost = nano_of(listed[name].unit_cost) if name in listed else None
            offer = row.offers.get(code)
            if cost is None or (offer is not None and offer.cost_nano == cost):
                continue
            Offer.objects.update_or_create(
                provider_id=row.id, service_code=code,
                defaults={"remote_service": name, "cost_nano": cost, "changed_at": Now()},
            )  # fmt: skip
            before = offer.cost_nano if offer else None
            health_actions.tell(row.id, "price_changed", facts={"service": code, "from": before, "to": cost})


def reconcile(row: ProviderRow, adapter: Adapter) -> None:
    """Compares, for orders that ended lately, what the provider has paid back with what the customer got back.

    What the provider says that it charges by now is asked anew, since it may pay back long after the end. Nothing
    moves: who has to get something back is shown at the desk, and a person opens the case.
    """
    ended = Attempt.objects.filter(provider_id=row.id, closed_at__gte=now() - LOOKED_BACK).exclude(remote_id="")
    open_ones = ended.filter(Q(charged_nano=None) | Q(charged_nano__gt=0))
    asked = list(open_ones.order_by("-closed_at").values_list("id", "remote_id")[:MOST])
    if adapter.abilities.polled:
        for at in range(0, len(asked), adapter.abilities.batch):
            group = asked[at : at + adapter.abilities.batch]
            answers = adapter.status([remote_id for _, remote_id in group])
            with atomic():
                for attempt_id, remote_id in group:
                    answer = answers.get(remote_id)
                    nano = steps.charged(answer, row) if isinstance(answer, ProviderStatus) else None
                    if nano is not None:
                        Attempt.objects.filter(id=attempt_id).update(charged_nano=nano)
    mark_owed(ended.filter(expected_nano__isnull=False, charged_nano__lt=F("expected_nano")))
    mark_owed(Attempt.objects.filter(provider_id=row.id, owed_at__isnull=False))


def mark_owed(rows: Iterable[Attempt]) -> int:
    """Marks the attempts among these for which the customer has got less back than we, and unmarks the others."""
    found = list(rows)
    orders, money = orders_by_id([row.order_id for row in found]), charges([row.order_id for row in found])
    marked = 0
    for row in found:
        order, charge = orders[row.order_id], money.get(row.order_id)
        if charge is None or row.expected_nano is None or row.charged_nano is None:
            continue
        due = order.status in ENDED and owes(row.expected_nano, row.charged_nano, charge.amount, charge.returned)
        if due == (row.owed_at is not None):
            continue
        with atomic():
            Attempt.objects.filter(id=row.id).update(owed_at=Now() if due else None)
            if due:
                facts = {"flags": ["paid_back"], "paid_back": row.expected_nano - row.charged_nano}
                record(order.id, "flagged", actor=SYSTEM, facts=facts, visible=False)
        marked += due
    return marked


def _take(row: ProviderRow, column: str, every: timedelta) -> bool:
    """Whether this worker does what is due by a column of the provider's row; nobody else does it then."""
    rows = Provider.objects.filter(id=row.id, **{f"{column}__lte": Now()})
    with atomic():
        return bool(rows.update(**{column: Now() + every}))


def _take_daily(row: ProviderRow) -> bool:
    moment: datetime = now() - RECONCILED
    rows = Provider.objects.filter(Q(reconciled_at=None) | Q(reconciled_at__lte=moment), id=row.id)
    with atomic():
        return bool(rows.update(reconciled_at=Now()))


def _guarded(row: ProviderRow, do: Callable[[], None]) -> int:
    try:
        do()
    except Exception:
        log.exception("upkeep of a provider failed", provider=row.code)
        return 0
    return 1
