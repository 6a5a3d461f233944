"""What a ledger conformance suite asks, each as a test named after it."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import psycopg
import pytest
from django.db import DatabaseError, connection

from smmatic.catalogue.queries import service_by_code
from smmatic.credits.expiry_actions import expire_due
from smmatic.credits.proof import prove_account
from smmatic.credits.queries import charge, transfers_of_order, wallet
from smmatic.credits.rules import Posting
from smmatic.credits.statements import statement_of
from smmatic.credits.steps import post
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic, fetch_all
from smmatic.kernel.refusals import Refusal
from smmatic.orders.actions import OrderRequest, place, place_many
from smmatic.refunds.actions import cancel
from tests.builders import ADS_ACCOUNT, customer, give, ledger_of, new_key, placed

pytestmark = pytest.mark.django_db


def book(who, kind, units, order=None, **fields):
    with atomic():
        return post([Posting(who.id, kind, units, f"{kind}:{new_key()}", "test", order_id=order, **fields)])[0]


def refused(action, *arguments, **fields):
    with pytest.raises(Refusal) as caught:
        action(*arguments, **fields)
    return caught.value.code.value


def request(quantity=100):
    return OrderRequest(service_by_code("TT-ADS").id, quantity=quantity, link=ADS_ACCOUNT)


def test_every_transfer_is_balanced():
    who = customer(500)
    order = placed(who)
    book(who, "capture", 40, order.id)
    book(who, "refund", 15, order.id)
    rows = fetch_all("SELECT debit, credit, amount FROM credits_transfer WHERE account_id = %s", [who.id])
    assert all(row["amount"] > 0 and row["debit"] != row["credit"] for row in rows)


def test_credits_are_conserved():
    who = customer(500)
    order = placed(who)
    book(who, "capture", 105 * UNITS - 7, order.id)
    book(who, "release", 7, order.id)
    book(who, "refund", 11, order.id)
    inside = wallet(who.id)
    assert inside.available + inside.held == 500 * UNITS - (105 * UNITS - 7) + 11


def test_history_is_append_only(database_addresses):
    who = customer(5)
    with psycopg.connect(database_addresses.owner, autocommit=True) as owner:
        for statement in (
            "UPDATE credits_transfer SET amount = 1 WHERE account_id = %s",
            "DELETE FROM credits_transfer WHERE account_id = %s",
            "UPDATE credits_grant_use SET amount = 1 WHERE grant_id IN (SELECT id FROM credits_grant WHERE account_id = %s)",
        ):
            with pytest.raises(psycopg.DatabaseError, match="append-only"):
                owner.execute(statement, [who.id])


def test_a_repeat_is_idempotent_refusals_included():
    who, key, poor = customer(500), new_key(), new_key()
    first = place(who, request(), key=key, channel="page")
    assert refused(place, who, request(9_000), key=poor, channel="page") == "not_enough_credits"
    give(who, 100_000 * UNITS)
    before = ledger_of(who)
    assert place(who, request(), key=key, channel="page").order_id == first.order_id
    assert refused(place, who, request(9_000), key=poor, channel="page") == "not_enough_credits"
    assert ledger_of(who) == before


def test_another_body_under_a_used_key_is_refused():
    who, key = customer(500), new_key()
    place(who, request(), key=key, channel="page")
    before = ledger_of(who)
    assert refused(place, who, request(101), key=key, channel="page") == "idempotency_key_reused"
    assert ledger_of(who) == before


def test_there_is_no_overdraft_under_concurrency():
    who = customer(350)  # three orders of 105, not four
    ready = threading.Barrier(8, timeout=60)

    def spend(_):
        try:
            connection.ensure_connection()
            ready.wait()
            place(who, request(), key=new_key(), channel="page")
            return "placed"
        except Refusal as refusal:
            return refusal.code.value
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(spend, range(8)))
    assert answers == {"placed": 3, "not_enough_credits": 5}
    assert wallet(who.id).available == 35 * UNITS
    assert prove_account(who.id)[1] == []


def test_holds_count_as_spent():
    who = customer(200)
    placed(who)
    assert (wallet(who.id).available, wallet(who.id).held) == (95 * UNITS, 105 * UNITS)
    assert refused(placed, who) == "not_enough_credits"


def test_a_capture_is_at_most_its_hold():
    who = customer(500)
    order = placed(who)
    before = ledger_of(who)
    assert refused(book, who, "capture", 105 * UNITS + 1, order.id) == "refund_above_charge"
    assert ledger_of(who) == before


def test_refunds_together_are_at_most_what_was_captured():
    who = customer(500)
    order = placed(who)
    book(who, "capture", 105 * UNITS, order.id)
    book(who, "refund", 60 * UNITS, order.id)
    before = ledger_of(who)
    assert refused(book, who, "refund", 45 * UNITS + 1, order.id) == "refund_above_charge"
    assert ledger_of(who) == before
    book(who, "refund", 45 * UNITS, order.id)
    assert charge(order.id).refunded == charge(order.id).captured


def test_a_reversal_is_linked_to_what_it_reverses():
    who = customer(500)
    order = placed(who)
    book(who, "capture", 105 * UNITS, order.id)
    book(who, "refund", 5, order.id)
    assert [row.kind for row in transfers_of_order(who.id, order.id)] == ["hold", "capture", "refund"]
    uses = fetch_all(
        "SELECT slice_grant_id, sum(amount)::bigint AS sum FROM credits_grant_use WHERE order_id = %s GROUP BY 1",
        [order.id],
    )
    assert [row["sum"] for row in uses] == [-(105 * UNITS) + 5]


def test_transfers_are_ordered_without_gaps_and_times_never_go_back():
    who = customer(5000)
    for _ in range(5):
        placed(who)
    rows = fetch_all(
        "SELECT version, recorded_at FROM credits_transfer WHERE account_id = %s ORDER BY version", [who.id]
    )
    assert [row["version"] for row in rows] == list(range(1, 7))
    assert all(one["recorded_at"] <= two["recorded_at"] for one, two in pairwise(rows))


def test_effective_and_recorded_time_are_told_apart():
    who = customer(0)
    earlier = now() - timedelta(days=3)
    book(who, "bonus", 5, effective_at=earlier)
    row = fetch_all("SELECT effective_at, recorded_at FROM credits_transfer WHERE account_id = %s", [who.id])[0]
    assert row["effective_at"] == earlier
    assert row["recorded_at"] - earlier >= timedelta(days=3)
    assert prove_account(who.id)[1] == []


def test_a_bulk_is_atomic():
    one, two = customer(10), customer(500)
    order = placed(two)
    before = ledger_of(one), ledger_of(two)
    with pytest.raises(Refusal), atomic():
        post([
            Posting(one.id, "bonus", 5, new_key(), "test"),
            Posting(two.id, "capture", 106 * UNITS, new_key(), "test", order_id=order.id),
        ])  # fmt: skip
    assert (ledger_of(one), ledger_of(two)) == before
    assert refused(place_many, two, [request(), request(9_000)], key=new_key(), channel="page", all_or_nothing=True)
    assert ledger_of(two) == before[1]


def test_bookings_of_many_are_those_of_one_each():
    """Two customers with the same past: one settled in a single call, one booking by booking."""
    alone, together = customer(5000), customer(5000)
    steps = []
    for _ in range(4):
        mine, theirs = placed(alone), placed(together)
        steps += [
            ("capture", 60 * UNITS, mine.id, theirs.id), ("release", 45 * UNITS, mine.id, theirs.id),
            ("refund", 25 * UNITS, mine.id, theirs.id), ("bonus", 7, None, None),
            ("refund", 35 * UNITS, mine.id, theirs.id),
        ]  # fmt: skip
    for kind, units, mine, _theirs in steps:
        book(alone, kind, units, mine)
    with atomic():
        post([Posting(together.id, kind, units, new_key(), "test", order_id=order) for kind, units, _, order in steps])
    said = [
        [(row.kind, row.amount, row.available_after, row.held_after) for row in statement_of(who.id).rows]
        for who in (alone, together)
    ]
    assert said[0] == said[1]
    assert [row.remaining for row in wallet(alone.id).grants] == [row.remaining for row in wallet(together.id).grants]
    assert prove_account(together.id)[1] == []


def test_a_refund_does_not_lean_on_a_capture_that_comes_after_it():
    who = customer(500)
    order = placed(who)
    before = ledger_of(who)
    with pytest.raises(Refusal, match="refund_above_charge"), atomic():
        post([
            Posting(who.id, "refund", 5, new_key(), "test", order_id=order.id),
            Posting(who.id, "capture", 5, new_key(), "test", order_id=order.id),
        ])  # fmt: skip
    assert ledger_of(who) == before


def test_many_refunds_of_a_customer_write_their_account_and_grant_once():
    """Set-based: what grows with the number of bookings is what is kept of each, never what they share."""
    who = customer(50_000)
    rows = place_many(who, [request()] * 50, key=new_key(), channel="page", all_or_nothing=True).rows
    with atomic():
        for kind in ("capture", "refund"):
            before = _updated()
            post([Posting(who.id, kind, UNITS, new_key(), "test", order_id=row.order_id) for row in rows])
            changed = {table: number - before[table] for table, number in _updated().items()}
            assert changed == {"credits_account": 1, "credits_charge": 50, "credits_grant": kind == "refund"}
    assert prove_account(who.id)[1] == []


def _updated():
    """Rows that this transaction has updated, by table."""
    rows = fetch_all(
        "SELECT relname, n_tup_upd FROM pg_stat_xact_user_tables"
        " WHERE relname IN ('credits_account', 'credits_charge', 'credits_grant')"
    )
    return {row["relname"]: row["n_tup_upd"] for row in rows}


def test_a_replay_after_a_crash_completes_and_books_once():
    """The process dies after the statement and before its answer: the client only has its key."""
    who, key = customer(500), new_key()
    first = place(who, request(), key=key, channel="page")
    connection.close()
    again = place(who, request(), key=key, channel="page")
    assert (again.order_id, again.replayed, again.available_after) == (first.order_id, True, first.available_after)
    assert wallet(who.id).held == 105 * UNITS


def test_what_is_stored_is_what_is_derived():
    who = customer(500)
    give(who, 50 * UNITS, "bonus", expires_at=now() - timedelta(seconds=1))
    cancel(who, placed(who).id)
    expire_due()
    assert "breakage" in [row["kind"] for row in ledger_of(who)["transfers"]]
    assert prove_account(who.id)[1] == []
    assert wallet(who.id).available == 500 * UNITS


def test_expired_grants_are_broken_in_bulk_and_come_back_with_grace():
    people = [customer(0) for _ in range(3)]
    for who in people:
        give(who, 30 * UNITS, "bonus", expires_at=now() + timedelta(seconds=0.2))
        give(who, 300 * UNITS, "deposit")
    late = placed(people[0])  # takes the bonus first
    import time

    time.sleep(0.3)
    while expire_due():
        pass
    for who in people:
        assert prove_account(who.id)[1] == []
    assert [wallet(who.id).available // UNITS for who in people] == [225, 300, 300]
    cancel(people[0], late.id)
    grants = wallet(people[0].id).grants
    assert sum(row.remaining for row in grants) == 330 * UNITS
    assert any(row.origin == "bonus" and row.expires_at > now() + timedelta(days=13) for row in grants)
    assert prove_account(people[0].id)[1] == []


def test_the_app_role_has_no_right_to_change_history():
    histories = fetch_all(
        "SELECT DISTINCT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname ~ '_append_only$'"
    )
    tables = {row["name"] for row in histories}
    assert {"credits_transfer", "credits_grant_use", "orders_event", "refunds_event", "accounts_audit"} <= tables
    for table in sorted(tables | {"credits_account", "credits_grant", "credits_charge"}):
        for right in ("UPDATE", "DELETE", "TRUNCATE"):
            row = fetch_all("SELECT has_table_privilege(current_user, %s, %s) AS may", [table, right])[0]
            assert not row["may"], (table, right)
    with pytest.raises(DatabaseError):
        fetch_all("UPDATE credits_proof SET seconds = 0 RETURNING id")
