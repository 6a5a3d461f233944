"""What clients may send. Every field is closed: no unknown names, no guessed types, whole numbers as JSON integers."""

from typing import Annotated, Any

from django.utils.translation import gettext_noop as _
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from smmatic.kernel.refusals import RefusalCode

MAX_PAGE = 100
MAX_ID = 2**63 - 1
MAX_TEXTS = 1_000
MAX_LINK = 4_000
MAX_LONG_TEXT = 20_000
"""Longest text that is looked at at all; the exact limits of each field are the domain's."""


def _ascii_number(value: object) -> object:
    """Query parameters arrive as text: only the digits 0 to 9 make a number, not '+5', '1_000', ' 7' or '２'."""
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= 18):
            raise PydanticCustomError(RefusalCode.COUNT_MALFORMED.value, "not a whole number")
        return int(value)
    return value


def _cursor(value: object) -> object:
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and 0 < len(value) <= 19 and 0 < int(value) <= MAX_ID):
            raise PydanticCustomError(RefusalCode.CURSOR_INVALID.value, "not a cursor of ours")
        return int(value)
    return value


Limit = Annotated[int, BeforeValidator(_ascii_number)]
Cursor = Annotated[int, BeforeValidator(_cursor)]
FileIds = Annotated[list[Annotated[int, Field(ge=1, le=MAX_ID)]], Field(max_length=50)]


class Input(BaseModel):
    """A JSON object that a client sends."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class WorkIn(Input):
    """What is to be done: the fields of a quote and of an order."""

    service: str = Field(description=_("Code of the service, such as SP-LIST."), max_length=60, examples=["SP-LIST"])
    quantity: int | None = Field(
        None,
        description=_("Units wanted. Leave it out for packages, and for texts and runs, which are counted."),
        examples=[5],
    )
    link: str | None = Field(
        None, description=_("What the work is about. May be left out where the service takes files or a brief."),
        max_length=MAX_LINK, examples=["https://shopee.vn/product/123456/987654321"],
    )  # fmt: skip
    brief: str | None = Field(None, description=_("What you want, in your words."), max_length=MAX_LONG_TEXT)
    texts: list[str] | None = Field(
        None, description=_("One text per unit, for services that work from your texts."), max_length=MAX_TEXTS
    )
    runs: int | None = Field(None, description=_("How many runs the work is spread over, where the service has runs."))
    interval_minutes: int | None = Field(None, description=_("Minutes from one run to the next."))
    files: FileIds | None = Field(None, description=_("Ids of files that you uploaded for this order."))
    terms_version: int | None = Field(
        None, description=_("Version of the service's terms that you saw; if they changed since, nothing is ordered.")
    )


class OrderIn(WorkIn):
    """An order. Price, status and owner are never taken from the client."""

    start_now: bool = Field(
        False, description=_("Begin at once and give up the time in which the order can be undone (clause 4.1).")
    )
    policy_version_id: int | None = Field(
        None, description=_("Id of the policy that you saw; if another is in force, nothing is ordered.")
    )


class RefundIn(Input):
    """A request for a refund."""

    reason: str = Field(description=_("Code of one of the refund reasons."), max_length=60, examples=["not_delivered"])
    words: str = Field("", description=_("What is wrong; needed where a person has to look."), max_length=MAX_LONG_TEXT)
    files: FileIds | None = Field(None, description=_("Ids of files that you uploaded as evidence."))


class NoteIn(Input):
    """More about an open refund request."""

    words: str = Field(description=_("What you know that helps to decide."), max_length=MAX_LONG_TEXT)
    reason: str | None = Field(None, description=_("A further refund reason, if there is one."), max_length=60)


class AppealIn(Input):
    """Why a denial is contested."""

    words: str = Field(description=_("What was not known, or was got wrong."), max_length=MAX_LONG_TEXT)
    files: FileIds | None = Field(None, description=_("Ids of files that you uploaded as evidence."))


class MessageIn(Input):
    """A message to the people who work on the order."""

    text: str = Field(description=_("Your message, up to 5,000 characters."), max_length=MAX_LONG_TEXT)


class DepositIn(Input):
    """A request to buy Credits by bank transfer."""

    credits: str = Field(
        description=_("Credits to buy, as a decimal text with a point."), max_length=30, examples=["100.00"]
    )


class TransferIn(BaseModel):
    """Whatever way out of the platform is asked for; every one is refused."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    kind: str | None = Field(None, description=_("A transfer kind."), max_length=60, examples=["payout"])
    credits: str | None = Field(None, description=_("How many Credits."), max_length=30, examples=["10.00"])
    to: str | None = Field(
        None, description=_("Where to: a customer, a bank account, a card ..."), max_length=200, examples=["bank"]
    )


def text_with_break(texts: list[str] | None) -> int | None:
    """The place of the first text that would count as two, or None."""
    return next((place for place, text in enumerate(texts or ()) if "\n" in text or "\r" in text), None)


def given(value: Any, otherwise: Any = "") -> Any:
    """A value that was sent, or `otherwise` where it was left out or null."""
    return otherwise if value is None else value
