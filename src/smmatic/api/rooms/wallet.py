"""Credits: balance, statement, deposits, and the closed list of transfer kinds."""

from typing import Annotated

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from ninja import Router, Status

from smmatic.api.inputs import Cursor, DepositIn, Limit, TransferIn
from smmatic.api.keys import holder_of, person_of
from smmatic.api.money_outputs import (
    BalanceOut,
    DepositOut,
    DepositPage,
    GrantOut,
    KindList,
    KindOut,
    MeOut,
    StatementPage,
    TransferOut,
)
from smmatic.api.outputs import Refused
from smmatic.api.rooms.catalogue import clause_out
from smmatic.api.rooms.orders import Key
from smmatic.api.routes import ORDER, READ, answers, cursor_parameter, limit_parameter, page_of
from smmatic.api.shapes import amount
from smmatic.credits.idempotency import check_key
from smmatic.credits.queries import TransferRow, statement, transfer_kinds, wallet
from smmatic.deposits.actions import cancel_deposit, request_deposit
from smmatic.deposits.queries import DepositRow, deposit_of, deposits_of
from smmatic.kernel.amounts import parse_credits
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.policy.queries import current_policy
from smmatic.web.words import word

router = Router(tags=[_("Credits")])

WAYS_BACK = {
    "refund",
    "payment_method",
    "bank",
    "card",
    "e-wallet",
    "ewallet",
    "payout",
    "withdraw",
    "cash",
    "chargeback",
}
"""Ways out that clause 1.2 names: back to where the money came from. Every other way is clause 1.1's."""


@router.get(
    "/balance",
    auth=READ,
    response=answers(200, BalanceOut, 401, 403),
    summary=_("Your balance"),
    description=_("Your Credits as they can be spent now."),
)
def read_balance(request: HttpRequest) -> BalanceOut:
    """Your Credits as they can be spent now."""
    found = wallet(person_of(request).id)
    return BalanceOut(
        available=amount(found.available),
        held=amount(found.held),
        bonus=amount(found.bonus),
        grants=[
            GrantOut(origin=grant.origin, remaining=amount(grant.remaining), expires_at=grant.expires_at)
            for grant in found.grants
        ],
        version=found.version,
        status=found.status,
    )


@router.get(
    "/statement",
    auth=READ,
    response=answers(200, StatementPage, 401, 403, 422),
    summary=_("Your statement"),
    description=_("Every movement of your Credits with its reason, the newest first."),
)
def read_statement(
    request: HttpRequest,
    cursor: Annotated[Cursor | None, cursor_parameter()] = None,
    limit: Annotated[Limit, limit_parameter(50)] = 50,
) -> StatementPage:
    """Every movement of your Credits with its reason, the newest first."""
    rows = statement(person_of(request).id, before_version=cursor, limit=limit + 1)
    shown, more = page_of(rows, limit)
    return StatementPage(items=[_transfer(row) for row in shown], next_cursor=shown[-1].version if more else None)


@router.get(
    "/transfer-kinds",
    response=answers(200, KindList),
    summary=_("Every transfer kind"),
    description=_(
        "The closed list of ways in which Credits move. None leads out of the platform or to anyone else "
        "(clauses 1.1, 1.2). Needs no key."
    ),
)
def list_kinds(request: HttpRequest) -> KindList:
    """The closed list of ways in which Credits move."""
    document = current_policy().document
    return KindList(
        clauses=[clause_out(document, "1.1"), clause_out(document, "1.2")],
        items=[
            KindOut(
                kind=row.kind,
                text=gettext(row.words),
                debit=row.debit,
                credit=row.credit,
                from_customer=row.from_customer,
                to_customer=row.to_customer,
            )
            for row in transfer_kinds()
        ],
    )


@router.post(
    "/transfers",
    auth=ORDER,
    response={403: Refused, 401: Refused, 429: Refused},
    summary=_("Always refused"),
    description=_(
        "Credits are never paid out or moved to anyone else: this says so, with the clause, and changes nothing."
    ),
)
def make_transfer(request: HttpRequest, transfer: TransferIn) -> None:
    """Credits are never paid out or moved to anyone else: this says so, with the clause, and changes nothing."""
    asked = {(transfer.kind or "").lower(), (transfer.to or "").lower()}
    raise Refusal(RefusalCode.CREDITS_STAY_INSIDE, clause="1.2" if asked & WAYS_BACK else "1.1")


