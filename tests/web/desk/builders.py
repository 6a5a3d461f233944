"""People at the desk with a signed-in browser each, and cases, work and deposits for them to work on."""

import re
from html import unescape
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.deposits.actions import request_deposit
from smmatic.deposits.queries import DepositRow
from smmatic.kernel.amounts import UNITS
from smmatic.orders.actions import accept_due
from smmatic.orders.queries import OrderRow
from smmatic.orders.steps import PROVIDER, SYSTEM
from smmatic.refunds.actions import end_order, request_refund
from smmatic.refunds.queries import CaseRow, open_case
from smmatic.refunds.situations import ClaimInput
from tests.builders import begun, new_key, person, placed, reread

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class Browser:
    """A signed-in person's browser."""

    def __init__(self, who: Person | None) -> None:
        self.who = who
        self.client = Client()
        if who is not None:
            self.client.force_login(get_user_model().objects.get(id=who.id), backend=BACKEND)

    def get(self, path: str, status: int = 200, **query: Any) -> str:
        """The page, after checking its status."""
        answer = self.client.get(path, query)
        assert answer.status_code == status, (path, answer.status_code, words(answer.content.decode())[:500])
        return answer.content.decode()

    def post(self, path: str, status: int = 302, **fields: Any) -> str:
        """Sends a form: 302 for one that was carried out (the page after it), else the refused page."""
        answer = self.client.post(path, fields)
        body = answer.content.decode()
        assert answer.status_code == status, (path, answer.status_code, words(body)[:800])
        return self.get(answer["Location"]) if answer.status_code == 302 else body


def browser(role: Role = Role.AGENT) -> Browser:
    """A new member of staff at the desk."""
    return Browser(person(role))


def words(page: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<(script|style|svg)[^>]*>.*?</\1>|<[^>]+>", " ", page, flags=re.S)))


def version_on(page: str) -> str:
    """The version of the case that the forms of a page carry."""
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found.group(1)


def reviewed_case(who: Person, quantity: int = 100, *, delivered: int = 40) -> CaseRow:
    """A case with one claim that nobody has checked: delivered in part, the customer says that we failed."""
    order = begun(who, "TT-ADS", quantity, delivered=delivered)
    request_refund(who, order.id, reason_code="not_delivered", words="The rest never came.", key=new_key())
    return the_case(order)


def alleged_by_provider(who: Person, quantity: int = 100, *, delivered: int = 40) -> CaseRow:
    """A case that the delivery partner caused: it ended the order and blames the customer's information."""
    order = begun(who, "TT-ADS", quantity, delivered=delivered)
    claim = ClaimInput("wrong_information", "alleged", "provider", "account not eligible")
    end_order(order.id, "partial", actor=PROVIDER, why="stopped", claims=[claim])
    return the_case(order)


def finished(who: Person, quantity: int = 100) -> OrderRow:
    """An order of the customer that was completed."""
    order = begun(who, "TT-ADS", quantity)
    end_order(order.id, "completed", actor=SYSTEM)
    return reread(order.id)


def the_case(order: OrderRow) -> CaseRow:
    """The open case of an order."""
    case = open_case(order.id)
    assert case is not None
    return case


def staff_order(who: Person, quantity: int = 10) -> OrderRow:
    """An order for our own people, accepted."""
    order = placed(who, "ANY-PHOTO", quantity, start_now=True, link="", brief="Remove the background, please.")
    while reread(order.id).status == "pending":
        accept_due()
    return reread(order.id)


def deposit(who: Person, credits: int = 100) -> DepositRow:
    """A deposit that waits for its money."""
    return request_deposit(who, credits * UNITS, new_key()).deposit
