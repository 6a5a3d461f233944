"""What follows from an answer of whoever delivers. Pure: (state of the order, answer) -> plan.

Three tables: submissions, status answers, stop answers. Counts are never trusted further than they can be: delivered
units never fall, never pass the order, and a number that cannot be true changes nothing and is flagged. A provider's
statement about its own failure is verified by being the provider's; its statement about the customer only alleges.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from smmatic.fulfilment.protocol import (
    Allegation,
    Fault,
    LookupAnswer,
    NotFound,
    NotReached,
    ProviderStatus,
    RefusalWord,
    RefusedBeforeWork,
    RemoteState,
    StatusAnswer,
    StopAnswer,
    StopRequestAnswer,
    StopState,
    SubmitAnswer,
    Submitted,
    Unknown,
)

OPEN = frozenset({"processing", "in_progress"})
"""Statuses in which a provider's answer can change an order."""


class AttemptState(StrEnum):
    """State of one submission."""

    PREPARED = "prepared"
    SENT = "sent"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Flag(StrEnum):
    """Something odd in an answer, kept for people."""

    COUNT_FELL = "count_fell"
    COUNT_ABOVE = "count_above"
    COUNT_NEGATIVE = "count_negative"
    COUNTS_DISAGREE = "counts_disagree"
    COMPLETED_SHORT = "completed_short"
    ENDED_WITHOUT_COUNT = "ended_without_count"
    ENDED_THOUGH_DELIVERED = "ended_though_delivered"
    STOPPED_UNASKED = "stopped_unasked"
    UNMAPPED_WORD = "unmapped_word"
    VANISHED = "vanished"
    LATE_ANSWER = "late_answer"
    NO_ANSWER = "no_answer"


NEEDS_PERSON = frozenset({Flag.UNMAPPED_WORD, Flag.VANISHED, Flag.ENDED_WITHOUT_COUNT})
"""Flags under which an order does not go on by itself as long as the answer stays the same."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim that an answer makes: its name and state as the policy knows them, and the words behind it."""

    claim: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class OrderView:
    """What the rules need of an order. ``seen`` are the flags of the answer before this one.

    ``stop_heard``: whether a word on a stop can be about the newest request, and not only about an earlier one.
    """

    status: str
    quantity: int
    delivered: int
    stop_status: str = ""
    seen: frozenset[Flag] = frozenset()
    stop_heard: bool = True


@dataclass(frozen=True, slots=True)
class StatusPlan:
    """What a status answer leads to. ``status`` and ``stop_status`` are ``None`` where they stay as they are."""

    status: str | None
    delivered: int
    flags: frozenset[Flag] = frozenset()
    claims: tuple[Claim, ...] = ()
    stop_status: str | None = None
    words: str = ""

    @property
    def ends(self) -> bool:
        """Whether the order ends here and is to be settled."""
        return self.status is not None and self.status not in OPEN

    def changes(self, order: OrderView) -> bool:
        """Whether anything that people see changes; decides how soon to ask again."""
        return self.status is not None or self.delivered != order.delivered or self.stop_status is not None


def after_status(order: OrderView, answer: StatusAnswer) -> StatusPlan:
    """Plan for an answer to a status question, whatever the order's status is by now."""
    if order.status not in OPEN:
        return StatusPlan(None, order.delivered, frozenset({Flag.LATE_ANSWER}))
    if isinstance(answer, NotFound):
        return StatusPlan(None, order.delivered, frozenset({Flag.VANISHED}), words=answer.words)
    if isinstance(answer, NotReached | Unknown):
        return StatusPlan(None, order.delivered, frozenset({Flag.NO_ANSWER}), words=answer.words)
    if answer.state == RemoteState.UNMAPPED:
        return StatusPlan(None, order.delivered, frozenset({Flag.UNMAPPED_WORD}), words=answer.words)
    delivered, flags = credible(order, answer)
    if answer.state in (RemoteState.QUEUED, RemoteState.WORKING):
        return _open_plan(order, answer, delivered, flags)
    if answer.state == RemoteState.COMPLETED:
        return _completed_plan(order, answer, delivered, flags)
    return _early_end_plan(order, answer, delivered, flags)


def credible(order: OrderView, answer: ProviderStatus) -> tuple[int, frozenset[Flag]]:
    """Units delivered as far as the answer can be believed, and what is odd about its counts."""
    told = answer.delivered
    if told is None and answer.remains is not None:
        told = order.quantity - answer.remains
    flags = set()
    both = answer.delivered is not None and answer.remains is not None
    if both and (answer.delivered or 0) + (answer.remains or 0) != order.quantity:
        flags.add(Flag.COUNTS_DISAGREE)
    if told is None:
        return order.delivered, frozenset(flags)
    if told < 0:
        flags.add(Flag.COUNT_NEGATIVE)
    elif told > order.quantity:
        flags.add(Flag.COUNT_ABOVE)
    elif told < order.delivered:
        flags.add(Flag.COUNT_FELL)
    else:
        return told, frozenset(flags)
    return order.delivered, frozenset(flags)


