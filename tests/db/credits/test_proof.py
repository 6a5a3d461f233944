"""`smmatic prove` finds and names every tampering by the owner of the tables or a superuser, with the triggers off; an
honest ledger passes. The hourly proof of changes finds what was done since the last one."""

from contextlib import contextmanager

import psycopg
import pytest

from smmatic.credits.proof import prove_account, prove_ledger
from smmatic.credits.proof_actions import prove_changes
from smmatic.kernel.amounts import UNITS
from smmatic.refunds.actions import cancel
from smmatic.refunds.proof import prove_orders
from tests.builders import customer, give, new_key, placed
from tests.databases import cloned
from tests.trials.conftest import pointed_at

pytestmark = pytest.mark.django_db

HISTORIES = ("credits_transfer", "credits_grant_use", "refunds_event", "orders_event")
PLACES = {
    "edit": "transfer 2", "edit a reason": "transfer 1", "delete from the middle": "transfer 3", "reorder": "transfer 2",
    "insert a transfer": "transfer 4",
}  # fmt: skip
"""Where the first difference is said to be."""

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
    "insert a transfer": "INSERT INTO credits_transfer (account_id, version, kind, debit, credit, amount, business_key,"
    " available_after, held_after, disputed_after, debt_after, effective_at, recorded_at, actor, reason, hash)"
    " SELECT account_id, version + 1, 'bonus', 'promotion', 'available', 5, 'x', available_after + 5, held_after, 0, 0,"
    " recorded_at, recorded_at, 'x', '', hash FROM credits_transfer WHERE account_id = {id} AND version = 3",
    "raise a balance": "UPDATE credits_account SET available = available + 1 WHERE customer_id = {id}",
    "raise a grant": "UPDATE credits_grant SET remaining = remaining + 1, granted = granted + 1 WHERE account_id = {id}",
    "edit a charge": "UPDATE credits_charge SET released = released - 1 WHERE account_id = {id}",
    "insert a use": "INSERT INTO credits_grant_use (grant_id, slice_grant_id, transfer_id, amount)"
    " SELECT g.id, g.id, g.transfer_id, 1 FROM credits_grant g WHERE g.account_id = {id} LIMIT 1",
}


@contextmanager
def triggers_off(addresses, role):
    """Somebody who may edit history: the owner after taking the triggers off, a superuser by a setting of their session."""
    address = addresses.owner if role == "owner" else addresses.superuser
    with psycopg.connect(address, autocommit=True) as intruder:
        if role == "superuser":
            intruder.execute("SET session_replication_role = replica")
            yield intruder
            return
        for table in HISTORIES:
            intruder.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield intruder
        for table in HISTORIES:
            intruder.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.parametrize("role", ["owner", "superuser"])
def test_tampering_is_found_and_named(role, database_addresses):
    for name, statement in TAMPERING.items():
        who = customer(200)
        cancel(who, placed(who).id)
        assert prove_account(who.id)[1] == [], "the control: the honest ledger passes"
        with triggers_off(database_addresses, role) as intruder:
            intruder.execute(statement.format(id=who.id))
            found = prove_account(who.id)[1]
            _undo(intruder, who.id)
        assert found, name
        assert f"account {who.id}" in str(found[0])
        assert PLACES.get(name, "") in str(found[0]), (name, str(found[0]))


def test_the_proof_of_changes_finds_what_was_done_since_the_last_one(database_addresses):
    who = customer(200)
    cancel(who, placed(who).id)
    prove_changes()
    give(who, 5)
    with triggers_off(database_addresses, "superuser") as intruder:
        intruder.execute("UPDATE credits_transfer SET reason = 'x' WHERE account_id = %s AND version = 4", [who.id])
        found = [str(one) for one in prove_changes()[2]]
        intruder.execute("DELETE FROM credits_checkpoint WHERE account_id = %s", [who.id])
        _undo(intruder, who.id)
    assert any(f"account {who.id}, transfer 4" in one for one in found), found


def test_the_whole_ledger_and_all_orders_are_proven():
    """On a database of its own: the ledger's tests book on orders whose status they leave as it was."""
    with cloned(f"smmatic_proof_{new_key()}") as addresses, pointed_at(addresses):
        who = customer(200)
        give(who, 3 * UNITS, "bonus")
        placed(who)
        proof = prove_ledger()
        assert proof.differences == []
        assert proof.accounts >= 1
        assert proof.buckets["issuance"] < 0
        assert sum(proof.buckets.values()) == 0, "every transfer balances"
        assert [d for d in prove_orders()[1]] == []


def _undo(owner: psycopg.Connection, account_id: int) -> None:
    """Takes the spoiled account away, so that the proof of the whole ledger stays a test of its own."""
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
