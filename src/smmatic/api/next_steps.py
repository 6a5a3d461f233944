"""What happens next with an order and until when, in a sentence (clause 4.3)."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from smmatic.api.outputs import NextOut
from smmatic.credits.queries import ChargeRow
from smmatic.orders.queries import OrderRow
from smmatic.refunds.queries import CaseRow
from smmatic.web.templatetags.smm import credits, local


def next_step(order: OrderRow, charge: ChargeRow, cases: Sequence[CaseRow]) -> NextOut:
    """The next step of an order; `waits_for` says whose turn it is."""
    if order.waiting_since:
        text = _("We need something from you.")
        more = _("Read the last message and answer it; the clock stands still meanwhile.")
        return NextOut(text=f"{text} {more}", until=None, waits_for="you")
    if order.unknown_since:
        text = _("We are finding out whether it was delivered.")
        more = _("Your Credits stay held and nothing is lost. You hear from us by %(time)s.")
        shown = more % {"time": local(order.unknown_deadline)}
        return NextOut(text=f"{text} {shown}", until=order.unknown_deadline, waits_for="us")
    if order.live:
        return _live(order)
    return _ended(order, charge, next((case for case in cases if case.open), None))


def _live(order: OrderRow) -> NextOut:
    promised = {"time": local(order.start_promised_at)}
    if order.status == "pending":
        if order.start_now:
            text = _("It is being accepted now. Work starts by %(time)s.") % promised
            return NextOut(text=text, until=order.start_promised_at, waits_for="us")
        text = _("It will be accepted at %(undo)s; until then you can undo it. Work starts by %(time)s.")
        return NextOut(
            text=text % (promised | {"undo": local(order.accept_after)}), until=order.accept_after, waits_for="us"
        )
    if order.stop_status == "asked":
        text = _("We have asked for a stop and expect the answer by %(time)s. It is a request, not a promise.")
        shown = text % {"time": local(order.stop_deadline)}
        return NextOut(text=shown, until=order.stop_deadline, waits_for="us")
    if order.status == "processing":
        text = _("Work starts by %(time)s. If it doesn't, you can have the charge back (clause 2.1).") % promised
        return NextOut(text=text, until=order.start_promised_at, waits_for="us")
    text = _("The work is going on. Each delivered unit shows here at once.")
    return NextOut(text=text, until=None, waits_for="us")


def _ended(order: OrderRow, charge: ChargeRow, open_case: CaseRow | None) -> NextOut:
    if open_case is not None:
        text = _("The order has ended and a person is looking at its Credits.")
        if open_case.due_at:
            text += " " + _("Answer due by %(time)s.") % {"time": local(open_case.due_at)}
        return NextOut(text=text, until=open_case.due_at, waits_for="us")
    if order.status == "completed":
        return NextOut(text=_("All of it was delivered."), until=None, waits_for="nobody")
    if charge.returned:
        text = _(
            "The order has ended and %(amount)s Credits are back in your wallet, ready to be spent on any service."
        )
        return NextOut(text=text % {"amount": credits(charge.returned)}, until=None, waits_for="nobody")
    return NextOut(text=_("The order has ended."), until=None, waits_for="nobody")
