"""Credits over time: every report is summed from the transfers and agrees with the others and with the accounts."""

import csv
import io
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from smmatic.accounts.rules import Role
from smmatic.credits.queries import liability, totals_by_kind
from smmatic.credits.reports import by_clause, liabilities, months, reconciled, returned
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.refunds.actions import cancel
from tests.builders import customer, give, person, placed

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy():
    """A customer with Credits of every kind, one order cancelled, one delivered and partly refunded, one held."""
    who = customer(1000)
    give(who, 30 * UNITS, "bonus", expires_at=now() + timedelta(days=30))
    give(who, 20 * UNITS, "goodwill")
    give(who, 10 * UNITS, "adjust_up")
    cancel(who, placed(who).id)
    done = placed(who)
    give(who, 105 * UNITS, "capture", order_id=done.id)
    give(who, 40 * UNITS, "refund", order_id=done.id, clause="2.2")
    placed(who)
    return who


def test_the_kinds_of_liability_add_up_to_what_customers_have(busy):
    zone = settings.TIME_ZONE
    by_month, kinds = months(zone), liabilities(zone)
    assert [one.first for one in by_month] == [one.first for one in kinds]
    assert [one.owed for one in by_month] == [one.owed for one in kinds]
    last, stored = kinds[-1], liability()
    assert (sum(last.available.values()), last.held, last.disputed) == (
        stored["available"], stored["held"], stored["disputed"],
    )  # fmt: skip
    assert last.owed == reconciled().by_transfers == reconciled().by_accounts


def test_a_gift_and_a_hold_show_under_their_kind():
    zone = settings.TIME_ZONE
    who = customer(200)
    before = liabilities(zone)[-1]
    give(who, 7, "goodwill")
    placed(who)  # the present is spent first
    after = liabilities(zone)[-1]
    assert after.available["goodwill"] == before.available["goodwill"]
    assert after.available["paid"] - before.available["paid"] == 7 - 105 * UNITS
    assert after.held - before.held == 105 * UNITS


def test_what_the_clauses_returned_is_what_was_released_and_refunded(busy):
    rows = returned(settings.TIME_ZONE)
    totals = totals_by_kind()
    assert sum(row.units for row in rows) == totals["release"] + totals["refund"]
    assert sum(units for _clause, units, _count in by_clause(rows)) == sum(row.units for row in rows)
    by_month = {one.first: one.released + one.refunded for one in months(settings.TIME_ZONE)}
    assert all(sum(row.units for row in rows if row.first == first) == units for first, units in by_month.items())
    assert "2.2" in {row.clause for row in rows}


def test_the_page_and_its_sheets_say_the_same(busy):
    client = Client()

    auditor = get_user_model().objects.get(id=person(Role.OPERATOR).id)
    client.force_login(auditor, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(reverse("desk:reports"), headers={"host": "127.0.0.1"})
    assert page.status_code == 200
    assert b"Reconciled" in page.content
    sheet = client.get(reverse("desk:report_sheet", args=["csv"]), headers={"host": "127.0.0.1"})
    rows = list(csv.reader(io.StringIO(b"".join(sheet.streaming_content).decode("utf-8-sig"))))
    last = dict(zip(rows[0], rows[-1], strict=True))
    kinds = [float(value) for head, value in last.items() if head.startswith("Owed: ")]
    assert round(sum(kinds), 4) == float(last["Owed"])
    clauses = client.get(reverse("desk:clause_sheet", args=["csv"]), headers={"host": "127.0.0.1"})
    assert b"2.2" in b"".join(clauses.streaming_content)
    assert client.get(reverse("desk:clause_sheet", args=["pdf"]), headers={"host": "127.0.0.1"}).status_code == 404
