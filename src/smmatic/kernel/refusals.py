"""Every 'no' that SMMATIC can say: an enumerated code, a sentence, what to do next, and the HTTP status.

A refusal is an answer, not an accident: whoever catches one may be sure that nothing was changed and nothing charged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from smmatic.kernel.input_words import INPUT_WORDS


class RefusalCode(StrEnum):
    """The codes. Clients may rely on them; a released code never changes its meaning."""

    # what was sent
    MALFORMED = "malformed"
    FIELD_MISSING = "field_missing"
    FIELD_UNKNOWN = "field_unknown"
    FIELD_INVALID = "field_invalid"
    TEXT_TOO_LONG = "text_too_long"
    TEXT_FORBIDDEN_CHARACTERS = "text_forbidden_characters"
    AMOUNT_MALFORMED = "amount_malformed"
    AMOUNT_TOO_PRECISE = "amount_too_precise"
    AMOUNT_OUT_OF_RANGE = "amount_out_of_range"
    COUNT_MALFORMED = "count_malformed"
    CURSOR_INVALID = "cursor_invalid"
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    FIELD_TWICE = "field_twice"
    JSON_MALFORMED = "json_malformed"
    BODY_TOO_LARGE = "body_too_large"
    BODY_TYPE = "body_type"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    FILE_TOO_LARGE = "file_too_large"
    FILE_KIND = "file_kind"
    FILE_TOO_MANY = "file_too_many"
    # who asks
    NOT_SIGNED_IN = "not_signed_in"
    API_KEY_INVALID = "api_key_invalid"
    API_KEY_IN_ADDRESS = "api_key_in_address"
    CUSTOMERS_ONLY = "customers_only"
    SCOPE_MISSING = "scope_missing"
    ROLE_MISSING = "role_missing"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    EMAIL_TAKEN = "email_taken"
    # idempotency
    KEY_MISSING = "idempotency_key_missing"
    KEY_MALFORMED = "idempotency_key_malformed"
    KEY_REUSED = "idempotency_key_reused"
    # Credits
    NOT_ENOUGH_CREDITS = "not_enough_credits"
    ACCOUNT_FROZEN = "account_frozen"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_IN_DEBT = "account_in_debt"
    CREDITS_STAY_INSIDE = "credits_stay_inside"
    CREDITS_LIMIT = "credits_limit"
    REFUND_ABOVE_CHARGE = "refund_above_charge"
    POSTED_ALREADY = "posted_already"
    REASON_MISSING = "reason_missing"
    SECOND_PERSON_NEEDED = "second_person_needed"
    # catalogue
    SERVICE_UNKNOWN = "service_unknown"
    SERVICE_UNAVAILABLE = "service_unavailable"
    TERMS_CHANGED = "terms_changed"
    # links and order inputs
    LINK_MISSING = "link_missing"
    LINK_TOO_LONG = "link_too_long"
    LINK_CONTROL_CHARACTER = "link_control_character"
    LINK_HIDDEN_CHARACTER = "link_hidden_character"
    LINK_WIDE_CHARACTER = "link_wide_character"
    LINK_UNSAFE_CHARACTER = "link_unsafe_character"
    LINK_LOOKALIKE = "link_lookalike"
    LINK_SEVERAL = "link_several"
    LINK_NOT_A_LINK = "link_not_a_link"
    LINK_EMAIL = "link_email"
    LINK_SCHEME = "link_scheme"
    LINK_BACKSLASH = "link_backslash"
    LINK_CREDENTIALS = "link_credentials"
    LINK_PORT = "link_port"
    LINK_MALFORMED = "link_malformed"
    LINK_LOOPBACK = "link_loopback"
    LINK_PRIVATE_ADDRESS = "link_private_address"
    LINK_METADATA_ADDRESS = "link_metadata_address"
    LINK_IP_ADDRESS = "link_ip_address"
    LINK_PLATFORM_PAGE = "link_platform_page"
    LINK_PRIVATE_PAGE = "link_private_page"
    LINK_ADS_ACCOUNT_HIDDEN = "link_ads_account_hidden"
    LINK_ADS_ACCOUNT_NUMBER = "link_ads_account_number"
    LINK_NUMBER_ALONE = "link_number_alone"
    LINK_WRONG_PLATFORM = "link_wrong_platform"
    LINK_WRONG_KIND = "link_wrong_kind"
    QUANTITY_TOO_SMALL = "quantity_too_small"
    QUANTITY_TOO_LARGE = "quantity_too_large"
    QUANTITY_STEP = "quantity_step"
    QUANTITY_FIXED = "quantity_fixed"
    QUANTITY_UNLIKE = "quantity_unlike"
    INTERVAL_OUT_OF_RANGE = "interval_out_of_range"
    SPAN_TOO_LONG = "span_too_long"
    BRIEF_OR_FILE_NEEDED = "brief_or_file_needed"
    PRICE_TOO_LARGE = "price_too_large"
    CATALOGUE_CODE_TWICE = "catalogue_code_twice"
    CATALOGUE_ONE_OF = "catalogue_one_of"
    CATALOGUE_SIZE = "catalogue_size"
    POLICY_CHANGED = "policy_changed"
    # orders
    ORDER_ENDED = "order_ended"
    ORDER_ACCEPTED = "order_accepted"
    ORDER_NOT_WAITING = "order_not_waiting"
    ORDER_STATUS = "order_status"
    STOP_NOT_OFFERED = "stop_not_offered"
    STOP_ASKED_ALREADY = "stop_asked_already"
    UNITS_OUT_OF_RANGE = "units_out_of_range"
    DELIVERABLE_MISSING = "deliverable_missing"
    # refunds
    CASE_OPEN = "case_open"
    CASE_CLOSED = "case_closed"
    CASE_UNDECIDED = "case_undecided"
    CASE_STALE = "case_stale"
    APPEAL_CLOSED = "appeal_closed"
    NOTHING_TO_REFUND = "nothing_to_refund"
    OUTCOME_UNKNOWN = "outcome_unknown"
    EVIDENCE_MISSING = "evidence_missing"
    REASON_UNKNOWN = "reason_unknown"
    # deposits
    DEPOSIT_STATE = "deposit_state"
    DEPOSIT_UNLIKE = "deposit_unlike"
    DEPOSIT_LIMIT = "deposit_limit"
    DEPOSIT_RANGE = "deposit_range"
    MONEY_MALFORMED = "money_malformed"
    # policy
    POLICY_UNPROVEN = "policy_unproven"
    POLICY_VERSION_TAKEN = "policy_version_taken"
    # the machine
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Words:
    """HTTP status, what happened and why, and the next step. Both texts take the refusal's facts as %(name)s."""

    status: int
    sentence: str
    next_step: str


