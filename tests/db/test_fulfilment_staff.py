"""Orders that people deliver: progress with deliverables, the end, refusals, giving up, answers to stop requests."""

from __future__ import annotations

import pytest

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.credits.queries import charge
from smmatic.fulfilment import staff_actions as staff
from smmatic.fulfilment.work import Round
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.actions import accept_due, keep_file
from smmatic.orders.queries import OrderRow, events_of, file_of, files_of
from smmatic.refunds.actions import ask_stop
from smmatic.refunds.queries import cases_of_order, claims_of
from tests.builders import customer, person, placed, reread
from tests.sandboxes import park

pytestmark = pytest.mark.django_db


def accepted(who: Person, quantity: int = 10) -> OrderRow:
    order = placed(who, "ANY-PHOTO", quantity, start_now=True, link="", brief="Remove the background, please.")
    while reread(order.id).status == "pending":
        accept_due()
    return reread(order.id)


def back(order: OrderRow) -> int:
    found = charge(order.id)
    assert found is not None
    return found.returned


def refused(code: RefusalCode, do: object, *arguments: object, **named: object) -> None:
    with pytest.raises(Refusal) as caught:
        do(*arguments, **named)  # type: ignore[operator]
    assert caught.value.code == code


def test_work_is_marked_handed_over_and_finished() -> None:
    who, agent = customer(), person(Role.AGENT)
    order = accepted(who)
    first = keep_file(agent, name="one.txt", content=b"done: one", purpose="deliverable")
    after = staff.staff_progress(agent, order.id, 4, "The first four.", [first.id])
    assert (after.status, after.delivered, after.staff_id) == ("in_progress", 4, agent.id)
    assert after.started_at is not None
    staff.staff_progress(agent, order.id, 4)
    assert [event.kind for event in events_of(order.id)].count("progress") == 0
    rest = keep_file(agent, name="rest.txt", content=b"done: rest", purpose="deliverable")
    decided = staff.staff_finish(agent, order.id, "", [rest.id])
    assert decided is not None
    done = reread(order.id)
    assert (done.status, done.delivered, back(done)) == ("completed", 10, 0)
    assert {file.purpose for file in files_of(order.id)} == {"deliverable"}
    assert file_of(who, rest.id)[1] == b"done: rest"
    found = charge(order.id)
    assert found is not None
    assert found.captured == order.amount


def test_units_only_rise_and_stay_within_the_order() -> None:
    agent = person(Role.AGENT)
    order = accepted(customer())
    staff.staff_progress(agent, order.id, 6)
    for units in (5, 11, -1):
        refused(RefusalCode.UNITS_OUT_OF_RANGE, staff.staff_progress, agent, order.id, units)
    assert reread(order.id).delivered == 6


def test_nothing_is_finished_without_something_to_hand_over() -> None:
    agent = person(Role.AGENT)
    order = accepted(customer())
    refused(RefusalCode.DELIVERABLE_MISSING, staff.staff_finish, agent, order.id)
    assert (reread(order.id).status, reread(order.id).delivered) == ("processing", 0)
    assert staff.staff_finish(agent, order.id, "All pictures are in your shared folder.") is not None


def test_refused_before_any_work_gives_everything_back() -> None:
    agent = person(Role.AGENT)
    order = accepted(customer())
    refused(RefusalCode.REASON_MISSING, staff.staff_refuse, agent, order.id, " ")
    staff.staff_refuse(agent, order.id, "We don't retouch documents.")
    assert (reread(order.id).status, back(order)) == ("rejected", order.amount)
    assert cases_of_order(order.id)[-1].clause == "2.2"


def test_work_that_has_begun_can_not_be_refused_only_given_up() -> None:
    agent = person(Role.AGENT)
    order = accepted(customer())
    staff.staff_progress(agent, order.id, 3)
    refused(RefusalCode.ORDER_STATUS, staff.staff_refuse, agent, order.id, "Too hard.")
    staff.staff_give_up(agent, order.id, "Our retoucher is ill.")
    assert (reread(order.id).status, reread(order.id).delivered) == ("partial", 3)
    assert claims_of(order.id)["fulfilment_fault"].proof == "verified"
    assert back(order) == order.amount - order.amount * 3 // 10


def test_giving_up_above_the_limit_waits_for_a_second_person() -> None:
    agent = person(Role.AGENT)
    order = placed(customer(5000), "TT-CAMP", 20, start_now=True, link="https://www.tiktok.com/@smmatic.shop")
    while reread(order.id).status == "pending":
        accept_due()
    assert order.amount > 500 * UNITS
    staff.staff_give_up(agent, order.id, "We can't do it.")
    assert cases_of_order(order.id)[-1].state == "approved"
    assert back(order) == 0


def test_strangers_and_other_roles_can_not_work_on_it() -> None:
    who = customer()
    order = accepted(who)
    for nobody in (who, person(Role.AUDITOR)):
        refused(RefusalCode.ROLE_MISSING, staff.staff_progress, nobody, order.id, 1)
        refused(RefusalCode.ROLE_MISSING, staff.staff_finish, nobody, order.id, "x")
        refused(RefusalCode.ROLE_MISSING, staff.staff_refuse, nobody, order.id, "x")
        refused(RefusalCode.ROLE_MISSING, staff.staff_give_up, nobody, order.id, "x")
        refused(RefusalCode.ROLE_MISSING, staff.staff_answer_stop, nobody, order.id, stops=True)
        refused(RefusalCode.ROLE_MISSING, staff.presume_undelivered, nobody, order.id, "x")
        refused(RefusalCode.ROLE_MISSING, staff.resolve_found, nobody, order.id, "1", "x")
    assert reread(order.id) == order


def test_another_persons_file_is_not_handed_over() -> None:
    agent, other = person(Role.AGENT), person(Role.AGENT)
    order = accepted(customer())
    theirs = keep_file(other, name="one.txt", content=b"theirs", purpose="deliverable")
    refused(RefusalCode.NOT_FOUND, staff.staff_progress, agent, order.id, 1, "", [theirs.id])
    assert files_of(order.id) == []


def test_an_order_of_a_provider_is_not_staff_work() -> None:
    agent = person(Role.AGENT)
    order = placed(customer(), start_now=True)
    refused(RefusalCode.NOT_FOUND, staff.staff_progress, agent, order.id, 1)


def test_a_worker_leaves_staff_orders_to_people() -> None:
    park()
    order = accepted(customer())
    work = Round("test-staff", lease=5)
    work.run()
    work.close()
    assert (reread(order.id).status, reread(order.id).next_check_at) == ("processing", None)


@pytest.mark.parametrize("stops", [True, False])
def test_stop_requests_are_answered_by_people(stops: bool) -> None:
    who, agent = customer(), person(Role.AGENT)
    order = placed(who, "FB-MOD", 10, start_now=True, link="https://www.facebook.com/smmatic.shop")
    while reread(order.id).status == "pending":
        accept_due()
    staff.staff_progress(agent, order.id, 4)
    ask_stop(who, order.id)
    staff.staff_answer_stop(agent, order.id, stops=stops, why="The shift is already planned.")
    found = reread(order.id)
    if stops:
        assert (found.status, found.delivered) == ("partial", 4)
        assert back(order) == order.amount - order.amount * 4 // 10
        assert cases_of_order(order.id)[-1].clause == "4.2"
    else:
        assert (found.status, found.stop_status, back(order)) == ("in_progress", "refused", 0)
