"""What every provider is asked and what it can answer.

One protocol for all who deliver over the network. An adapter turns whatever comes over the wire into one of the
answers below and lets no exception out: what it cannot read is ``Unknown``, what provably never left this machine is
``NotReached``. The two are different on purpose: after ``NotReached`` the same submission may be tried again, after
``Unknown`` never before the provider has been asked about our reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class RemoteState(StrEnum):
    """State of an order at the provider, in our words."""

    QUEUED = "queued"
    WORKING = "working"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    STOPPED = "stopped"
    UNMAPPED = "unmapped"
    """The provider used a word that we do not know: a person reads it, nothing is concluded from it."""


class Fault(StrEnum):
    """A failure that the provider states about itself. Said by the one who failed, it counts as verified."""

    NONE = ""
    OWN_ERROR = "own_error"
    OUTAGE = "outage"
    CONDITION_UNMET = "condition_unmet"


class Allegation(StrEnum):
    """What a provider says against the customer. A provider's word alleges; by itself it never proves."""

    NONE = ""
    WRONG_INFORMATION = "wrong_information"
    THIRD_PARTY_VIOLATION = "third_party_violation"


class UnknownWhy(StrEnum):
    """Why an answer says nothing about what happened at the provider."""

    TIMEOUT = "timeout"
    CONNECTION_LOST = "connection_lost"
    SERVER_ERROR = "server_error"
    RATE_LIMITED = "rate_limited"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    UNEXPECTED = "unexpected"


class RefusalWord(StrEnum):
    """Why a provider refused an order before any work, in our words."""

    BAD_ACCOUNT = "bad_account"
    BAD_LINK = "bad_link"
    BAD_QUANTITY = "bad_quantity"
    SERVICE_UNAVAILABLE = "service_unavailable"
    NO_BALANCE = "no_balance"
    NOT_AUTHORISED = "not_authorised"
    DUPLICATE = "duplicate"
    NEVER_ARRIVED = "never_arrived"
    NEVER_REACHED = "never_reached"
    OTHER = "other"


class StopState(StrEnum):
    """Answer to a stop request."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    TOO_LATE = "too_late"
    ASKED = "asked"
    """Taken note of; whether the work stops is still open."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One order as it is handed to a provider.

    ``reference`` is ours, unique for each attempt and committed before the call. ``service`` is the provider's name
    for the service, ``quantity`` counts its units (pieces, never Credits), ``interval_minutes`` spreads ``runs``.
    """

    reference: str
    service: str
    link: str
    quantity: int
    texts: tuple[str, ...] = ()
    runs: int = 1
    interval_minutes: int = 0
    brief: str = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The provider took the order. ``remote_id`` is its own number for it."""

    remote_id: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class RefusedBeforeWork:
    """The provider refused the order and has done nothing for it."""

    code: RefusalWord
    words: str = ""


@dataclass(frozen=True, slots=True)
class NotReached:
    """Nothing of the call left this machine (guard, name not found, connection refused): it had no effect."""

    words: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The call may or may not have had an effect."""

    why: UnknownWhy
    words: str = ""


@dataclass(frozen=True, slots=True)
class NotFound:
    """The provider answered readably that it knows no such order."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """What the provider says about one order, unclamped: ``delivered`` and ``remains`` are units, as it sent them.

    ``None`` means that it did not say. ``reference`` is ours where the provider repeats it, else empty.
    """

    remote_id: str
    state: RemoteState
    delivered: int | None = None
    remains: int | None = None
    words: str = ""
    fault: Fault = Fault.NONE
    alleges: Allegation = Allegation.NONE
    stop: StopState | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class StopAnswer:
    """Answer to a stop request; ``status`` is the order's state at that moment where the provider sent it along."""

    state: StopState
    words: str = ""
    status: ProviderStatus | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What we have left at the provider: its own decimal text and currency, for people and alarms, not for sums."""

    amount: str
    currency: str


SubmitAnswer = Submitted | RefusedBeforeWork | NotReached | Unknown
LookupAnswer = ProviderStatus | NotFound | NotReached | Unknown
StatusAnswer = ProviderStatus | NotFound | NotReached | Unknown
StopRequestAnswer = StopAnswer | NotFound | NotReached | Unknown
BalanceAnswer = Balance | NotReached | Unknown


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a provider offers beyond taking orders and telling their status.

    ``lookup``: it finds orders by our reference. ``lookup_settles_after``: seconds after the end of a call from which
    its 'no such order' is final (longer than a request can linger on the way); ``None`` where it never is.
    """

    lookup: bool = False
    lookup_settles_after: float | None = None
    stop: bool = False
    batch: int = 100


class Provider(Protocol):
    """One who delivers orders over the network. No method raises."""

    @property
    def abilities(self) -> Abilities:
        """What this provider can be asked."""
        ...

    def submit(self, order: Submission) -> SubmitAnswer:
        """Hand over one order. Never retried by the adapter."""
        ...

    def lookup(self, reference: str) -> LookupAnswer:
        """Ask what became of the submission with our reference."""
        ...

    def status(self, remote_ids: Sequence[str]) -> Mapping[str, StatusAnswer]:
        """Ask for many orders at once; the answer has every id that was asked for."""
        ...

    def request_stop(self, remote_id: str) -> StopRequestAnswer:
        """Ask to stop the work on one order. Safe to repeat."""
        ...

    def balance(self) -> BalanceAnswer:
        """Ask what we have left there."""
        ...
