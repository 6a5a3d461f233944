"""Above the limit two people, by whatever way Credits can come back: page, API, bulk, override, gift, appeal, withdrawal,
an end by a provider, by a cancel, or in small pieces. One person and a willing customer are never enough."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.credits.actions import GiftLimits, give_credits
from smmatic.credits.approval_actions import approve_gift, give_or_ask
from smmatic.credits.proof import prove_account
from smmatic.credits.queries import charge, wallet
from smmatic.fulfilment.staff_actions import give_up
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.database import execute, fetch_all
from smmatic.kernel.refusals import Refusal
from smmatic.orders.queries import OrderRow
from smmatic.orders.steps import PROVIDER, actor_of
from smmatic.refunds.actions import answer_stop, ask_stop, cancel, end_order, presume_undelivered, request_refund
from smmatic.refunds.appeal_actions import appeal
from smmatic.refunds.bulk_actions import Finding, decide_bulk, preview_bulk
from smmatic.refunds.override_actions import answers, override
from smmatic.refunds.queries import CaseRow, cases_of_order, open_case
from smmatic.refunds.review_actions import approve, decide, set_claim, withdraw
from smmatic.refunds.situations import ClaimInput, situation_of
from tests.api.clients import api_of
from tests.builders import begun, change, customer, new_key, person, reread
from tests.web.desk.builders import Browser, version_on

pytestmark = pytest.mark.django_db

LIMIT = 500 * UNITS


def asked(who: Person, quantity: int = 2_000) -> tuple[OrderRow, CaseRow]:
    """An order in work of 2,100 Credits, and its customer's case: nothing came."""
    order = begun(who, quantity=quantity)
    request_refund(who, order.id, reason_code="not_delivered", words="Nothing came.", key=new_key())
    return order, _open(order)


def found(boss: Person, made: CaseRow, proof: str = "verified", claim: str = "fulfilment_fault") -> CaseRow:
    """The case after one person's finding."""
    return set_claim(boss, made.id, claim=claim, proof=proof, evidence="Seen in the log.", version=made.version)


def by_page(who: Person, boss: Person) -> None:
    _, made = asked(who)
    desk = Browser(boss)
    page = desk.get(f"/desk/cases/{made.id}")
    page = desk.post(
        f"/desk/cases/{made.id}/claim", claim="fulfilment_fault", proof="verified", evidence="Log.", version=version_on(page)
    )  # fmt: skip
    page = desk.post(f"/desk/cases/{made.id}/decide", version=version_on(page))
    desk.post(f"/desk/cases/{made.id}/approve", 403, version=version_on(page))


def by_api(who: Person, boss: Person) -> None:
    """The finding is the desk's; the customer takes the request back and asks again with their program."""
    order, made = asked(who)
    found(boss, made)
    api = api_of(who)
    assert api.post(f"/refunds/{made.id}/withdraw").status == 200
    again = api.post(f"/orders/{order.id}/refunds", {"reason": "changed_mind"}, key=new_key())
    assert (again.status, again.body["state"]) == (201, "approved")
    _refused(lambda: approve(boss, again.body["case_id"], version=1), "second_person_needed")


def by_bulk(who: Person, boss: Person) -> None:
    _, made = asked(who)
    finding = Finding("fulfilment_fault", "verified", "Log.")
    seen = [(item.case.id, item.case.version, item.units) for item in preview_bulk(boss, [made.id], finding).items]
    result = decide_bulk(boss, seen, finding)
    assert (result.units_at_once, result.units_waiting) == (0, 2_100 * UNITS)
    done = result.items[0].case
    _refused(lambda: approve(boss, done.id, version=done.version), "second_person_needed")


def by_override(who: Person, boss: Person) -> None:
    order, made = asked(who)
    made = found(boss, made, "refuted")
    best = max(answers(situation_of(reread(order.id)), made.ask), key=lambda one: one.plan.units_back)
    assert best.plan.units_back == 2_100 * UNITS
    done = override(boss, made.id, answer=best.key, why="They are a friend.", version=made.version)
    assert done.state == "approved"
    _refused(lambda: approve(boss, done.id, version=done.version), "second_person_needed")


