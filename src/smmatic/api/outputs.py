"""What the API answers. Every amount is both `units` (integers of the smallest unit) and `credits` (decimal text)."""

from datetime import date, datetime
from typing import Any, Literal

from django.utils.translation import gettext_noop as _
from pydantic import BaseModel, ConfigDict, Field


class Output(BaseModel):
    """An object of an answer. Fields may be added to it later; none is ever removed within version 1."""

    model_config = ConfigDict(frozen=True)


class Amount(Output):
    """Credits. 1 Credit is 10,000 units; `credits` is exact, with a point and at least two decimals."""

    units: int = Field(examples=[125000])
    credits: str = Field(examples=["12.50"])


class Problem(Output):
    """One reason why a request is refused."""

    code: str = Field(description=_("Enumerated; its meaning never changes."), examples=["quantity_too_small"])
    field: str | None = Field(description=_("The field that has to change, if one has."), examples=["quantity"])
    message: str = Field(description=_("What happened and why, in your language."))
    next: str = Field(description=_("What to do now."))
    clause: str | None = Field(None, description=_("The clause of the policy behind it."), examples=["4.2"])
    facts: dict[str, Any] = Field(description=_("Values of the message, for programs."))


class Refused(Output):
    """Nothing was charged and nothing was changed. `error` is the first of `errors`."""

    error: Problem
    errors: list[Problem]


class ServiceOut(Output):
    """A service as it is offered now."""

    id: int
    code: str
    name: str
    category: str
    service_class: str
    platform: str
    unit: str = Field(description=_("What one unit is, in your language."))
    type: str = Field(description=_("counted, package, custom_comments or counted_runs."))
    minimum: int
    maximum: int
    step: int
    price: Amount = Field(description=_("Of one unit."))
    start_hours: int = Field(description=_("Work starts within this many hours."))
    undo_minutes: int = Field(description=_("For this long an order can be undone for the full charge."))
    delivery: str = Field(description=_("Delivered by staff or by a provider."))
    rework_days: int
    can_be_stopped: bool = Field(description=_("Whether a stop can be asked for once work has begun (clause 4.2)."))
    decision_days: int = Field(description=_("Business days in which a person answers a refund request (clause 5.1)."))
    link_kinds: list[str]
    link_expected: str
    link_example: str
    takes_files: bool
    gets: str
    needs: str
    active: bool
    terms_version: int


class ServiceList(Output):
    """All services that can be ordered."""

    items: list[ServiceOut]


class QuoteOut(Output):
    """What an order would cost and promise. Nothing was charged."""

    service: str
    quantity: int
    price: Amount
    available: Amount
    enough: bool
    missing: Amount
    link: str
    link_kind: str
    link_label: str
    undo_minutes: int
    start_hours: int
    terms_version: int
    policy_version_id: int


class PlacedOut(Output):
    """An order that was placed; the same answer each time it is asked for under the same Idempotency-Key."""

    id: int
    service: str
    charged: Amount
    available: Amount = Field(description=_("What was available right after this order."))
    url: str


class NextOut(Output):
    """What happens next, and until when."""

    text: str
    until: datetime | None
    waits_for: Literal["us", "you", "nobody"]


class EventOut(Output):
    """One line of a history."""

    at: datetime
    kind: str
    text: str
    by: str = Field(description=_("customer, staff, provider or system."))
    who: str
    why: str
    status_from: str = ""
    status_to: str = ""
    clause: str = ""


class FileOut(Output):
    """A file without its content, which is at `url`; `size` in bytes."""

    id: int
    name: str
    media_type: str
    size: int
    purpose: str
    order_id: int | None
    at: datetime
    url: str


class FactOut(Output):
    """One fact of a decision and where it came from."""

    id: str
    name: str
    value: str
    words: str
    source: str


class BeatenOut(Output):
    """A rule that fits as well and does not decide."""

    clause: str
    rule: str
    by: str
    words: str


