"""Writes to orders inside a transaction that another package's action has opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Case, F, When
from django.db.models.functions import Least, Now

from smmatic.accounts.queries import Person
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.models import Event, File, Order
from smmatic.orders.queries import ENDED, OrderRow, order


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts on an order: a customer, staff, the system or a provider."""

    kind: str
    id: int | None = None

    @property
    def text(self) -> str:
        """As the ledger records it: 'customer:12', 'system'."""
        return self.kind if self.id is None else f"{self.kind}:{self.id}"


SYSTEM = Actor("system")
PROVIDER = Actor("provider")


def actor_of(person: Person) -> Actor:
    """The person as an actor."""
    return Actor("staff" if person.staff else "customer", person.id)


def lock_order(order_id: int) -> OrderRow:
    """Locks an order until the transaction ends and gives it as it is after the wait.

    Raises:
        Refusal: `not_found`.
    """
    if not list(Order.objects.select_for_update(no_key=True).filter(id=order_id).values_list("id")):
        raise Refusal(RefusalCode.NOT_FOUND)
    row = order(order_id)
    if row is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return row


def move(
    order_id: int,
    from_statuses: Sequence[str],
    to_status: str,
    *,
    actor: Actor,
    kind: str,
    why: str = "",
    facts: Mapping[str, Any] | None = None,
    visible: bool = True,
    notify: bool = False,
    **columns: Any,
) -> bool:
    """Moves an order to another status if it is in one of `from_statuses`, with its event; whether it did.

    `columns` are set in the same update. The row count decides who won. A provider's order that ends in work, by
    whomever, is looked at once more: the provider may not know yet.
    """
    found = Order.objects.filter(id=order_id).values_list("status", "terms__delivery").first()
    before, delivery = found or (None, "")
    if before not in from_statuses:
        return False
    if to_status in ENDED and before != "pending" and delivery != "staff":
        columns["next_check_at"] = Now()
    if not Order.objects.filter(id=order_id, status=before).update(status=to_status, **columns):
        return False
    record(
        order_id,
        kind,
        actor=actor,
        why=why,
        facts=facts,
        visible=visible,
        notify=notify,
        status_from=before or "",
        status_to=to_status,
    )
    return True


def give_back(order_id: int, seconds: float | None) -> None:
    """Gives back the lease of an order; its next check is due after `seconds`, or not by itself (None).

    A stop request that waits for an answer is looked at again no later than at its deadline.
    """
    deadline = Case(When(stop_status="asked", then=F("stop_deadline")), default=None)
    due = deadline if seconds is None else Least(Now() + timedelta(seconds=seconds), deadline)
    Order.objects.filter(id=order_id).update(lease_owner="", lease_until=None, next_check_at=due)


def change(order_id: int, statuses: Sequence[str], **columns: Any) -> bool:
    """Sets columns of an order that is in one of `statuses`, without an event; whether it did."""
    return bool(Order.objects.filter(id=order_id, status__in=statuses).update(**columns))


def record(
    order_id: int,
    kind: str,
    *,
    actor: Actor,
    why: str = "",
    facts: Mapping[str, Any] | None = None,
    visible: bool = True,
    notify: bool = False,
    status_from: str = "",
    status_to: str = "",
) -> None:
    """Adds a line to an order's timeline."""
    Event.objects.create(
        order_id=order_id,
        kind=kind,
        actor_kind=actor.kind,
        actor_id=actor.id,
        why=why[:1000],
        facts=dict(facts or {}),
        visible=visible,
        notify=notify,
        status_from=status_from,
        status_to=status_to,
    )


def attach_files(owner_id: int, order_id: int, file_ids: Sequence[int], purpose: str) -> int:
    """Attaches the owner's unattached files to an order; how many were attached."""
    return File.objects.filter(id__in=file_ids, owner_id=owner_id, order=None).update(
        order_id=order_id, purpose=purpose
    )
