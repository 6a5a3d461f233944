"""Every refusal of the ledger, visited once, leaves nothing but its idempotency record: the whole ledger is compared."""

from datetime import timedelta

import pytest

from smmatic.accounts.rules import Role
from smmatic.catalogue.queries import service_by_code
from smmatic.credits.account_actions import set_account
from smmatic.credits.actions import GiftLimits, give_credits
from smmatic.credits.approval_actions import approve_gift, give_or_ask, refuse_gift
from smmatic.credits.rules import Posting
from smmatic.credits.steps import post
from smmatic.deposits.actions import confirm_deposit, request_deposit
from smmatic.deposits.dispute_actions import confirm_end, open_dispute, propose_end
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic, fetch_all
from smmatic.kernel.refusal_words.credits import WORDS
from smmatic.kernel.refusals import Refusal
from smmatic.orders.actions import OrderRequest, place
from tests.builders import ADS_ACCOUNT, customer, give, new_key, person, placed

pytestmark = pytest.mark.django_db

TABLES = (
    "credits_account", "credits_transfer", "credits_grant", "credits_grant_use", "credits_charge", "credits_approval",
    "credits_account_event", "deposits_dispute", "deposits_event", "orders_order", "orders_event",
)  # fmt: skip


def whole_ledger():
    """The number of rows of every table and a sum over what is in them."""
    return {
        table: fetch_all(f"SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM {table} t")[0]
        for table in TABLES
    }


def kept_answers():
    return fetch_all("SELECT count(*) AS n FROM credits_idempotency")[0]["n"]


def order(who, *, quantity=100, key=None):
    request = OrderRequest(service_by_code("TT-ADS").id, quantity=quantity, link=ADS_ACCOUNT)
    return lambda: place(who, request, key=new_key() if key is None else key, channel="page")


def booking(*postings):
    def work():
        with atomic():
            post(
                [
                    Posting(who.id, kind, units, key, "test", order_id=number)
                    for who, kind, units, key, number in postings
                ]
            )

    return work


def gift(credits=10, *, reason="Sorry.", key=None, to=None, by=None):
    limits = GiftLimits(500 * UNITS, 1200 * UNITS, now() - timedelta(days=30))
    by, to = by or person(Role.OPERATOR), to or customer(0)
    return lambda: give_credits(
        by, to.id, kind="bonus", units=round(credits * UNITS), reason=reason, key=new_key() if key is None else key,
        limits=limits,
    )  # fmt: skip


def account(status):
    who = customer(200)
    set_account(person(Role.OPERATOR), who.id, status, why="Asked.")
    return who


def approval():
    one, two, who = person(Role.OPERATOR), person(Role.OPERATOR), customer(0)
    limits = GiftLimits(500 * UNITS, 1200 * UNITS, now() - timedelta(days=30))
    made = give_or_ask(one, who.id, kind="bonus", units=700 * UNITS, reason="Kind.", key=new_key(), limits=limits)
    return two, made.approval_id


def closed_approval():
    two, number = approval()
    refuse_gift(two, number, why="No.")
    return lambda: approve_gift(two, number, units=700 * UNITS)


def stale_approval():
    two, number = approval()
    return lambda: approve_gift(two, number, units=701 * UNITS)


def bought(operator, who):
    deposit = request_deposit(who, 200 * UNITS, new_key()).deposit
    confirm_deposit(operator, deposit.id, received=deposit.money)
    return deposit.id


def disputed(*, end="", document="Notice 1"):
    one, two, who = person(Role.OPERATOR), person(Role.OPERATOR), customer(0)
    deposit = bought(one, who)
    if not document:
        return lambda: open_dispute(one, deposit, document="", why="The bank asks.")
    if end:
        placed(who)
    made = open_dispute(one, deposit, document=document, why="The bank asks.")
    if not end:
        return lambda: open_dispute(two, deposit, document=document, why="Again.")
    propose_end(one, made.id, end=end)
    confirm_end(two, made.id, end=end)
    if end == "removed":
        return order(who)
    return lambda: confirm_end(two, made.id, end=end)


