"""The wallet: available, held, bonus with expiry; adding Credits; a statement to read and to import."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from smmatic.accounts.queries import Person
from smmatic.credits.queries import statement, wallet
from smmatic.dashboard.common import customer_page
from smmatic.deposits.queries import deposits_of
from smmatic.kernel.refusals import Refusal
from smmatic.web.pages import cursor, new_key, show
from smmatic.web.statements import period_of, statement_file, statement_response

PAGE = 25
KINDS = {
    "deposit": gettext_lazy("Credits bought"),
    "bonus": gettext_lazy("Bonus Credits"),
    "goodwill": gettext_lazy("Goodwill Credits"),
    "hold": gettext_lazy("Held for an order"),
    "release": gettext_lazy("Returned from an order"),
    "capture": gettext_lazy("Spent on an order"),
    "forfeit": gettext_lazy("Kept for an order that could not be refunded"),
    "refund": gettext_lazy("Refunded for an order"),
    "breakage": gettext_lazy("Expired"),
    "dispute_freeze": gettext_lazy("Frozen while a deposit is disputed"),
    "dispute_restore": gettext_lazy("Unfrozen after a dispute"),
    "dispute_remove": gettext_lazy("Removed after a dispute"),
    "dispute_debt": gettext_lazy("Owed after a dispute"),
    "debt_repay": gettext_lazy("Debt settled"),
    "adjust_up": gettext_lazy("Correction"),
    "adjust_down": gettext_lazy("Correction"),
}
"""Transfer kinds in the words of the statement."""

ICONS = {"deposit": "plus", "bonus": "gift", "goodwill": "gift", "hold": "lock", "capture": "package"}


@require_safe
@customer_page
def wallet_page(request: HttpRequest, person: Person) -> HttpResponse:
    """Balances, the form that adds Credits, open deposits, and the newest lines of the statement."""
    return wallet_response(request, person)


@require_safe
@customer_page
def statement_page(request: HttpRequest, person: Person) -> HttpResponse:
    """The statement of a period, to read and to print: balances before and after, every transfer, and its hash."""
    return statement_response(request, person.id, "dashboard/statement.html", {"room": "wallet"})


@require_safe
@customer_page
def statement_csv(request: HttpRequest, person: Person) -> HttpResponse:
    """The statement of a period as CSV."""
    return statement_file(person.id, period_of(request), "csv")


@require_safe
@customer_page
def statement_xlsx(request: HttpRequest, person: Person) -> HttpResponse:
    """The statement of a period as XLSX."""
    return statement_file(person.id, period_of(request), "xlsx")


def wallet_response(
    request: HttpRequest, person: Person, values: dict[str, str] | None = None, refused: Refusal | None = None
) -> HttpResponse:
    """The wallet page, again with what is refused where something is."""
    before = cursor(request)
    rows = statement(person.id, before_version=before, limit=PAGE + 1)
    shown = rows[:PAGE]
    money = wallet(person.id)
    context = {
        "room": "wallet",
        "wallet": money,
        "paid": money.available - money.bonus,
        "bonuses": [grant for grant in money.grants if grant.origin != "paid"],
        "rows": [(row, KINDS.get(row.kind, row.kind), ICONS.get(row.kind, "arrow-back-up")) for row in shown],
        "first": before is None,
        "next_cursor": shown[-1].version if len(rows) > PAGE else None,
        "values": values or {},
        "deposits": deposits_of(person.id, limit=10),
        "key": new_key(),
        "rate": int(settings.SMMATIC_CREDIT_PRICE_VND),
    }
    return show(request, "dashboard/wallet.html", context, refused)
