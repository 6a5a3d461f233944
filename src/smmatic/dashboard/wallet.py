"""The wallet: available, held, bonus with expiry; adding Credits; a statement to read and to import."""

import csv
import io

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from smmatic.accounts.queries import Person
from smmatic.credits.queries import TransferRow, statement, wallet
from smmatic.dashboard.common import customer_page
from smmatic.deposits.queries import deposits_of
from smmatic.kernel.amounts import format_credits
from smmatic.kernel.refusals import Refusal
from smmatic.web.pages import cursor, new_key, show

PAGE = 25
CSV_ROWS = 500
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
def statement_csv(request: HttpRequest, person: Person) -> HttpResponse:
    """The whole statement as CSV, oldest first: plain numbers with a point, ISO times in UTC."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["number", "recorded_at", "kind", "change", "held_change", "available_after", "held_after", "order", "case",
         "deposit", "clause", "reason"]
    )  # fmt: skip
    for row in reversed(_everything(person)):
        writer.writerow(_csv_row(row))
    response = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="smmatic-statement.csv"'
    return response


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


def _everything(person: Person) -> list[TransferRow]:
    rows: list[TransferRow] = []
    before: int | None = None
    while page := statement(person.id, before_version=before, limit=CSV_ROWS):
        rows += page
        before = page[-1].version
    return rows


def _csv_row(row: TransferRow) -> list[object]:
    return [
        row.version, row.recorded_at.isoformat(), row.kind, format_credits(row.change), format_credits(row.held_change),
        format_credits(row.available_after), format_credits(row.held_after), row.order_id or "", row.case_id or "",
        row.deposit_id or "", row.clause or "", defused(row.reason),
    ]  # fmt: skip


def defused(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
