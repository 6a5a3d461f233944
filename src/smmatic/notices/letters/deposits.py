"""What mails and notices say about deposits: the receipt, a transfer that needs a look, a deposit that was declined."""

from django.utils.translation import gettext as _

from smmatic.deposits import queries as deposits
from smmatic.deposits.queries import DepositEventRow, DepositRow
from smmatic.notices.draft import Content, Draft, Topic
from smmatic.notices.words import credits, dong, moment


def draft(event_id: int) -> Draft | None:
    """The draft for an event of a deposit."""
    event = deposits.event(event_id)
    deposit = deposits.deposit(event.deposit_id) if event else None
    if event is None or deposit is None:
        return None
    return Draft(deposit.customer_id, None, None, lambda _language: _content(deposit, event), Topic.DEPOSITS)


def _content(deposit: DepositRow, event: DepositEventRow) -> Content:
    rows: tuple[tuple[str, str], ...] = ()
    facts = {"reference": deposit.reference, "money": dong(deposit.money)}
    if event.kind == "confirmed":
        subject = _("Your Credits are here")
        words = {"credits": credits(deposit.credited_units or 0), "received": dong(deposit.received or 0)} | facts
        paragraphs = [_("%(received)s arrived for %(reference)s: %(credits)s Credits are in your wallet.") % words]
        rows = _receipt(deposit, event)
    elif event.kind == "parked":
        subject = _("Your transfer %(reference)s needs a look")
        words = {"received": dong(int(event.facts.get("received") or 0))} | facts
        paragraphs = [
            _("%(received)s arrived for %(reference)s, and we expected %(money)s.") % words,
            _("A person looks at it and you'll hear from us. Nothing is lost, and no Credit was added yet."),
        ]
    else:
        subject = _("Your deposit %(reference)s was declined")
        paragraphs = [_("We could not add Credits for %(reference)s (%(money)s).") % facts]
    if event.why:
        paragraphs.append(event.why)
    return Content(subject % facts, tuple(paragraphs), _("Open your wallet"), "dashboard:wallet", rows=rows)


def _receipt(deposit: DepositRow, event: DepositEventRow) -> tuple[tuple[str, str], ...]:
    """The receipt: what arrived, what one Credit costs, what was added, when."""
    return (
        (_("Receipt for"), deposit.reference),
        (_("Arrived"), dong(deposit.received or 0)),
        (_("Price of one Credit"), dong(deposit.price)),
        (_("Credits added"), credits(deposit.credited_units or 0)),
        (_("Booked"), moment(event.at)),
    )
