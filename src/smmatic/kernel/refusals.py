"""Every 'no' that SMMATIC can say: an enumerated code, a sentence, what to do next, and the HTTP status.

A refusal is an answer, not an accident: whoever catches one may be sure that nothing was changed and nothing charged.
"""

from collections.abc import Sequence
from enum import StrEnum

from django.conf import settings
from django.utils.translation import gettext

from smmatic.kernel.refusal_words import credits, deposits, inputs, orders, policy, refunds, requests
from smmatic.kernel.refusal_words.words import Words


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


CODES: dict[RefusalCode, Words] = {
    RefusalCode(code): words
    for table in (requests.WORDS, credits.WORDS, orders.WORDS, refunds.WORDS, deposits.WORDS, policy.WORDS)
    for code, words in table.items()
} | {RefusalCode(code): Words(422, *texts) for code, texts in inputs.INPUT_WORDS.items()}
"""The words of every code, from the file of its area in `refusal_words`."""


class _Values(dict[str, object]):
    """Values for the words; one that the database could not tell reads '?' instead of failing the answer."""

    def __missing__(self, name: str) -> object:
        return "?"


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
