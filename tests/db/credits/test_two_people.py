"""Gifts and corrections above the limit, disputes and closed accounts: two people, a reason, and no balance below zero."""

from datetime import timedelta

import psycopg
import pytest

from smmatic.accounts.rules import Role
from smmatic.credits.account_actions import account_history, set_account
from smmatic.credits.actions import GiftLimits
from smmatic.credits.approval_actions import approvals, approve_gift, give_or_ask, refuse_gift
from smmatic.credits.proof import prove_account
from smmatic.credits.proof_actions import prove_changes
from smmatic.credits.queries import statement, wallet
from smmatic.deposits.actions import confirm_deposit, request_deposit
from smmatic.deposits.dispute_actions import confirm_end, disputes, open_dispute, propose_end
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal
from smmatic.refunds.actions import cancel
from tests.builders import customer, give, ledger_of, new_key, person, placed

pytestmark = pytest.mark.django_db


def asked(by, who, credits=700, kind="adjust_up", **fields):
    limits = GiftLimits(500 * UNITS, 1200 * UNITS, now() - timedelta(days=30))
    return give_or_ask(
        by, who.id, kind=kind, units=credits * UNITS, reason="Counted wrong.", key=new_key(), limits=limits, **fields
    )


def code(action, *arguments, **fields):
    with pytest.raises(Refusal) as caught:
        action(*arguments, **fields)
    return caught.value.code.value


def bought(who, operator, credits=1000):
    deposit = request_deposit(who, credits * UNITS, new_key()).deposit
    confirm_deposit(operator, deposit.id, received=deposit.money)
    return deposit.id


@pytest.mark.parametrize("kind", ["bonus", "goodwill", "adjust_up"])
def test_above_the_limit_nothing_is_booked_until_another_person_approves_that_amount(kind):
    one, two, who = person(Role.OPERATOR), person(Role.APPROVER), customer(10)
    before = ledger_of(who)
    made = asked(one, who, kind=kind)
    assert ledger_of(who) == before
    assert made.approval_id in [row.id for row in approvals()]
    assert code(approve_gift, one, made.approval_id, units=700 * UNITS) == "second_person_needed"
    assert code(approve_gift, two, made.approval_id, units=701 * UNITS) == "approval_stale"
    assert code(approve_gift, person(Role.AGENT), made.approval_id, units=700 * UNITS) == "role_missing"
    assert ledger_of(who) == before
    approve_gift(two, made.approval_id, units=700 * UNITS)
    assert wallet(who.id).available == 710 * UNITS
    assert code(approve_gift, two, made.approval_id, units=700 * UNITS) == "approval_closed"
    assert statement(who.id)[0].note == "Counted wrong."
    assert prove_account(who.id)[1] == []


def test_a_request_can_be_refused_with_a_reason_and_taken_back():
    one, two, who = person(Role.OPERATOR), person(Role.OPERATOR), customer(10)
    before = ledger_of(who)
    first, second = asked(one, who).approval_id, asked(one, who).approval_id
    assert code(refuse_gift, two, first, why=" ") == "reason_missing"
    assert refuse_gift(two, first, why="No.").state == "refused"
    assert refuse_gift(one, second, why="My mistake.").state == "withdrawn"
    assert code(approve_gift, two, second, units=700 * UNITS) == "approval_closed"
    assert ledger_of(who) == before


def test_a_correction_downwards_never_takes_more_than_there_is():
    one, who = person(Role.OPERATOR), customer(100)
    assert asked(one, who, 30, "adjust_down").approval_id is None
    assert wallet(who.id).available == 70 * UNITS
    before = ledger_of(who)
    assert code(asked, one, who, 71, "adjust_down") == "not_enough_credits"
    assert ledger_of(who) == before
    assert prove_account(who.id)[1] == []


def test_even_the_owner_can_not_let_one_person_approve_their_own(database_addresses):
    one, who = person(Role.OPERATOR), customer(0)
    made = asked(one, who).approval_id
    with psycopg.connect(database_addresses.owner, autocommit=True) as owner:
        for change in (
            f"state = 'approved', decided_by_id = {one.id}, decided_at = now()", "units = 1",
            f"state = 'approved', decided_by_id = {who.id}, decided_at = now()",
        ):  # fmt: skip
            with pytest.raises(psycopg.Error):
                owner.execute(f"UPDATE credits_approval SET {change} WHERE id = {made}")
        with pytest.raises(psycopg.Error):
            owner.execute(f"DELETE FROM credits_approval WHERE id = {made}")