def _open_plan(order: OrderView, answer: ProviderStatus, delivered: int, flags: frozenset[Flag]) -> StatusPlan:
    begun = answer.state == RemoteState.WORKING or delivered > 0
    status = "in_progress" if begun and order.status == "processing" else None
    return StatusPlan(status, delivered, flags, stop_status=_stop_word(order, answer.stop), words=answer.words)


def _completed_plan(order: OrderView, answer: ProviderStatus, delivered: int, flags: frozenset[Flag]) -> StatusPlan:
    """'Completed' with a believable smaller count is asked once more, then it is what was counted: partial."""
    said = answer.delivered if answer.delivered is not None else answer.remains
    short = said is not None and delivered < order.quantity and not flags & _INCREDIBLE
    if short and Flag.COMPLETED_SHORT not in order.seen:
        return StatusPlan(None, delivered, flags | {Flag.COMPLETED_SHORT}, words=answer.words)
    stop = "too_late" if order.stop_status == "asked" else None
    if short:
        ended = "partial" if delivered else "failed"
        return StatusPlan(ended, delivered, flags | {Flag.COMPLETED_SHORT}, stop_status=stop, words=answer.words)
    return StatusPlan("completed", order.quantity, flags, stop_status=stop, words=answer.words)


def _early_end_plan(order: OrderView, answer: ProviderStatus, delivered: int, flags: frozenset[Flag]) -> StatusPlan:
    """Partial, failed or stopped. Without a believable count nothing ends: a person looks, and we ask again."""
    counted = answer.delivered is not None or answer.remains is not None
    if not counted or flags & _INCREDIBLE:
        return StatusPlan(None, order.delivered, flags | {Flag.ENDED_WITHOUT_COUNT}, words=answer.words)
    if delivered == order.quantity:
        odd = flags | {Flag.ENDED_THOUGH_DELIVERED}
        stop = "too_late" if order.stop_status == "asked" else None
        return StatusPlan("completed", delivered, odd, stop_status=stop, words=answer.words)
    asked = order.stop_status in ("asked", "unknown")
    if answer.state == RemoteState.STOPPED and asked:
        status = "partial" if delivered else "cancelled"
        return StatusPlan(status, delivered, flags, stop_status="confirmed", words=answer.words)
    if answer.state == RemoteState.STOPPED:
        flags |= {Flag.STOPPED_UNASKED}
    stop = "too_late" if order.stop_status == "asked" else None
    status = "partial" if delivered else "failed"
    return StatusPlan(status, delivered, flags, claims(answer), stop, answer.words)


_INCREDIBLE = frozenset({Flag.COUNT_NEGATIVE, Flag.COUNT_ABOVE})
_ALLEGED = {
    Allegation.WRONG_INFORMATION: "wrong_information",
    Allegation.THIRD_PARTY_VIOLATION: "third_party_violation",
}


def claims(answer: ProviderStatus) -> tuple[Claim, ...]:
    """The claims in an answer that ends an order early: its own fault verified, the customer's alleged."""
    found = []
    if answer.fault != Fault.NONE:
        found.append(Claim("fulfilment_fault", "verified", answer.words or answer.fault.value))
    if answer.alleges != Allegation.NONE:
        found.append(Claim(_ALLEGED[answer.alleges], "alleged", answer.words or answer.alleges.value))
    return tuple(found)


def _stop_word(order: OrderView, told: StopState | None) -> str | None:
    if order.stop_status not in ("asked", "unknown") or told not in (StopState.REFUSED, StopState.TOO_LATE):
        return None
    if not order.stop_heard:
        return None
    return told.value


def after_stop(order: OrderView, answer: StopRequestAnswer) -> StatusPlan:
    """Plan for the answer to a stop request. A confirmation counts only together with what was delivered."""
    if order.status not in OPEN or order.stop_status not in ("asked", "unknown"):
        return StatusPlan(None, order.delivered, frozenset({Flag.LATE_ANSWER}))
    if not isinstance(answer, StopAnswer):
        return after_status(order, answer)
    if answer.state in (StopState.REFUSED, StopState.TOO_LATE):
        if answer.status is not None and answer.status.state not in (RemoteState.QUEUED, RemoteState.WORKING):
            return after_status(order, answer.status)
        return StatusPlan(None, order.delivered, stop_status=answer.state.value, words=answer.words)
    if answer.status is not None:
        return after_status(order, answer.status)
    return StatusPlan(None, order.delivered, words=answer.words)


@dataclass(frozen=True, slots=True)
class LatePlan:
    """What an answer about an order that has ended leads to. ``delivered`` is ``None`` where nobody can tell.

    ``closed``: the provider has ended too, or is not asked any longer.
    """

    closed: bool
    delivered: int | None = None
    flags: frozenset[Flag] = frozenset()
    words: str = ""


