"""Why a customer may ask for a refund, and what each reason claims. Pure."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, gettext_noop

from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.queries import OrderRow

_ = gettext_noop


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason in words, and the claim that it makes ('' for none)."""

    code: str
    claim: str
    words: str
    hint: str

    @property
    def label(self) -> str:
        """The reason in the active language."""
        return gettext(self.words)

    @property
    def help(self) -> str:
        """What the customer should know or add, in the active language."""
        return gettext(self.hint)


REASONS = (
    Reason(
        "not_started",
        "fulfilment_fault",
        _("Work has not started by the promised time"),
        _("We check the promised start ourselves; you need no evidence."),
    ),
    Reason(
        "not_delivered",
        "fulfilment_fault",
        _("It was not delivered, or not all of it"),
        _("Say what is missing. A picture or a link helps us to answer sooner."),
    ),
    Reason(
        "defective",
        "fulfilment_fault",
        _("What was delivered does not match the description"),
        _("Say which units are wrong and what is wrong with them."),
    ),
    Reason(
        "platform_error",
        "platform_fault",
        _("Your site or system made an error"),
        _("Say when it happened and what you saw."),
    ),
    Reason(
        "not_as_expected",
        "expectations",
        _("It is as described, but the result is less than I hoped for"),
        _("Results such as sales or views can't be promised by anybody, so the policy gives nothing back here."),
    ),
    Reason(
        "changed_mind",
        "",
        _("I no longer need it"),
        _("Once work has begun the policy gives nothing back; where a stop is offered, ask for that instead."),
    ),
)
"""Every reason. `reasons_for` leaves out those that can't be true of an order."""


def reasons_for(order: OrderRow) -> tuple[Reason, ...]:
    """The reasons that can be true of an order as it is now, in the order of the form."""
    begun = order.started_at is not None or not order.live
    return tuple(known for known in REASONS if not (begun and known.code == "not_started"))


def reason(code: str) -> Reason:
    """The reason with this code.

    Raises:
        Refusal: `reason_unknown`.
    """
    for known in REASONS:
        if known.code == code:
            return known
    raise Refusal(RefusalCode.REASON_UNKNOWN, "reason")


def proof_at_asking(chosen: Reason, order: OrderRow, moment: datetime) -> str:
    """How far the reason's claim is proven by what we see ourselves at the moment of asking.

    A missed start is on our own clock: it is verified or refuted at once, and nobody has to prove it.
    """
    if chosen.code == "not_started":
        # While the order waits for the customer the clock stands still; what it waited is added to the promise.
        missed = order.started_at is None and order.waiting_since is None and moment > order.start_promised_at
        return "verified" if missed and order.live else "refuted"
    return "claimed" if chosen.claim == "expectations" else "alleged"
