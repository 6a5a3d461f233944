"""Credits that staff give: one person alone gives up to the policy's limits and never to themselves."""

from datetime import timedelta

import pytest

from smmatic.accounts.rules import Role
from smmatic.credits.actions import GiftLimits, give_credits
from smmatic.credits.queries import wallet
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal
from tests.builders import customer, give, ledger_of, new_key, person

pytestmark = pytest.mark.django_db


def given(actor, to, credits, *, kind="goodwill", key=None):
    limits = GiftLimits(500 * UNITS, 1200 * UNITS, now() - timedelta(days=30))
    units = round(credits * UNITS)
    return give_credits(actor, to.id, kind=kind, units=units, reason="Sorry.", key=key or new_key(), limits=limits)


def refused(*arguments, **fields):
    with pytest.raises(Refusal) as caught:
        given(*arguments, **fields)
    return caught.value


@pytest.mark.parametrize("kind", ["goodwill", "bonus"])
def test_one_gift_above_the_limit_needs_a_second_person(kind):
    approver, who = person(Role.APPROVER), customer(10)
    before = ledger_of(who)
    answer = refused(approver, who, 500.0001, kind=kind)
    assert (answer.code, answer.field, answer.facts["limit"]) == ("second_person_needed", "credits", "500.00")
    assert "as a gift, give no more than that" in answer.next_step
    assert ledger_of(who) == before
    given(approver, who, 500, kind=kind)
    assert wallet(who.id).available == 510 * UNITS


def test_splitting_a_gift_or_sharing_it_among_colleagues_does_not_get_around_the_limit():
    one, other, who = person(Role.APPROVER), person(Role.OPERATOR), customer(0)
    given(one, who, 500, kind="bonus")
    given(other, who, 500, kind="goodwill")
    assert refused(one, who, 201).facts["limit"] == "200.00"
    given(other, who, 200)
    assert refused(one, who, 0.0001, kind="bonus").code == "second_person_needed"
    assert wallet(who.id).available == 1200 * UNITS


def test_what_customers_bought_is_no_gift():
    approver, who = person(Role.APPROVER), customer(0)
    give(who, 5000 * UNITS)
    given(approver, who, 500)


def test_nobody_gives_credits_to_themselves():
    operator = person(Role.OPERATOR)
    assert refused(operator, operator, 1).code == "role_missing"
    assert wallet(operator.id).available == 0


def test_a_repeat_of_a_gift_gives_the_same_answer_even_when_nothing_more_may_be_given():
    approver, who, key = person(Role.APPROVER), customer(0), new_key()
    first = given(approver, who, 500, key=key)
    given(approver, who, 500)
    given(approver, who, 200)
    again = given(approver, who, 500, key=key)
    assert again.replayed
    assert again.body == first.body