def test_a_disputed_deposit_is_frozen_and_given_back_whole():
    one, two, who = person(Role.OPERATOR), person(Role.OPERATOR), customer(0)
    give(who, 50 * UNITS, "bonus", priority=1)
    deposit = bought(who, one)
    made = open_dispute(one, deposit, document="Notice 1", why="The bank asks.")
    assert made.frozen == 1000 * UNITS
    now_has = wallet(who.id)
    assert (now_has.available, now_has.disputed, now_has.bonus) == (50 * UNITS, 1000 * UNITS, 50 * UNITS)
    assert code(placed, who) == "not_enough_credits"
    assert code(open_dispute, one, deposit, document="Notice 1", why="Again.") == "dispute_open"
    propose_end(one, made.id, end="restored")
    assert code(confirm_end, one, made.id, end="restored") == "second_person_needed"
    assert code(confirm_end, two, made.id, end="removed") == "dispute_closed"
    assert confirm_end(two, made.id, end="restored").state == "restored"
    assert (wallet(who.id).available, wallet(who.id).disputed) == (1050 * UNITS, 0)
    assert prove_account(who.id)[1] == []


def test_what_was_spent_of_a_removed_deposit_is_a_debt_that_blocks_and_is_paid_first():
    one, two, who = person(Role.OPERATOR), person(Role.OPERATOR), customer(0)
    deposit = bought(who, one)
    order = placed(who)  # 105 of the 1,000
    made = open_dispute(one, deposit, document="Notice 2", why="The bank took it back.")
    assert made.shortfall == 105 * UNITS
    propose_end(one, made.id, end="removed")
    ended = confirm_end(two, made.id, end="removed")
    assert (ended.removed, ended.debt) == (895 * UNITS, 105 * UNITS)
    assert (wallet(who.id).available, wallet(who.id).debt) == (0, 105 * UNITS)
    give(who, 500 * UNITS, "bonus")  # a present pays no debt, and nothing can be spent before it is paid
    before = ledger_of(who)
    assert code(placed, who) == "account_in_debt"
    assert ledger_of(who) == before
    cancel(who, order.id)
    assert (wallet(who.id).available, wallet(who.id).debt) == (500 * UNITS, 0)
    assert prove_account(who.id)[1] == []
    placed(who)
    assert code(open_dispute, one, deposit, document="Notice 2", why="Twice.") == "dispute_closed"


def test_credits_that_came_during_a_dispute_are_taken_before_a_debt_is_made():
    one, two, who = person(Role.OPERATOR), person(Role.OPERATOR), customer(0)
    deposit = bought(who, one)
    placed(who)
    made = open_dispute(one, deposit, document="Notice 3", why="The bank asks.")
    give(who, 60 * UNITS)
    propose_end(one, made.id, end="removed")
    ended = confirm_end(two, made.id, end="removed")
    assert (ended.removed, ended.debt) == (955 * UNITS, 45 * UNITS)
    assert wallet(who.id).available == 0
    assert prove_account(who.id)[1] == []
    assert [row.id for row in disputes(customer_id=who.id)] == [made.id]


@pytest.mark.parametrize(
    ("document", "why", "expected"), [("", "x", "document_missing"), ("Notice", " ", "reason_missing")]
)
def test_a_dispute_needs_its_document_and_a_reason(document, why, expected):
    one, who = person(Role.OPERATOR), customer(0)
    deposit = bought(who, one)
    before = ledger_of(who)
    assert code(open_dispute, one, deposit, document=document, why=why) == expected
    assert ledger_of(who) == before


def test_a_frozen_account_spends_nothing_and_gets_back_what_its_orders_hold():
    one, who = person(Role.OPERATOR), customer(1000)
    order = placed(who)
    set_account(one, who.id, "frozen", why="Somebody else signed in.")
    before = ledger_of(who)
    assert code(placed, who) == "account_frozen"
    assert ledger_of(who) == before
    cancel(who, order.id)
    assert wallet(who.id).available == 1000 * UNITS
    set_account(one, who.id, "reopened", why="It was them.")
    placed(who)
    assert [row.kind for row in account_history(who.id)] == ["reopened", "frozen"]


def test_a_closed_account_keeps_its_credits_and_gets_nothing_more():
    one, who = person(Role.OPERATOR), customer(1000)
    order = placed(who)
    assert code(set_account, one, who.id, "closed", why="They asked.") == "account_in_use"
    cancel(who, order.id)
    set_account(one, who.id, "closed", why="They asked.")
    assert code(set_account, one, who.id, "closed", why="Again.") == "account_state"
    assert code(placed, who) == "account_closed"
    assert code(asked, one, who, 5, "bonus") == "account_closed"
    assert wallet(who.id).available == 1000 * UNITS
    assert account_history(who.id)[0].available == 1000 * UNITS
    assert code(set_account, person(Role.AGENT), who.id, "reopened", why="No.") == "role_missing"


def test_the_proof_of_changes_begins_where_the_last_one_agreed():
    who = customer(1000)
    placed(who)
    prove_changes(1_000_000)
    order = placed(who)
    accounts, transfers, differences = prove_changes(1_000_000)
    assert accounts >= 1
    assert transfers < 10
    assert [one for one in differences if f"account {who.id}," in f"{one.where},"] == []
    cancel(who, order.id)
    assert prove_changes(1_000_000)[0] >= 1