class ExplanationOut(Output):
    """Why the policy answers as it does: the same words as on the page, at the desk and in the mail."""

    policy_version: str
    clause: str
    title: str
    decision: str
    credits: str
    order: str
    rule: str
    sentence: str
    reason: str
    result: str
    next: str
    facts: list[FactOut]
    beaten: list[BeatenOut]
    arithmetic: str


class SkippedDay(Output):
    """A day that does not count towards a due date."""

    day: date
    why: str


class DueOut(Output):
    """By when a person answers, and which days were skipped."""

    at: datetime
    counted_from: date | None
    skipped: list[SkippedDay]


class PreviewOut(Output):
    """What asking would give now, from the same plan that asking carries out. Nothing was changed."""

    possible: bool
    refusal: Problem | None = Field(description=_("Why it can't be asked now, or null."))
    decision: str = Field(description=_("approve, deny or review (a person decides)."))
    clause: str
    returns: Amount
    due: DueOut | None
    explanation: ExplanationOut


class StopOut(Output):
    """Whether a stop can be asked for, and how it stands."""

    offered: bool
    possible: bool
    status: str = Field(description=_("Empty, asked, confirmed, refused, too_late or unknown."))
    asked_at: datetime | None
    answer_by: datetime | None


class CancelOut(PreviewOut):
    """What cancelling would give now; where it is too late, whether a stop can be asked for instead."""

    stop: StopOut


class ChargeOut(Output):
    """What an order holds and has taken. amount = held + captured + released; refunded is part of captured."""

    amount: Amount
    held: Amount
    captured: Amount
    forfeited: Amount
    released: Amount
    refunded: Amount
    returned: Amount


class OrderSummary(Output):
    """An order in a list."""

    id: int
    service: str
    service_name: str
    status: str
    status_text: str
    quantity: int
    delivered: int
    unit: str
    link: str
    link_kind: str
    charged: Amount
    returned: Amount
    waiting_for_you: bool
    placed_at: datetime
    ended_at: datetime | None
    channel: str


class OrderPage(Output):
    """Orders, the newest first."""

    items: list[OrderSummary]
    next_cursor: int | None


class CaseSummary(Output):
    """A refund case in a list."""

    id: int
    order_id: int
    ask: str
    state: str
    state_text: str
    reason: str
    decision: str
    clause: str
    returned: Amount
    automatic: bool
    opened_at: datetime
    due_at: datetime | None
    settled_at: datetime | None


class CasePage(Output):
    """Refund cases, the newest first."""

    items: list[CaseSummary]
    next_cursor: int | None


class CaseOut(CaseSummary):
    """A refund case with its decision, explained, and its history."""

    words: str
    policy_version: str
    due: DueOut | None
    explanation: ExplanationOut
    events: list[EventOut]


class DecidedOut(Output):
    """What was decided; the same each time it is asked for under the same Idempotency-Key. `explanation` is the case's,
    in the language of the request, and follows the case if a person decides it later."""

    order_id: int
    case_id: int | None
    state: str
    decision: str
    clause: str
    returned: Amount
    due_at: datetime | None
    explanation: ExplanationOut | None


class OrderOut(OrderSummary):
    """An order with everything that is known and can be done about it."""

    brief: str
    texts: list[str]
    runs: int | None
    interval_minutes: int | None
    start_now: bool
    terms_version: int
    policy_version: str
    policy_version_id: int
    undo_until: datetime | None
    accepted_at: datetime | None
    start_promised_at: datetime
    started_at: datetime | None
    outcome_unknown: bool
    charge: ChargeOut
    next: NextOut
    cancel: CancelOut
    stop: StopOut
    files: list[FileOut]
    refunds: list[CaseSummary]
    timeline: list[EventOut]


class ReasonOut(Output):
    """Why a refund may be asked for."""

    code: str
    text: str
    help: str
    words_needed: bool


class ReasonList(Output):
    """All reasons."""

    items: list[ReasonOut]


class MessageOut(Output):
    """A message about an order."""

    id: int
    by: str
    text: str
    at: datetime
    case_id: int | None


class MessageList(Output):
    """Messages about an order, the oldest first."""

    items: list[MessageOut]
