"""Rework: what was delivered is done again when its customer asks within its days, once at a time, with an answer."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from smmatic.accounts.rules import Role
from smmatic.fulfilment import rework_actions as rework
from smmatic.fulfilment.handover import Handover, checked_handover
from smmatic.fulfilment.rework_queries import open_rework, open_reworks, preview_rework, rework_of, reworks_of_order
from smmatic.fulfilment.rework_rules import plan_rework
from smmatic.fulfilment.staff_actions import staff_finish
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.actions import accept_due, keep_file
from smmatic.orders.queries import events_of, file_of, files_of
from smmatic.orders.steps import PROVIDER, SYSTEM
from smmatic.refunds.actions import end_order, request_refund
from tests.builders import begun, customer, ledger_of, new_key, person, placed, reread

pytestmark = pytest.mark.django_db


def translated(who, agent=None):
    """A translation by our own people, complete; its terms give seven days of rework."""
    order = placed(who, "ANY-TRANS", 3, link="", brief="A menu.", start_now=True)
    while reread(order.id).status == "pending":
        accept_due()
    staff_finish(agent or person(Role.AGENT), order.id, "All three pages.")
    return reread(order.id)


def refused(code, do, *arguments, **named):
    with pytest.raises(Refusal) as caught:
        do(*arguments, **named)
    assert caught.value.code == code
    return caught.value


def kinds(order):
    return [event.kind for event in events_of(order.id)]


def test_asked_within_its_days_it_is_done_again_with_a_file_that_the_customer_can_open():
    who, agent = customer(), person(Role.AGENT)
    order = translated(who, agent)
    before = ledger_of(who)
    number = rework.ask_rework(who, order.id, "Page two is not translated.", key=new_key())
    asked = rework_of(who, number)
    assert (asked.state, asked.reason, asked.staff_id) == ("pending", "Page two is not translated.", order.staff_id)
    assert asked.start_by - asked.asked_at > timedelta(hours=order.terms["start_hours"], seconds=-60)
    assert rework.begin_rework(agent, number).state == "in_progress"
    file = keep_file(agent, name="page-2.txt", content=b"Grilled pork", purpose="deliverable")
    done = rework.finish_rework(agent, number, Handover("Page two, with our apologies.", files=(file.id,)))
    assert (done.state, done.answer) == ("completed", "Page two, with our apologies.")
    assert file_of(who, file.id)[1] == b"Grilled pork"
    assert kinds(order)[-3:] == ["rework_asked", "rework_begun", "rework_done"]
    assert ledger_of(who) == before
    assert reread(order.id).status == "completed"


def test_refused_with_a_reason_it_stays_as_it_is_and_can_be_asked_for_again():
    who, agent = customer(), person(Role.AGENT)
    order = translated(who, agent)
    number = rework.ask_rework(who, order.id, "I want it in Thai.")
    refused(RefusalCode.REASON_MISSING, rework.refuse_rework, agent, number, "  ")
    assert rework.refuse_rework(agent, number, "The brief asks for English.").state == "rejected"
    for answer in (rework.begin_rework, lambda *_: rework.refuse_rework(agent, number, "Again.")):
        refused(RefusalCode.REWORK_ENDED, answer, agent, number)
    again = rework.ask_rework(who, order.id, "The dishes' names are wrong.")
    assert [row.id for row in reworks_of_order(order.id)] == [number, again]


def test_an_order_of_a_delivery_partner_is_done_again_by_the_desk():
    who, agent = customer(), person(Role.AGENT)
    order = begun(who, "TT-ADS", 100)
    end_order(order.id, "completed", actor=PROVIDER)
    refused(
        RefusalCode.REWORK_NOT_OFFERED, rework.ask_rework, who, order.id, "Nothing arrived."
    )  # a top-up has no days
    listed = begun(who, "TS-UPLOAD", 10, link="https://shop.tiktok.com/view/shop/7495000000000000000")
    end_order(listed.id, "completed", actor=PROVIDER)
    number = rework.ask_rework(who, listed.id, "Three of the ten have the old price.")
    assert rework.finish_rework(agent, number, Handover("All ten are right now.")).state == "completed"


def test_the_same_request_under_the_same_key_is_one_rework():
    who = customer()
    order, key = translated(who), new_key()
    number = rework.ask_rework(who, order.id, "Page two.", key=key)
    assert rework.ask_rework(who, order.id, "Page two.", key=key) == number
    refused(RefusalCode.KEY_REUSED, rework.ask_rework, who, order.id, "Page three.", key=key)
    assert len(reworks_of_order(order.id)) == 1


PLAN = {"open_rework": False, "open_case": False, "nothing_left": False}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"open_rework": True}, RefusalCode.REWORK_OPEN),
        ({"open_case": True}, RefusalCode.CASE_OPEN),
        ({"nothing_left": True}, RefusalCode.NOTHING_TO_REFUND),
        ({"moment": timedelta(days=7, seconds=1)}, RefusalCode.REWORK_TOO_LATE),
    ],
)
def test_each_guard_alone_says_no(change, code):
    order = translated(customer())
    moment = order.ended_at + change.pop("moment", timedelta(days=7))
    assert plan_rework(order, order.ended_at + timedelta(days=7), **PLAN).refusal is None
    plan = plan_rework(order, moment, **PLAN | change)
    assert plan.refusal.code == code
    assert plan.refusal.sentence
    assert plan.refusal.next_step


def test_guards_of_the_order_itself_say_no_and_nothing_changes():
    who = customer()
    live = begun(who, "ANY-TRANS", 3, link="", brief="A menu.")
    partial = begun(who, "ANY-TRANS", 3, link="", brief="A menu.", delivered=1)
    end_order(partial.id, "partial", actor=SYSTEM)
    before = ledger_of(who)
    refused(RefusalCode.REWORK_TOO_EARLY, rework.ask_rework, who, live.id, "Please.")
    refused(RefusalCode.ORDER_ENDED, rework.ask_rework, who, partial.id, "Please.")
    refused(RefusalCode.REASON_MISSING, rework.ask_rework, who, live.id, " \n ")
    refused(RefusalCode.TEXT_TOO_LONG, rework.ask_rework, who, live.id, "x" * 2001)
    refused(RefusalCode.TEXT_FORBIDDEN_CHARACTERS, rework.ask_rework, who, live.id, "zero\x00byte")
    refused(RefusalCode.NOT_FOUND, rework.ask_rework, customer(), live.id, "Not mine.")
    assert reworks_of_order(live.id) == reworks_of_order(partial.id) == []
    assert ledger_of(who) == before


def test_an_open_refund_request_is_answered_before_anything_is_done_again():
    who = customer()
    order = translated(who)
    assert preview_rework(who, order.id).refusal is None
    request_refund(who, order.id, reason_code="not_delivered", words="Page two is missing.", key=new_key())
    assert preview_rework(who, order.id).refusal.code == RefusalCode.CASE_OPEN
    refused(RefusalCode.CASE_OPEN, rework.ask_rework, who, order.id, "Page two.")


def test_nobody_but_staff_answers_and_nobody_else_sees_it():
    who, stranger = customer(), customer()
    order = translated(who)
    number = rework.ask_rework(who, order.id, "Page two.")
    for nobody in (who, stranger, person(Role.AUDITOR)):
        refused(RefusalCode.ROLE_MISSING, rework.begin_rework, nobody, number)
        refused(RefusalCode.ROLE_MISSING, rework.finish_rework, nobody, number, Handover("x"))
        refused(RefusalCode.ROLE_MISSING, rework.refuse_rework, nobody, number, "x")
    refused(RefusalCode.NOT_FOUND, rework_of, stranger, number)
    other = person(Role.AGENT)
    for answer in (rework.begin_rework, lambda *_: rework.finish_rework(other, number, Handover("x"))):
        assert "being worked on by" in refused(RefusalCode.WORK_OF_ANOTHER, answer, other, number).sentence
    assert open_rework(order.id).state == "pending"
    assert number in [row.id for row in open_reworks()]


def test_something_has_to_be_handed_over_and_only_ones_own_files():
    who, agent = customer(), person(Role.AGENT)
    order = translated(who, agent)
    number = rework.ask_rework(who, order.id, "Page two.")
    refused(RefusalCode.DELIVERABLE_MISSING, rework.finish_rework, agent, number, Handover(proof="Only a proof."))
    theirs = keep_file(person(Role.AGENT), name="x.txt", content=b"x", purpose="deliverable")
    refused(RefusalCode.NOT_FOUND, rework.finish_rework, agent, number, Handover(files=(theirs.id,)))
    assert (open_rework(order.id).state, files_of(order.id)) == ("pending", [])


def test_accepting_takes_no_right_away_and_is_recorded_once():
    who, agent = customer(), person(Role.AGENT)
    order = translated(who, agent)
    rework.accept_work(who, order.id)
    rework.accept_work(who, order.id)
    assert kinds(order).count("work_accepted") == 1
    assert rework.accepted(order.id)
    number = rework.ask_rework(who, order.id, "I looked again: page two.")
    refused(RefusalCode.REWORK_OPEN, rework.accept_work, who, order.id)
    rework.finish_rework(agent, number, Handover("Page two."))
    assert not rework.accepted(order.id)
    rework.accept_work(who, order.id)
    assert rework.accepted(order.id)
    live = begun(who, "ANY-TRANS", 3, link="", brief="A menu.")
    refused(RefusalCode.REWORK_TOO_EARLY, rework.accept_work, who, live.id)
    refused(RefusalCode.NOT_FOUND, rework.accept_work, customer(), order.id)


def test_the_database_itself_refuses_a_second_open_one_a_change_of_what_was_asked_and_a_way_back():
    who = customer()
    order = translated(who)
    number = rework.ask_rework(who, order.id, "Page two.")
    for statement in (
        "INSERT INTO fulfilment_rework (order_id, reason, start_by) SELECT order_id, 'x', now() FROM fulfilment_rework WHERE id = %s",
        "UPDATE fulfilment_rework SET reason = 'less' WHERE id = %s",
        "UPDATE fulfilment_rework SET state = 'completed' WHERE id = %s",
        "DELETE FROM fulfilment_rework WHERE id = %s",
    ):
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(statement, [number])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fulfilment_rework SET state = 'rejected', ended_at = now() WHERE id = %s", [number])
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("UPDATE fulfilment_rework SET state = 'pending', ended_at = NULL WHERE id = %s", [number])


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)", "http://127.0.0.1/x", "http://169.254.169.254/latest", "https://user:pass@evil.example",
        "https://drive.google.com/a b", "ftp://files.example.com/x", "https://ex\u200bample.com", "not a link",
        "https://example.com/" + "x" * 2000,
    ],
)  # fmt: skip
def test_a_link_that_could_lead_elsewhere_is_not_handed_over(link):
    with pytest.raises(Refusal) as caught:
        checked_handover(links=f"https://drive.google.com/file/d/1a2b3c\n{link}")
    assert caught.value.field == "links"
    assert caught.value.code in (RefusalCode.DELIVERABLE_LINK, RefusalCode.TEXT_FORBIDDEN_CHARACTERS)


def test_links_are_handed_over_as_whole_addresses():
    given = checked_handover(links="drive.google.com/file/d/1a2b3c\n\nhttps://www.tiktok.com/@smmatic/video/72\n")
    assert given.links == ("https://drive.google.com/file/d/1a2b3c", "https://www.tiktok.com/@smmatic/video/72")
    many = "\n".join(f"https://example.com/{number}" for number in range(21))
    with pytest.raises(Refusal) as caught:
        checked_handover(links=many)
    assert caught.value.code == RefusalCode.DELIVERABLE_TOO_MANY


def test_the_window_counts_from_completion_by_the_days_pinned_to_the_order():
    order = translated(customer())
    plan = plan_rework(order, timezone.now(), **PLAN)
    assert plan.until == order.ended_at + timedelta(days=order.terms["rework_days"])