def after_end(order: OrderView, answer: StatusAnswer | None, *, gives_up: bool = False) -> LatePlan:
    """Plan for an answer about an order that has ended while the provider may still be at work.

    The order stays as it is: what was delivered after its end is our loss. ``gives_up``: it was asked long enough.
    """
    if not isinstance(answer, ProviderStatus):
        flag = Flag.VANISHED if isinstance(answer, NotFound) else Flag.NO_ANSWER
        return LatePlan(gives_up, None, frozenset({flag}), answer.words if answer is not None else "")
    if answer.state not in _ENDED:
        odd = frozenset({Flag.UNMAPPED_WORD}) if answer.state == RemoteState.UNMAPPED else frozenset()
        return LatePlan(gives_up, None, odd, answer.words)
    told, flags = credible(OrderView(order.status, order.quantity, 0), answer)
    if (answer.delivered is not None or answer.remains is not None) and not flags & _INCREDIBLE:
        return LatePlan(True, told, flags, answer.words)
    if answer.state == RemoteState.COMPLETED:
        return LatePlan(True, order.quantity, flags, answer.words)
    return LatePlan(True, None, flags | {Flag.ENDED_WITHOUT_COUNT}, answer.words)


_ENDED = frozenset({RemoteState.COMPLETED, RemoteState.PARTIAL, RemoteState.FAILED, RemoteState.STOPPED})


class Next(StrEnum):
    """What happens to the order after an answer about its submission."""

    NOTHING = "nothing"
    POLL = "poll"
    """Taken: ask for its status from now on."""
    REJECT = "reject"
    """Refused before any work: everything goes back (2.2)."""
    SUBMIT_LATER = "submit_later"
    """Nothing left this machine: the same attempt is tried again."""
    SUBMIT_ANEW = "submit_anew"
    """The provider never got it, finally: a new attempt."""
    ASK_LATER = "ask_later"
    """Unknown: look it up, never submit."""


@dataclass(frozen=True, slots=True)
class SubmissionPlan:
    """What an answer about a submission leads to. ``attempt`` is ``None`` where the attempt stays as it is."""

    attempt: AttemptState | None
    next: Next
    remote_id: str = ""
    code: str = ""
    words: str = ""


def after_submit(state: AttemptState, answer: SubmitAnswer, *, gives_up: bool = False) -> SubmissionPlan:
    """Plan for the answer to a submission. ``gives_up``: the time in which it must be reached is over.

    An answer that comes when another worker has already called the outcome unknown still counts where it is one.
    """
    open_states = (AttemptState.SENT, AttemptState.UNKNOWN)
    if state not in open_states or (state == AttemptState.UNKNOWN and isinstance(answer, NotReached | Unknown)):
        return SubmissionPlan(None, Next.NOTHING, words="answer to a submission that is not under way")
    if isinstance(answer, Submitted):
        return SubmissionPlan(AttemptState.CONFIRMED, Next.POLL, answer.remote_id, words=answer.words)
    if isinstance(answer, RefusedBeforeWork):
        return SubmissionPlan(AttemptState.REFUSED, Next.REJECT, code=answer.code.value, words=answer.words)
    if isinstance(answer, Unknown):
        return SubmissionPlan(AttemptState.UNKNOWN, Next.ASK_LATER, code=answer.why.value, words=answer.words)
    if gives_up:
        code = RefusalWord.NEVER_REACHED.value
        return SubmissionPlan(AttemptState.REFUSED, Next.REJECT, code=code, words=answer.words)
    return SubmissionPlan(AttemptState.PREPARED, Next.SUBMIT_LATER, words=answer.words)


def after_lookup(
    state: AttemptState, answer: LookupAnswer, *, unknown_for: float, settles_after: float | None, may_submit_anew: bool
) -> SubmissionPlan:
    """Plan for the answer to a question about our reference.

    'No such order' is believed only ``settles_after`` seconds after the outcome became unknown (``None``: never), for
    until then the submission may still be on its way. ``unknown_for`` is in seconds.
    """
    if state != AttemptState.UNKNOWN:
        return SubmissionPlan(None, Next.NOTHING, words="answer about a submission that is not unknown")
    if isinstance(answer, ProviderStatus):
        return SubmissionPlan(AttemptState.CONFIRMED, Next.POLL, answer.remote_id, words=answer.words)
    if not isinstance(answer, NotFound) or settles_after is None or unknown_for < settles_after:
        return SubmissionPlan(None, Next.ASK_LATER, words=answer.words)
    after = Next.SUBMIT_ANEW if may_submit_anew else Next.REJECT
    return SubmissionPlan(AttemptState.REFUSED, after, code=RefusalWord.NEVER_ARRIVED.value, words=answer.words)


def next_check(quiet: int, *, shortest: float, longest: float) -> float:
    """Seconds until the next question, growing with the number of answers in a row that changed nothing."""
    return min(longest, shortest * 1.6 ** min(max(quiet, 0), 60))