@router.post(
    "/deposits",
    auth=ORDER,
    response=answers(201, DepositOut, 400, 401, 403, 409, 422, 503),
    summary=_("Buy Credits by bank transfer"),
    description=_(
        "Gives the reference to write on your bank transfer and the dong to send. The Credits are there "
        "as soon as the money has been seen."
    ),
)
def make_deposit(request: HttpRequest, response: HttpResponse, deposit: DepositIn, key: Key) -> Status[DepositOut]:
    """Gives the reference to write on your bank transfer and the dong to send."""
    checked = check_key(key)
    asked = request_deposit(person_of(request), parse_credits(deposit.credits, field="credits"), checked)
    if asked.replayed:
        response["Idempotent-Replayed"] = "true"
    return Status(201, _deposit(asked.deposit))


@router.get(
    "/deposits",
    auth=READ,
    response=answers(200, DepositPage, 401, 403, 422),
    summary=_("Your deposits"),
    description=_("Your deposits, the newest first."),
)
def list_deposits(
    request: HttpRequest,
    cursor: Annotated[Cursor | None, cursor_parameter()] = None,
    limit: Annotated[Limit, limit_parameter(25)] = 25,
) -> DepositPage:
    """Your deposits, the newest first."""
    rows = deposits_of(person_of(request).id, before_id=cursor, limit=limit + 1)
    shown, more = page_of(rows, limit)
    return DepositPage(items=[_deposit(row) for row in shown], next_cursor=shown[-1].id if more else None)


@router.get(
    "/deposits/{id:deposit_id}",
    auth=READ,
    response=answers(200, DepositOut, 401, 403, 404),
    summary=_("One deposit"),
    description=_("One deposit and whether its money has been seen."),
)
def read_deposit(request: HttpRequest, deposit_id: int) -> DepositOut:
    """One deposit and whether its money has been seen."""
    return _deposit(deposit_of(person_of(request), deposit_id))


@router.post(
    "/deposits/{id:deposit_id}/cancel",
    auth=ORDER,
    response=answers(200, DepositOut, 401, 403, 404, 409),
    summary=_("Take back a deposit"),
    description=_("Takes back a deposit whose money has not been seen."),
)
def take_back_deposit(request: HttpRequest, deposit_id: int) -> DepositOut:
    """Takes back a deposit whose money has not been seen."""
    return _deposit(cancel_deposit(person_of(request), deposit_id))


@router.get(
    "/me",
    auth=READ,
    response=answers(200, MeOut, 401, 403),
    summary=_("Whose key this is"),
    description=_("The customer behind the key, and what the key may do."),
)
def read_me(request: HttpRequest) -> MeOut:
    """The customer behind the key, and what the key may do."""
    holder = holder_of(request)
    person = holder.person
    return MeOut(
        id=person.id,
        email=person.email,
        name=person.name,
        language=person.language,
        key_id=holder.key_id,
        scopes=sorted(holder.scopes),
    )


def _transfer(row: TransferRow) -> TransferOut:
    return TransferOut(
        id=row.id,
        version=row.version,
        kind=row.kind,
        text=gettext(row.words),
        amount=amount(row.amount),
        change=amount(row.change),
        held_change=amount(row.held_change),
        available_after=amount(row.available_after),
        held_after=amount(row.held_after),
        order_id=row.order_id,
        case_id=row.case_id,
        deposit_id=row.deposit_id,
        clause=row.clause,
        reason=row.reason,
        at=row.recorded_at,
    )


def _deposit(row: DepositRow) -> DepositOut:
    return DepositOut(
        id=row.id,
        state=row.state,
        state_text=str(word("deposit", row.state).label),
        amount=amount(row.units),
        money=row.money,
        currency=row.currency,
        price=row.price,
        method=row.method,
        reference=row.reference,
        pay_to=settings.SMMATIC_BANK_DETAILS,
        credited=amount(row.credited_units) if row.credited_units is not None else None,
        requested_at=row.requested_at,
        ended_at=row.ended_at,
        note=row.note,
    )
