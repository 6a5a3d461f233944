"""Why a customer may ask for a refund: what the order's policy lists, and how far each proves its claim."""

from datetime import datetime
from functools import cache

from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.rows import OrderRow
from smmatic.policy.document import SHIPPED_FILE, load_policy_file
from smmatic.policy.shape import Asking, PolicyDocument


def reasons_of(document: PolicyDocument) -> tuple[Asking, ...]:
    """The reasons of a policy, in the order of the form; those of the shipped one for a version that lists none."""
    return document.reasons or _shipped()


def reasons_for(order: OrderRow, document: PolicyDocument) -> tuple[Asking, ...]:
    """The reasons that can be true of an order as it is now."""
    begun = order.started_at is not None or not order.live
    return tuple(known for known in reasons_of(document) if not (begun and known.checked_by == "clock"))


def find_reason(code: str, document: PolicyDocument) -> Asking | None:
    """The reason with this code, or None."""
    return next((known for known in reasons_of(document) if known.id == code), None)


def reason(code: str, document: PolicyDocument) -> Asking:
    """The reason with this code.

    Raises:
        Refusal: `reason_unknown`.
    """
    found = find_reason(code, document)
    if found is None:
        raise Refusal(RefusalCode.REASON_UNKNOWN, "reason")
    return found


def proof_at_asking(chosen: Asking, order: OrderRow, moment: datetime) -> str:
    """How far the reason's claim is proven by what we see ourselves at the moment of asking.

    A missed start is on our own clock: it is verified or refuted at once, and nobody has to prove it.
    """
    if chosen.checked_by == "clock":
        # While the order waits for the customer the clock stands still; what it waited is added to the promise.
        missed = order.started_at is None and order.waiting_since is None and moment > order.start_promised_at
        return "verified" if missed and order.live else "refuted"
    return "claimed" if chosen.claim == "expectations" else "alleged"


@cache
def _shipped() -> tuple[Asking, ...]:
    return load_policy_file(SHIPPED_FILE).reasons