def by_gift(who: Person, boss: Person) -> None:
    limits = GiftLimits(LIMIT, 2_000 * UNITS, now() - timedelta(days=30))
    fields = {"kind": "goodwill", "units": 600 * UNITS, "reason": "Sorry.", "limits": limits}
    _refused(lambda: give_credits(boss, who.id, key=new_key(), **fields), "second_person_needed")
    waiting = give_or_ask(boss, who.id, key=new_key(), **fields)
    assert waiting.approval_id is not None
    _refused(lambda: approve_gift(boss, waiting.approval_id, units=600 * UNITS), "second_person_needed")


def by_appeal(who: Person, boss: Person) -> None:
    order = begun(who, quantity=2_000)
    end_order(
        order.id,
        "failed",
        actor=PROVIDER,
        delivered=0,
        claims=[ClaimInput("wrong_information", "alleged", "provider", "no")],
    )
    made = found(boss, _open(order), claim="wrong_information")
    denied = decide(boss, made.id, version=made.version)
    again = appeal(who, denied.id, words="It is mine: picture.", key=new_key())
    again = found(boss, again, "refuted", "wrong_information")
    done = decide(boss, again.id, version=again.version)
    assert done.state == "approved"
    _refused(lambda: approve(boss, done.id, version=done.version), "second_person_needed")


def by_withdrawal(who: Person, boss: Person) -> None:
    """The order ends while the case is open, one person finds a fault, and the customer takes the request back: what is
    left to settle rests on that one finding."""
    order, made = asked(who)
    end_order(order.id, "failed", actor=PROVIDER, delivered=0)
    found(boss, made)
    withdraw(who, made.id)
    done = _open(order)
    assert (done.state, done.decided_by_id) == ("approved", boss.id)
    _refused(lambda: approve(boss, done.id, version=done.version), "second_person_needed")


def by_the_providers_end(who: Person, boss: Person) -> None:
    order, made = asked(who)
    found(boss, made)
    ended = end_order(order.id, "failed", actor=PROVIDER, delivered=0)
    assert ended is not None
    assert ended.state == "approved"
    done = _open(order)
    _refused(lambda: approve(boss, done.id, version=done.version), "second_person_needed")


def by_cancel(who: Person, boss: Person) -> None:
    order, made = asked(who)
    found(boss, made, claim="platform_fault")
    withdraw(who, made.id)
    done = cancel(who, order.id)
    assert (done.state, done.clause) == ("approved", "2.3")
    assert reread(order.id).live
    _refused(lambda: approve(boss, _open(order).id, version=1), "second_person_needed")


def by_giving_up(who: Person, boss: Person) -> None:
    order = begun(who, quantity=2_000)
    give_up(boss, order.id, "Nobody delivers it.")
    _refused(lambda: approve(boss, _open(order).id, version=1), "second_person_needed")


def by_presuming(who: Person, boss: Person) -> None:
    order = begun(who, quantity=2_000)
    change(order.id, ("in_progress",), unknown_since=now())
    presume_undelivered(order.id, actor=actor_of(boss), evidence="No trace after a day.")
    _refused(lambda: approve(boss, _open(order).id, version=1), "second_person_needed")


def by_stop(who: Person, boss: Person) -> None:
    order = begun(who, quantity=2_000)
    ask_stop(who, order.id)
    answer_stop(order.id, "confirmed", delivered=0, actor=actor_of(boss))
    _refused(lambda: approve(boss, _open(order).id, version=1), "second_person_needed")