_ = gettext_noop

CODES: dict[RefusalCode, Words] = {
    RefusalCode.MALFORMED: Words(400, _("The request could not be read."), _("Check the format and send it again.")),
    RefusalCode.NUMBER_OUT_OF_RANGE: Words(
        422, _("The number must be from %(minimum)s to %(maximum)s."), _("Choose a number in that range.")
    ),
    RefusalCode.FIELD_TWICE: Words(
        400, _("The same field was sent twice."), _("Send it once, so that nobody has to guess which one counts.")
    ),
    RefusalCode.JSON_MALFORMED: Words(
        400,
        _("The body is not valid JSON (line %(line)s, column %(column)s)."),
        _("Send one JSON object in UTF-8, without NaN or Infinity."),
    ),
    RefusalCode.BODY_TOO_LARGE: Words(
        413, _("The request is larger than %(maximum_mb)s MB."), _("Send less at once. Nothing was charged.")
    ),
    RefusalCode.BODY_TYPE: Words(
        415, _("The body is not of the type expected here."), _("Send it as %(expected)s with that Content-Type.")
    ),
    RefusalCode.METHOD_NOT_ALLOWED: Words(
        405, _("This address does not take %(method)s."), _("Use %(allowed)s here; the API page lists all addresses.")
    ),
    RefusalCode.FILE_TOO_LARGE: Words(
        413, _("The file is larger than %(maximum_mb)s MB."), _("Send a smaller file or a link to it.")
    ),
    RefusalCode.NOT_SIGNED_IN: Words(401, _("Please sign in first."), _("Sign in and try again.")),
    RefusalCode.API_KEY_INVALID: Words(
        401, _("The API key is not valid."), _("Send 'Authorization: Bearer KEY' with a key from your settings page.")
    ),
    RefusalCode.API_KEY_IN_ADDRESS: Words(
        400,
        _("An API key must never stand in an address: addresses are kept in logs everywhere."),
        _("Revoke this key on your settings page, make a new one, and send it in the Authorization header."),
    ),
    RefusalCode.CUSTOMERS_ONLY: Words(
        403, _("This is for customers; staff work at the desk."), _("Use a key of a customer's account.")
    ),
    RefusalCode.SCOPE_MISSING: Words(
        403, _("This API key may not do that."), _("Make a key with the scope '%(scope)s' on your settings page.")
    ),
    RefusalCode.ROLE_MISSING: Words(
        403, _("Your role does not allow this."), _("Ask an operator to do it or to change your role.")
    ),
    RefusalCode.NOT_FOUND: Words(404, _("There is nothing here."), _("Check the address or the number.")),
    RefusalCode.RATE_LIMITED: Words(
        429, _("That was too many requests in a short time."), _("Wait %(seconds)s seconds and try again.")
    ),
    RefusalCode.EMAIL_TAKEN: Words(422, _("This address can't be used."), _("Use another one, or sign in.")),
    RefusalCode.KEY_MISSING: Words(
        400,
        _("A request that spends Credits needs the header Idempotency-Key."),
        _("Send a new random key with each new order, and the same key when you repeat one."),
    ),
    RefusalCode.KEY_MALFORMED: Words(
        400, _("The Idempotency-Key is not valid."), _("Use 8 to 100 letters, digits, '-', '_', '.' or ':'.")
    ),
    RefusalCode.KEY_REUSED: Words(
        409,
        _("This Idempotency-Key was already used for a different request."),
        _("Use a new key for a new request. Nothing was charged."),
    ),
    RefusalCode.NOT_ENOUGH_CREDITS: Words(
        402,
        _("This costs %(needed)s Credits and %(available)s are available."),
        _("Add Credits to your wallet or order less. Nothing was charged."),
    ),
    RefusalCode.ACCOUNT_FROZEN: Words(
        403, _("Your Credits are frozen for now."), _("Write to %(support)s and we'll tell you why.")
    ),
    RefusalCode.ACCOUNT_CLOSED: Words(403, _("This account is closed."), _("Write to %(support)s.")),
    RefusalCode.ACCOUNT_IN_DEBT: Words(
        403,
        _("A disputed deposit left %(debt)s Credits to settle first."),
        _("Add Credits to your wallet; the debt is settled first."),
    ),
    RefusalCode.CREDITS_STAY_INSIDE: Words(
        403,
        _("Credits can't be paid out or moved to anyone else."),
        _("Spend them on any service; refunds come back as Credits in the same second."),
    ),
    RefusalCode.CREDITS_LIMIT: Words(
        422, _("An account holds at most %(maximum)s Credits."), _("Spend some first, or choose a smaller amount.")
    ),
    RefusalCode.REFUND_ABOVE_CHARGE: Words(
        409,
        _("No more can go back than was charged: %(left)s Credits are left."),
        _("Reload the page to see what has already gone back."),
    ),
    RefusalCode.POSTED_ALREADY: Words(
        409, _("This has already been booked."), _("Reload the page to see the present state.")
    ),
    RefusalCode.REASON_MISSING: Words(422, _("A reason is needed."), _("Say in a sentence why, then send again.")),
    RefusalCode.SECOND_PERSON_NEEDED: Words(
        403,
        _("Above %(limit)s Credits a second person must approve."),
        _("Ask a colleague who may approve and has not decided it; as a gift, give no more than that."),
    ),
    RefusalCode.SERVICE_UNKNOWN: Words(404, _("There is no such service."), _("Choose one from the service list.")),
    RefusalCode.SERVICE_UNAVAILABLE: Words(
        409, _("This service can't be ordered at the moment."), _("Choose another service. Nothing was charged.")
    ),
    RefusalCode.TERMS_CHANGED: Words(
        409,
        _("The price or terms of this service changed while you were ordering."),
        _("Look at the new terms and confirm again. Nothing was charged."),
    ),
    RefusalCode.POLICY_CHANGED: Words(
        409,
        _("The refund policy changed while you were ordering."),
        _("Look at the new policy and confirm again. Nothing was charged."),
    ),
    RefusalCode.ORDER_ENDED: Words(
        409, _("This order has already ended."), _("If something is wrong with it, ask for a refund on its page.")
    ),
    RefusalCode.ORDER_ACCEPTED: Words(
        409,
        _("The order is already being processed, so it can't be cancelled any more."),
        _("If something goes wrong, ask for a refund on the order's page, or write to %(support)s."),
    ),
    RefusalCode.ORDER_NOT_WAITING: Words(
        409, _("This order isn't waiting for anything from you."), _("Reload the page to see its status.")
    ),
    RefusalCode.ORDER_STATUS: Words(
        409,
        _("This can't be done while the order is '%(status)s'."),
        _("Reload the page to see what can be done now."),
    ),
    RefusalCode.STOP_NOT_OFFERED: Words(
        409,
        _("This service can't be stopped once work has begun."),
        _("If something goes wrong, ask for a refund on the order's page."),
    ),
    RefusalCode.STOP_ASKED_ALREADY: Words(
        409, _("We have already asked for this order to be stopped."), _("The answer will show on the order's page.")
    ),
    RefusalCode.UNITS_OUT_OF_RANGE: Words(
        422, _("The units done must be between %(minimum)s and %(maximum)s."), _("Correct the number and send again.")
    ),
    RefusalCode.DELIVERABLE_MISSING: Words(
        422, _("There is nothing that the customer could look at."), _("Add a file or a note, then send again.")
    ),
    RefusalCode.CASE_OPEN: Words(
        409, _("This order already has an open refund request."), _("Add what you know to that request.")
    ),
    RefusalCode.CASE_CLOSED: Words(
        409, _("This request has already been decided."), _("Open the request to read the decision.")
    ),
    RefusalCode.CASE_UNDECIDED: Words(
        409,
        _("With these facts the policy still asks for a review."),
        _("Mark every claim as verified or refuted, with its evidence."),
    ),
    RefusalCode.CASE_STALE: Words(
        409, _("The case changed while you were looking at it."), _("Reload it, look again, then decide.")
    ),
    RefusalCode.APPEAL_CLOSED: Words(
        409,
        _("This decision can't be contested, or not any more."),
        _("A denial can be contested once, within the days that the policy names. Write to %(support)s."),
    ),
    RefusalCode.NOTHING_TO_REFUND: Words(
        409, _("All Credits of this order have already gone back."), _("Your wallet shows them.")
    ),
    RefusalCode.OUTCOME_UNKNOWN: Words(
        409,
        _("We're still finding out whether this order was delivered."),
        _("You'll hear from us by the time shown on the order. Nothing is lost meanwhile."),
    ),
    RefusalCode.EVIDENCE_MISSING: Words(
        422, _("This needs evidence."), _("Say what you saw and where, so that the customer can check it.")
    ),
    RefusalCode.REASON_UNKNOWN: Words(
        422, _("There is no such reason in the policy."), _("Choose one of the reasons listed.")
    ),
    RefusalCode.DEPOSIT_STATE: Words(
        409, _("This deposit is already '%(state)s'."), _("Reload the list to see its present state.")
    ),
    RefusalCode.DEPOSIT_UNLIKE: Words(
        409,
        _("The amount received is not the amount requested."),
        _("State what was received and why it is right, then confirm again."),
    ),
    RefusalCode.DEPOSIT_LIMIT: Words(
        422, _("At most %(maximum)s open deposits at a time."), _("Finish or cancel an open one first.")
    ),
    RefusalCode.POLICY_UNPROVEN: Words(
        422, _("The policy file has %(count)s open problems and was not activated."), _("Correct them and check again.")
    ),
    RefusalCode.POLICY_VERSION_TAKEN: Words(
        409,
        _("Version %(version)s of the policy was activated before."),
        _("Give the file a new version and a date of its own, and check it again. The active policy is unchanged."),
    ),
    RefusalCode.BUSY: Words(
        503, _("Someone else is changing the same thing right now."), _("Try again in a few seconds.")
    ),
    RefusalCode.UNAVAILABLE: Words(
        503,
        _("The service can't be reached at the moment."),
        _("Repeat the request in a few seconds, with the same Idempotency-Key if it has one: it has one effect."),
    ),
    RefusalCode.INTERNAL: Words(
        500,
        _("Something failed on our side."),
        _("Repeat the request with the same Idempotency-Key: it has one effect. Write to %(support)s if it stays so."),
    ),
}


