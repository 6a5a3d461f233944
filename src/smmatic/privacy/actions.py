"""Asking that one's data be erased, taking it back, and the erasure itself.

What goes: names, addresses, links, briefs, messages, files, mails and every reason in words. What stays: amounts,
clauses, facts of the policy, times and numbers, so that the ledger is whole and every order and refund still explains
itself.
"""

import logging
from datetime import timedelta

from django.conf import settings

from smmatic.accounts import personal_steps as accounts
from smmatic.accounts.desk_actions import note
from smmatic.accounts.queries import Person, addresses_of, person
from smmatic.accounts.rules import Permission
from smmatic.credits.account_steps import close_account
from smmatic.credits.queries import wallet
from smmatic.kernel.amounts import format_credits, parse_credits
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic, execute
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.privacy.models import Erasure
from smmatic.privacy.queries import ErasureRow, erasure_of, standing

_log = logging.getLogger(__name__)
BY_ADDRESS = ("notices_erase_v1", "support_erase_v1")
"""Functions that take each of the person's addresses too; see each package's erasure.sql."""

ALONE = ("fulfilment_erase_v1", "refunds_erase_v1", "deposits_erase_v1", "orders_erase_v1", "catalogue_erase_v1",
         "credits_erase_v1")  # fmt: skip


def ask_erasure(customer: Person, *, email: str, credits: str = "") -> ErasureRow:
    """Asks for the erasure of one's data, SMMATIC_ERASURE_DAYS from now.

    Args:
        customer: who asks.
        email: their own address, typed, so that nobody does it by accident.
        credits: the Credits that are left, typed, by which the customer gives them up; '' where none are left.

    Raises:
        Refusal: `customers_only`, `field_invalid` (email), `erasure_standing` while something is open,
            `erasure_credits` where Credits are left and not given up, `erasure_asked`.
    """
    if customer.staff:
        raise Refusal(RefusalCode.CUSTOMERS_ONLY)
    if email.strip().lower() != customer.email.lower():
        raise Refusal(RefusalCode.FIELD_INVALID, "email")
    _check_standing(customer.id)
    left = _left(customer.id)
    given_up = parse_credits(credits, field="credits") if credits.strip() else 0
    if left != given_up:
        raise Refusal(RefusalCode.ERASURE_CREDITS, "credits", left=format_credits(left))
    with atomic():
        if erasure_of(customer.id) is not None:
            raise Refusal(RefusalCode.ERASURE_ASKED)
        due = now() + timedelta(days=settings.SMMATIC_ERASURE_DAYS)
        Erasure.objects.create(customer_id=customer.id, due_at=due, units=left)
    return _row(customer.id)


def withdraw_erasure(customer: Person) -> None:
    """Takes the request back while it waits.

    Raises:
        Refusal: `not_found`.
    """
    rows = Erasure.objects.filter(customer_id=customer.id, state="asked")
    if not rows.update(state="withdrawn", ended_at=now()):
        raise Refusal(RefusalCode.NOT_FOUND)


def confirm_erasure(operator: Person, customer_id: int) -> None:
    """An operator does now what was asked for.

    Raises:
        Refusal: `role_missing` also for oneself, `not_found` where nothing was asked, `erasure_standing`,
            `erasure_credits` where Credits came since that nobody gave up.
    """
    operator.need(Permission.PEOPLE_MANAGE)
    if operator.id == customer_id:
        raise Refusal(RefusalCode.ROLE_MISSING)
    _erase(customer_id, operator)


def erase_due(limit: int = 20) -> int:
    """Erases what was asked for and whose time has come; how many. What can't be yet is logged, and tried again."""
    due = Erasure.objects.filter(state="asked", due_at__lte=now()).order_by("due_at", "id")
    done = 0
    for customer_id in list(due.values_list("customer_id", flat=True)[:limit]):
        try:
            _erase(customer_id, None)
            done += 1
        except Refusal as refusal:
            _log.warning("the data of customer %s can't be erased yet: %s", customer_id, refusal.code.value)
    return done


def _erase(customer_id: int, operator: Person | None) -> None:
    with atomic():
        row = Erasure.objects.select_for_update(no_key=True).filter(customer_id=customer_id, state="asked").first()
        who = person(customer_id)
        if row is None or who is None:
            raise Refusal(RefusalCode.NOT_FOUND)
        left = close_account(customer_id)  # nothing can be ordered from here on
        _check_standing(customer_id)
        if left > row.units:
            raise Refusal(RefusalCode.ERASURE_CREDITS, left=format_credits(left))
        for function in BY_ADDRESS:
            for address in addresses_of(customer_id):
                execute(f"SELECT {function}(%s, %s)", [customer_id, address])  # from the tuple above
        for function in ALONE:
            execute(f"SELECT {function}(%s)", [customer_id])  # from the tuple above
        accounts.erase(customer_id)
        row.state, row.ended_at, row.units = "done", now(), left
        row.confirmed_by_id = operator.id if operator else None
        row.save(update_fields=["state", "ended_at", "units", "confirmed_by"])
        if operator is not None:
            note(operator, "erased", subject_id=customer_id)


def _check_standing(customer_id: int) -> None:
    found = standing(customer_id)
    if found.any:
        raise Refusal(
            RefusalCode.ERASURE_STANDING, orders=len(found.orders), requests=len(found.requests),
            deposits=len(found.deposits), reworks=len(found.reworks),
        )  # fmt: skip


def _left(customer_id: int) -> int:
    found = wallet(customer_id)
    return found.available + found.held if found else 0


def _row(customer_id: int) -> ErasureRow:
    found = erasure_of(customer_id)
    if found is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    return found