WAYS = [
    by_page, by_api, by_bulk, by_override, by_gift, by_appeal, by_withdrawal, by_the_providers_end, by_cancel, by_giving_up,
    by_presuming, by_stop,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_one_person_never_gives_back_more_than_the_limit(way: Callable[[Person, Person], None]) -> None:
    who, boss = customer(2_200), person(Role.OPERATOR)
    way(who, boss)
    returned = fetch_all(
        "SELECT coalesce(sum(released + refunded), 0) AS units FROM credits_charge WHERE account_id = %s", [who.id]
    )
    assert returned[0]["units"] == 0
    assert wallet(who.id).available <= 2_200 * UNITS
    assert prove_account(who.id)[1] == []


@pytest.mark.parametrize(
    "way", [by_withdrawal, by_the_providers_end, by_cancel, by_override], ids=lambda way: way.__name__
)
def test_a_second_person_then_settles_exactly_that(way: Callable[[Person, Person], None]) -> None:
    who, boss = customer(2_200), person(Role.OPERATOR)
    way(who, boss)
    row = fetch_all("SELECT id, version FROM refunds_case WHERE customer_id = %s AND state = 'approved'", [who.id])[0]
    second = person(Role.APPROVER)
    done = approve(second, row["id"], version=row["version"])
    assert (done.state, done.units, done.approved_by_id) == ("settled", 2_100 * UNITS, second.id)
    money = charge(done.order_id)
    assert money is not None
    assert money.returned == 2_100 * UNITS
    assert prove_account(who.id)[1] == []


@pytest.mark.parametrize("way", ["decide", "withdraw", "end", "cancel"])
def test_small_pieces_are_caught_by_their_sum(way: str) -> None:
    """420 Credits an order: four are within 2,000 in thirty days, the fifth is not."""
    who, boss = customer(10_000), person(Role.OPERATOR)
    states = []
    for _ in range(6):
        order, made = asked(who, 400)
        if way == "withdraw":
            end_order(order.id, "failed", actor=PROVIDER, delivered=0)
        made = found(boss, made, claim="platform_fault" if way == "cancel" else "fulfilment_fault")
        if way == "decide":
            found(boss, made, claim="platform_fault")
            decide(boss, made.id, version=made.version + 1)
        elif way == "end":
            end_order(order.id, "failed", actor=PROVIDER, delivered=0)
        else:
            withdraw(who, made.id)
            if way == "cancel":
                cancel(who, order.id)
        states.append(cases_of_order(order.id)[-1].state)
    assert states == ["settled"] * 4 + ["approved"] * 2
    assert prove_account(who.id)[1] == []


def test_what_the_policy_gives_without_anybodys_finding_does_not_wait_for_two() -> None:
    """2.2 and a provider's own admission: the finding of staff on the same order changes nothing."""
    who, boss = customer(4_400), person(Role.OPERATOR)
    order, made = asked(who)
    found(boss, made, "refuted", "wrong_information")
    own = ClaimInput("fulfilment_fault", "verified", "provider", "our machine broke")
    ended = end_order(order.id, "failed", actor=PROVIDER, delivered=0, claims=[own])
    assert ended is not None
    assert (ended.state, ended.units_back) == ("settled", 2_100 * UNITS)


def test_the_database_knows_no_approval_by_one_person() -> None:
    who, boss = customer(2_200), person(Role.OPERATOR)
    by_override(who, boss)
    row = fetch_all("SELECT id FROM refunds_case WHERE customer_id = %s AND state = 'approved'", [who.id])[0]
    for columns in (
        f"approved_by_id = {boss.id}",
        "decided_by_id = NULL",
        f"state = 'settled', decided_by_id = NULL, approved_by_id = {boss.id}",
    ):
        with pytest.raises(IntegrityError, match=r"refunds_case_(two_people|first_of_two)"):
            execute(f"UPDATE refunds_case SET {columns} WHERE id = %s", [row["id"]])


def _open(order: OrderRow) -> CaseRow:
    made = open_case(order.id)
    assert made is not None
    return made


def _refused(do: Callable[[], object], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        do()
    assert refused.value.code.value == code
