"""Clauses 1.1 and 1.2: Credits never become cash, never leave for another customer, and refunds stay Credits."""

from dataclasses import replace

import psycopg
import pytest
from django.db import DatabaseError, connection

from smmatic.credits.models import KINDS
from smmatic.credits.proof import prove_account
from smmatic.credits.queries import KindRow, transfer_kinds
from smmatic.credits.rules import CUSTOMER_BUCKETS, Posting
from smmatic.credits.steps import post
from smmatic.kernel.database import atomic, fetch_all
from smmatic.kernel.refusals import Refusal, RefusalCode
from tests.builders import customer, give, ledger_of, new_key

pytestmark = pytest.mark.django_db

PLATFORM = {
    "issuance", "promotion", "goodwill", "revenue", "forfeited", "refunds", "breakage", "disputes", "adjustments",
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_stays_between_one_customer_and_the_platform(kind):
    debit, credit = KINDS[kind]
    assert {debit, credit} <= CUSTOMER_BUCKETS | PLATFORM
    assert {debit, credit} & CUSTOMER_BUCKETS, "every transfer belongs to exactly one customer"


def test_the_database_knows_the_same_kinds_and_no_other():
    buckets = sorted(CUSTOMER_BUCKETS | PLATFORM | {"cash", "bank", "card"})
    rows = fetch_all(
        "SELECT kind, debit, credit FROM unnest(%s::text[]) kind, unnest(%s::text[]) debit, unnest(%s::text[]) credit"
        " WHERE credits_kind_stands_v1(kind, debit, credit)",
        [[*KINDS, "payout", "transfer", ""], buckets, buckets],
    )
    assert {row["kind"]: (row["debit"], row["credit"]) for row in rows} == KINDS
    assert len(rows) == len(KINDS)
    checked = fetch_all("SELECT convalidated FROM pg_constraint WHERE conname = 'credits_transfer_kind'")
    assert [row["convalidated"] for row in checked] == [True]


@pytest.mark.parametrize("kind", ["payout", "withdraw", "transfer", "cash", "gift", "DEPOSIT", "", "refund_to_card"])
def test_an_invented_kind_is_refused_and_changes_nothing(kind):
    who = customer(10)
    before = ledger_of(who)
    with pytest.raises(Refusal) as refused, atomic():
        post([Posting(who.id, kind, 1, new_key(), "test")])
    assert refused.value.code == RefusalCode.CREDITS_STAY_INSIDE
    assert ledger_of(who) == before


def test_the_app_role_cannot_write_the_ledger_by_itself():
    who = customer(10)
    before = ledger_of(who)
    for statement in (
        "UPDATE credits_account SET available = available + 1 WHERE customer_id = %s",
        "DELETE FROM credits_transfer WHERE account_id = %s",
        "UPDATE credits_grant SET remaining = granted WHERE account_id = %s",
        "INSERT INTO credits_charge (order_id, account_id, amount) VALUES (-1, %s, 1)",
    ):
        with pytest.raises(DatabaseError) as refused, connection.cursor() as cursor:
            cursor.execute(statement, [who.id])
        assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)
    assert ledger_of(who) == before


def test_even_the_owner_cannot_add_a_kind_or_edit_history(database_addresses):
    who = customer(10)
    give(who, 5)
    with psycopg.connect(database_addresses.owner, autocommit=True) as owner:
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute(
                "INSERT INTO credits_transfer (account_id, version, kind, debit, credit, amount, business_key,"
                " available_after, held_after, disputed_after, debt_after, effective_at, recorded_at, actor, reason, hash)"
                " VALUES (%s, 99, 'payout', 'available', 'cash', 1, 'x', 0, 0, 0, 0, now(), now(), 'x', '', '')",
                [who.id],
            )
        with pytest.raises(psycopg.DatabaseError, match="append-only"):
            owner.execute("UPDATE credits_transfer SET amount = 1 WHERE account_id = %s", [who.id])
        with pytest.raises(psycopg.DatabaseError, match="append-only"):
            owner.execute("TRUNCATE credits_transfer CASCADE")
    assert prove_account(who.id)[1] == []


def test_the_public_list_of_kinds_is_the_whole_list():
    assert [row.kind for row in transfer_kinds()] == list(KINDS)
    assert [way_out(row) for row in transfer_kinds()] == [""] * len(KINDS)


def way_out(row):
    """Where a kind leads out of one customer and the platform, or ''."""
    outside = {row.debit, row.credit} - CUSTOMER_BUCKETS
    if (row.from_customer, row.to_customer) != (row.debit in CUSTOMER_BUCKETS, row.credit in CUSTOMER_BUCKETS):
        return "the list says otherwise than its buckets"
    return ", ".join(sorted(outside)) if len(outside) > 1 or not outside <= PLATFORM else ""


@pytest.mark.parametrize(
    ("debit", "credit", "found"),
    [("available", "cash", "cash"), ("bank", "available", "bank"), ("revenue", "refunds", "refunds, revenue")],
)
def test_the_check_of_the_list_would_find_a_way_out(debit, credit, found):
    made = KindRow("x", "", debit, credit, debit in CUSTOMER_BUCKETS, credit in CUSTOMER_BUCKETS)
    assert way_out(made) == found
    assert way_out(replace(made, from_customer=not made.from_customer))