def settled(kind):
    who = customer(200)
    number = placed(who).id
    booking((who, "capture", 5, new_key(), number))()
    amounts = {"capture": 105 * UNITS - 4, "release": 105 * UNITS - 4, "forfeit": 105 * UNITS - 4, "refund": 6}
    return booking((who, "bonus", 3, new_key(), None), (who, kind, amounts[kind], new_key(), number))


def twice():
    who, key = customer(0), new_key()
    booking((who, "bonus", 1, key, None))()
    return booking((who, "deposit", 2, new_key(), None), (who, "bonus", 1, key, None))


def reused():
    who, key = customer(500), new_key()
    order(who, key=key)()
    return order(who, quantity=101, key=key)


def in_use():
    who = customer(200)
    placed(who)
    return lambda: set_account(person(Role.OPERATOR), who.id, "closed", why="Asked.")


def full():
    who = customer(0)
    most = 10**15
    for _ in range(4):
        booking(*[(who, "deposit", most, new_key(), None) for _ in range(1000)])()
    return booking((who, "bonus", 1, new_key(), None), (who, "deposit", most, new_key(), None))


VISITS = {
    "not_enough_credits": [lambda: order(customer(1)), lambda: booking((customer(1), "adjust_down", 2 * UNITS, new_key(), None))],
    "account_frozen": [lambda: order(account("frozen"))],
    "account_closed": [lambda: order(account("closed")), lambda: gift(to=account("closed"))],
    "account_in_debt": [lambda: disputed(end="removed")],
    "credits_stay_inside": [lambda: booking((customer(9), "payout", 1, new_key(), None))],
    "credits_limit": [full],
    "refund_above_charge": [lambda kind=kind: settled(kind) for kind in ("capture", "release", "forfeit", "refund")],
    "posted_already": [twice],
    "reason_missing": [lambda: gift(reason=" ")],
    "second_person_needed": [lambda: gift(501)],
    "approval_closed": [closed_approval],
    "approval_stale": [stale_approval],
    "account_state": [lambda: (lambda who: lambda: set_account(person(Role.OPERATOR), who.id, "frozen", why="x"))(account("frozen"))],
    "account_in_use": [in_use],
    "dispute_open": [disputed],
    "dispute_closed": [lambda: disputed(end="restored")],
    "document_missing": [lambda: disputed(document="")],
    "amount_out_of_range": [lambda: booking((customer(9), "bonus", 0, new_key(), None)), lambda: booking((customer(9), "bonus", 10**15 + 1, new_key(), None))],
    "idempotency_key_missing": [lambda: order(customer(500), key="")],
    "idempotency_key_malformed": [lambda: order(customer(500), key="a\nb")],
    "idempotency_key_reused": [reused],
}  # fmt: skip
KEPT = {"not_enough_credits", "account_frozen", "account_closed", "account_in_debt", "second_person_needed"}
"""Those that are decided under the key's lock and so are kept: the same request again gets the same answer."""


@pytest.mark.parametrize("code", VISITS)
def test_a_refusal_leaves_nothing_but_its_idempotency_record(code):
    for prepare in VISITS[code]:
        work = prepare()
        before, answers = whole_ledger(), kept_answers()
        with pytest.raises(Refusal) as caught:
            work()
        assert caught.value.code.value == code
        assert whole_ledger() == before
        assert kept_answers() - answers in ((0, 1) if code in KEPT else (0,))


def test_every_refusal_of_the_ledger_is_visited():
    keys = {"idempotency_key_missing", "idempotency_key_malformed", "idempotency_key_reused", "amount_out_of_range"}
    assert set(VISITS) == set(WORDS) | keys


def test_the_comparison_would_see_a_single_unit():
    """Control: what compares the ledger tells two of them apart."""
    who = customer(1)
    before = whole_ledger()
    give(who, 1)
    after = whole_ledger()
    assert [table for table in TABLES if before[table] != after[table]] == [
        "credits_account", "credits_transfer", "credits_grant", "credits_grant_use",
    ]  # fmt: skip
