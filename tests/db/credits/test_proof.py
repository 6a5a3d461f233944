"""`smmatic prove` finds and names every tampering by the owner of the tables with the triggers off; an honest ledger passes."""

import psycopg
import pytest

from smmatic.credits.proof import prove_account, prove_ledger
from smmatic.kernel.amounts import UNITS
from smmatic.refunds.actions import cancel
from smmatic.refunds.proof import prove_orders
from tests.builders import customer, give, placed

pytestmark = pytest.mark.django_db

TAMPERING = {
    "edit": "UPDATE credits_transfer SET amount = amount + 1 WHERE account_id = {id} AND version = 2",
    "edit a reason": "UPDATE credits_transfer SET reason = 'gift' WHERE account_id = {id} AND version = 1",
    "delete the last": "DELETE FROM credits_grant_use WHERE transfer_id IN (SELECT id FROM credits_transfer WHERE account_id = {id} AND version = 3); "
    "DELETE FROM credits_transfer WHERE account_id = {id} AND version = 3",
    "delete from the middle": "DELETE FROM credits_grant_use WHERE transfer_id IN (SELECT id FROM credits_transfer WHERE account_id = {id} AND version = 2); "
    "DELETE FROM credits_transfer WHERE account_id = {id} AND version = 2",
    "reorder": "UPDATE credits_transfer SET version = 99 WHERE account_id = {id} AND version = 2;"
    " UPDATE credits_transfer SET version = 2 WHERE account_id = {id} AND version = 3;"
    " UPDATE credits_transfer SET version = 3 WHERE account_id = {id} AND version = 99",
    "raise a balance": "UPDATE credits_account SET available = available + 1 WHERE customer_id = {id}",
    "raise a grant": "UPDATE credits_grant SET remaining = remaining + 1, granted = granted + 1 WHERE account_id = {id}",
    "edit a charge": "UPDATE credits_charge SET released = released - 1 WHERE account_id = {id}",
    "insert a use": "INSERT INTO credits_grant_use (grant_id, slice_grant_id, transfer_id, amount)"
    " SELECT g.id, g.id, g.transfer_id, 1 FROM credits_grant g WHERE g.account_id = {id} LIMIT 1",
}


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_found_and_named(name, database_addresses):
    who = customer(200)
    cancel(who, placed(who).id)
    assert prove_account(who.id)[1] == [], "the control: the honest ledger passes"
    with psycopg.connect(database_addresses.owner, autocommit=True) as owner:
        for table in ("credits_transfer", "credits_grant_use"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        owner.execute(TAMPERING[name].format(id=who.id))
        for table in ("credits_transfer", "credits_grant_use"):
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        differences = prove_account(who.id)[1]
        assert differences, name
        assert f"account {who.id}" in str(differences[0])
        _undo(owner, who.id)


def test_the_whole_ledger_and_all_orders_are_proven():
    who = customer(200)
    give(who, 3 * UNITS, "bonus")
    placed(who)
    proof = prove_ledger()
    assert [d for d in proof.differences if f"account {who.id}" in d.where] == []
    assert proof.accounts >= 1
    assert proof.buckets["issuance"] < 0
    assert sum(proof.buckets.values()) == 0, "every transfer balances"
    assert [d for d in prove_orders()[1]] == []


def _undo(owner: psycopg.Connection, account_id: int) -> None:
    """Takes the spoiled account away, so that the proof of the whole ledger stays a test of its own."""
    for table in ("credits_transfer", "credits_grant_use", "refunds_event", "orders_event"):
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    owner.execute(
        "DELETE FROM credits_grant_use WHERE grant_id IN (SELECT id FROM credits_grant WHERE account_id = %s)",
        [account_id],
    )
    owner.execute("DELETE FROM credits_grant WHERE account_id = %s", [account_id])
    owner.execute("DELETE FROM credits_charge WHERE account_id = %s", [account_id])
    owner.execute("DELETE FROM credits_transfer WHERE account_id = %s", [account_id])
    owner.execute("DELETE FROM credits_account WHERE customer_id = %s", [account_id])
    for table, column in (("refunds_event", "case_id"),):
        owner.execute(
            f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM refunds_case WHERE customer_id = %s)", [account_id]
        )
    owner.execute("DELETE FROM refunds_case WHERE customer_id = %s", [account_id])
    owner.execute(
        "DELETE FROM orders_event WHERE order_id IN (SELECT id FROM orders_order WHERE customer_id = %s)", [account_id]
    )
    owner.execute("DELETE FROM orders_order WHERE customer_id = %s", [account_id])
    for table in ("credits_transfer", "credits_grant_use", "refunds_event", "orders_event"):
        owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