class _Values(dict[str, object]):
    """Values for the words; one that the database could not tell reads '?' instead of failing the answer."""

    def __missing__(self, name: str) -> object:
        return "?"


CODES.update({RefusalCode(code): Words(422, *texts) for code, texts in INPUT_WORDS.items()})


class Refusal(Exception):
    """A stated 'no'. Whoever raises it has changed nothing, or rolls back what they changed.

    Attributes:
        code: the enumerated reason.
        field: the input that has to change, or None.
        facts: values for the words and for programs (amounts already formatted).
        clause: the policy clause behind it, such as '4.2', or None.
    """

    def __init__(
        self, code: RefusalCode, field: str | None = None, *, clause: str | None = None, **facts: object
    ) -> None:
        super().__init__(code.value)
        self.code = code
        self.field = field
        self.clause = clause
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.code.value}: {self.sentence}"

    @property
    def status(self) -> int:
        """HTTP status: 4xx, or 503 when another transaction holds the row; 500 only for `internal`."""
        return CODES[self.code].status

    @property
    def sentence(self) -> str:
        """What happened and why, in the active language."""
        return gettext(CODES[self.code].sentence) % self._values()

    @property
    def next_step(self) -> str:
        """What to do now, in the active language."""
        return gettext(CODES[self.code].next_step) % self._values()

    def _values(self) -> "_Values":
        return _Values(self.facts, support=settings.SMMATIC_SUPPORT_ADDRESS)

    def as_dict(self) -> dict[str, object]:
        """The refusal as every API answers it."""
        answer: dict[str, object] = {
            "code": self.code.value,
            "field": self.field,
            "message": self.sentence,
            "next": self.next_step,
        }
        if self.clause:
            answer["clause"] = self.clause
        return answer


class Refusals(Exception):
    """Several refusals of one request, one a field, so that a person can mend all of them at once."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(str(refusal) for refusal in refusals))
        self.refusals = list(refusals)

    @property
    def status(self) -> int:
        """HTTP status of the first."""
        return self.refusals[0].status
