"""The customer's answer to a question that an order waits for: a corrected link or brief, or words."""

from smmatic.accounts.queries import Person
from smmatic.catalogue.links import check_link
from smmatic.fulfilment.queries import live_attempts
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text
from smmatic.orders import steps as orders
from smmatic.orders.queries import order_of
from smmatic.orders.rows import OrderRow
from smmatic.refunds import steps as refunds
from smmatic.support.actions import post_message
from smmatic.support.queries import MessageRow

MAX_BRIEF = 5_000
_LIVE = ("pending", "processing", "in_progress")


def correct_order(person: Person, order_id: int, *, link: str = "", brief: str = "", words: str = "") -> MessageRow:
    """Corrects what an order that waits for its customer was placed with, and lets its clocks go on.

    Price and terms stay as agreed. A link is checked as when ordering. What our delivery partner has already can't be
    changed here any more: words alone reach our staff.

    Raises:
        Refusal: `not_found` for another's order, `order_not_waiting`, `order_handed_over`, `link_*`, `field_missing`
            where nothing is given, `text_*`, `rate_limited`. Nothing was changed.
    """
    if order_of(person, order_id).customer_id != person.id:
        raise Refusal(RefusalCode.NOT_FOUND)
    told = clean_text(words, "words", MAX_BRIEF)
    with atomic():
        order = refunds.lock_order(order_id)
        if order.waiting_since is None:
            raise Refusal(RefusalCode.ORDER_NOT_WAITING)
        columns, said = _corrected(order, link.strip(), clean_text(brief, "brief", MAX_BRIEF))
        if not columns and not told:
            raise Refusal(RefusalCode.FIELD_MISSING, "words")
        if columns:
            attempt = live_attempts([order_id]).get(order_id)
            if attempt is not None and attempt.state != "prepared":
                raise Refusal(RefusalCode.ORDER_HANDED_OVER)
            orders.change(order_id, _LIVE, **columns)
            facts = {name: {"from": getattr(order, name), "to": value} for name, value in columns.items()}
            orders.record(order_id, "input_corrected", actor=orders.actor_of(person), facts=facts)
        return post_message(person, order_id, "\n".join(part for part in (told, *said) if part))


def _corrected(order: OrderRow, link: str, brief: str) -> tuple[dict[str, str], list[str]]:
    columns: dict[str, str] = {}
    said = []
    if link:
        checked = check_link(order.terms, link)
        if checked.canonical != order.link:
            columns |= {"link": checked.canonical, "link_kind": checked.kind}
            said.append(checked.canonical)
    if brief and brief != order.brief:
        columns["brief"] = brief
        said.append(brief)
    return columns, said
