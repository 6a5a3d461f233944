"""The description of API v2 for people, at the address itself: one page that needs no script."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from smmatic.api.reference import FieldRow
from smmatic.api.reseller.shapes import STATUS
from smmatic.api.reseller.words import Word

ROOT = "/api/v2"
_ID, _TEXT, _NUMBER = "id", "text", "number"


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One action: its fields, and an example of what is sent and answered."""

    name: str
    title: object
    text: object
    fields: tuple[FieldRow, ...]
    sent: str
    answered: str
    scopes: tuple[str, ...]


def _field(name: str, kind: str, needed: bool, words: object) -> FieldRow:
    return FieldRow(name, kind, "", needed, words)  # type: ignore[arg-type]  # a lazy text becomes one on the page


_ORDER = _field("order", _ID, False, _("One order."))
_ORDERS = _field("orders", "ids", False, _("Up to 100 orders, with commas."))

ACTIONS = (
    ActionRow(
        "services",
        _("Service list"),
        _("What can be ordered now. The rate is for 1,000 units, for a package it is the price of one."),
        (),
        "action=services",
        '[{"service": 8, "name": "Shopee listing optimisation", "type": "Default", "category": "Shop", '
        '"rate": "2500.00", "min": "5", "max": "500", "dripfeed": false, "refill": true, "cancel": true, '
        '"desc": "..."}]',
        ("read", "order"),
    ),
    ActionRow(
        "add",
        _("New order"),
        _(
            "Checks, charges and places. With an idempotency_key the same request has one effect and one answer for "
            "ever: repeat it after a lost answer. Without one, the same service, link and quantity again a moment "
            "later is refused as a duplicate unless force is 1."
        ),
        (
            _field("service", _ID, True, _("A number from the service list.")),
            _field("link", _TEXT, False, _("What the work is about; needed unless the service takes a brief instead.")),
            _field("quantity", _NUMBER, False, _("Units wanted. Packages and comments need none: it is counted.")),
            _field("comments", _TEXT, False, _("For 'Custom Comments': the texts, one a line.")),
            _field("runs", _NUMBER, False, _("For services with dripfeed: how many runs, one unit in each.")),
            _field("interval", _NUMBER, False, _("For services with dripfeed: minutes from one run to the next.")),
            _field("brief", _TEXT, False, _("What you want, in your words.")),
            _field("start_now", "0, 1", False, _("1 gives up the time in which the order can be undone.")),
            _field("idempotency_key", _TEXT, False, _("8 to 100 letters, digits, '-', '_', '.' or ':'.")),
            _field("force", "0, 1", False, _("1 orders the same once more, without an idempotency_key.")),
        ),
        "action=add&service=8&link=https://shopee.vn/product/123456/987654321&quantity=5",
        '{"order": 23501}',
        ("order",),
    ),
    ActionRow(
        "status",
        _("Order status"),
        _(
            "The charge is what the order costs as things stand: what has gone back to you is taken off. Several "
            "orders are answered by id. With an idempotency_key it tells which order an 'add' has made, if it made "
            "one."
        ),
        (
            _ORDER,
            _ORDERS,
            _field("idempotency_key", _TEXT, False, _("The key of an 'add'.")),
            _field("details", "0, 1", False, _("1 adds what became of a stop request, and a fault of ours.")),
        ),
        "action=status&order=23501",
        '{"charge": "12.50", "start_count": "0", "status": "Partial", "remains": "2", "currency": "%(currency)s"}',
        ("read", "order"),
    ),
    ActionRow(
        "cancel",
        _("Cancel"),
        _(
            "A pending order is cancelled and its charge is back at once. Of one in work a stop is asked for "
            "where the service allows it: 1 says that it was asked for, the status tells what came of it."
        ),
        (_ORDERS,),
        "action=cancel&orders=23501,9",
        '[{"order": 23501, "cancel": 1}, {"order": 9, "cancel": {"error": "Incorrect order ID"}}]',
        ("order",),
    ),
    ActionRow(
        "refill",
        _("Refill"),
        _("Asks for a rework of a delivered order, where the service has one and its days are not over."),
        (_ORDER, _ORDERS, _field("reason", _TEXT, False, _("What is not as ordered, in your words."))),
        "action=refill&order=23501",
        '{"refill": "1"}',
        ("order", "refund"),
    ),
    ActionRow(
        "refill_status",
        _("Refill status"),
        _("Pending, In progress, Completed or Rejected."),
        (
            _field("refill", _ID, False, _("One refill.")),
            _field("refills", "ids", False, _("Up to 100 refills, with commas.")),
        ),
        "action=refill_status&refill=1",
        '{"status": "Completed"}',
        ("read", "order", "refund"),
    ),
    ActionRow(
        "balance",
        _("Balance"),
        _("The Credits that can be spent now."),
        (),
        "action=balance",
        '{"balance": "100.84", "currency": "%(currency)s"}',
        ("read", "order"),
    ),
)

ERRORS: tuple[tuple[Word, object], ...] = (
    (Word.KEY, _("The key is missing, wrong, ended, or may not do this.")),
    (Word.REQUEST, _("A field is missing, unknown, sent twice or can't be read.")),
    (Word.SERVICE, _("There is no such service, or it can't be ordered now.")),
    (Word.ORDER, _("You have no such order.")),
    (Word.REFILL, _("You have no such refill.")),
    (Word.LINK, _("The link can't be read or is not what this service takes.")),
    (Word.TOO_FEW, _("Followed by the smallest quantity.")),
    (Word.TOO_MANY, _("Followed by the largest quantity.")),
    (Word.FUNDS, _("Not enough Credits.")),
    (Word.TWICE, _("The same was ordered a moment ago; send force=1 if you mean it.")),
    (Word.NO_CANCEL, _("The order has ended, or its service can't be stopped once work has begun.")),
    (Word.NO_REFILL, _("The order is not delivered yet, has no rework, or its days are over.")),
    (Word.RATE, _("Wait for the next minute.")),
    (Word.BUSY, _("Nobody could answer just now. What an 'add' did, its idempotency_key tells.")),
    (Word.INTERNAL, _("A fault of ours. What an 'add' did, its idempotency_key tells.")),
)
"""Every error word with what it means."""


def reference(request: HttpRequest) -> HttpResponse:
    """Every action with its fields and an example, the status words and the error words."""
    facts = {"currency": settings.SMMATIC_CREDIT_CURRENCY}
    context = {
        "room": "api",
        "root": settings.SMMATIC_PUBLIC_URL + ROOT,
        "actions": [(row, row.answered % facts) for row in ACTIONS],
        "errors": ERRORS,
        "statuses": list(dict.fromkeys(STATUS.values())),
        "limit": settings.SMMATIC_API_CALLS_PER_MINUTE,
        "address_limit": settings.SMMATIC_API_CALLS_PER_MINUTE_ADDRESS,
        "currency": facts["currency"],
    }
    return render(request, "api/reseller.html", context)
