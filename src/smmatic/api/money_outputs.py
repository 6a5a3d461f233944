"""What the API answers about Credits, deposits, the policy and the key itself."""

from datetime import datetime

from smmatic.api.outputs import Amount, Output


class GrantOut(Output):
    """Credits of one origin: paid, bonus or goodwill."""

    origin: str
    remaining: Amount
    expires_at: datetime | None


class BalanceOut(Output):
    """Your Credits. What has expired is no longer in `available`."""

    available: Amount
    held: Amount
    bonus: Amount
    grants: list[GrantOut]
    version: int
    status: str


class TransferOut(Output):
    """One line of the statement. `change` is what it did to `available`, `held_change` to `held`."""

    id: int
    version: int
    kind: str
    text: str
    amount: Amount
    change: Amount
    held_change: Amount
    available_after: Amount
    held_after: Amount
    order_id: int | None
    case_id: int | None
    deposit_id: int | None
    clause: str | None
    reason: str
    at: datetime


class StatementPage(Output):
    """Transfers, the newest first."""

    items: list[TransferOut]
    next_cursor: int | None


class KindOut(Output):
    """A transfer kind: from which bucket to which. `available`, `held`, `disputed` and `debt` are the customer's."""

    kind: str
    text: str
    debit: str
    credit: str
    from_customer: bool
    to_customer: bool


class ClauseOut(Output):
    """One clause of the policy in your language."""

    number: str
    title: str
    text: str
    kind: str


class KindList(Output):
    """Every transfer kind that there is: none pays out, none moves Credits to anyone else."""

    clauses: list[ClauseOut]
    items: list[KindOut]


class ClassTime(Output):
    """In how many business days a person answers, for a class of services."""

    service_class: str
    name: str
    business_days: int


class PolicyOut(Output):
    """The policy in force."""

    id: int
    version: str
    effective_at: datetime
    language: str
    title: str
    intro: str
    clauses: list[ClauseOut]
    times: list[ClassTime]
    cut_off: str
    due_by: str
    zone: str
    appeal_days: int
    unknown_hours: int
    stop_answer_hours: int
    bonus_grace_days: int
    support_address: str


class MeOut(Output):
    """Whose key this is and what it may do."""

    id: int
    email: str
    name: str
    language: str
    key_id: int
    scopes: list[str]


class DepositOut(Output):
    """A deposit. `money` in dong: what to transfer, with `reference` as the transfer's text."""

    id: int
    state: str
    state_text: str
    amount: Amount
    money: int
    currency: str
    price: int
    method: str
    reference: str
    pay_to: str
    credited: Amount | None
    requested_at: datetime
    ended_at: datetime | None
    note: str


class DepositPage(Output):
    """Deposits, the newest first."""

    items: list[DepositOut]
    next_cursor: int | None
