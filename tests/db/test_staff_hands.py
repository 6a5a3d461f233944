"""Whose work it is: claimed by one, handed over with a note, taken over by name; and what is handed to the customer."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from smmatic.accounts.rules import Role
from smmatic.fulfilment import assign_actions as assign
from smmatic.fulfilment import rework_actions as rework
from smmatic.fulfilment import staff_actions as staff
from smmatic.fulfilment.rework_queries import rework as rework_row
from smmatic.fulfilment.work_queries import handed_over, item_of, loads, work_queue
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.actions import accept_due, keep_file
from smmatic.orders.queries import events_of, files_of
from smmatic.orders.steps import change
from smmatic.refunds.actions import ask_stop
from smmatic.support.actions import ask_customer
from tests.builders import begun, customer, ledger_of, person, placed, reread
from tests.web.desk.builders import delivered_order, staff_order

pytestmark = pytest.mark.django_db


def refused(code, do, *arguments, **named):
    with pytest.raises(Refusal) as caught:
        do(*arguments, **named)
    assert caught.value.code == code
    return caught.value


def hidden(order):
    shown = {event.id for event in events_of(order.id)}
    return [event for event in events_of(order.id, all_of_them=True) if event.id not in shown]


def test_it_is_claimed_without_beginning_handed_to_a_colleague_taken_over_and_put_back():
    first, second = person(Role.AGENT), person(Role.APPROVER)
    order = staff_order(customer())
    assign.claim(first, order.id)
    assign.claim(first, order.id)
    assert (reread(order.id).staff_id, reread(order.id).status) == (first.id, "processing")
    assign.hand_to(first, order.id, second.id, "The first four are in the shared folder.")
    assert reread(order.id).staff_id == second.id
    assign.take_over(first, order.id)
    assign.hand_to(first, order.id, None)
    assert reread(order.id).staff_id is None
    assert [event.kind for event in hidden(order)] == ["claimed", "handed_over", "taken_over", "put_back"]
    told = hidden(order)[1]
    assert (told.why, told.facts) == ("The first four are in the shared folder.", {"from": first.id, "to": second.id})


def test_what_a_colleague_works_on_is_neither_marked_nor_ended_nor_answered_by_another():
    who, first, other = customer(), person(Role.AGENT), person(Role.AGENT)
    order = placed(who, "FB-MOD", 10, start_now=True, link="https://www.facebook.com/smmatic.shop")
    while reread(order.id).status == "pending":
        accept_due()
    assign.claim(first, order.id)
    ask_stop(who, order.id)
    before, ledger = reread(order.id), ledger_of(who)
    for do, arguments in (
        (assign.claim, ()), (assign.hand_to, (other.id,)), (staff.staff_progress, (1,)), (staff.staff_finish, ("x",)),
        (staff.staff_refuse, ("x",)), (staff.staff_give_up, ("x",)),
    ):  # fmt: skip
        assert first.shown_name in refused(RefusalCode.WORK_OF_ANOTHER, do, other, order.id, *arguments).sentence
    refused(RefusalCode.WORK_OF_ANOTHER, staff.staff_answer_stop, other, order.id, stops=True)
    assert (reread(order.id), ledger_of(who)) == (before, ledger)
    assign.take_over(other, order.id)
    staff.staff_answer_stop(other, order.id, stops=False, why="The shift is planned.")
    assert reread(order.id).stop_status == "refused"


def test_only_people_who_may_work_get_it():
    agent = person(Role.AGENT)
    order = staff_order(customer())
    for nobody in (customer(), person(Role.AUDITOR)):
        refused(RefusalCode.ROLE_MISSING, assign.claim, nobody, order.id)
        refused(RefusalCode.ROLE_MISSING, assign.take_over, nobody, order.id)
        refused(RefusalCode.ROLE_MISSING, assign.hand_to, nobody, order.id, agent.id)
        refused(RefusalCode.COLLEAGUE_UNKNOWN, assign.hand_to, agent, order.id, nobody.id)
    refused(RefusalCode.COLLEAGUE_UNKNOWN, assign.hand_to, agent, order.id, 2**62)
    refused(RefusalCode.TEXT_FORBIDDEN_CHARACTERS, assign.hand_to, agent, order.id, agent.id, "a\x00b")
    refused(RefusalCode.NOT_FOUND, assign.claim, agent, begun(customer()).id)
    refused(RefusalCode.ORDER_ENDED, assign.claim, agent, delivered_order(customer()).id)
    pending = placed(customer(), "ANY-PHOTO", 10, link="", brief="Later.")
    refused(RefusalCode.ORDER_STATUS, assign.claim, agent, pending.id)
    assert reread(order.id).staff_id is None


def test_a_rework_changes_hands_like_an_order():
    who, first, second = customer(), person(Role.AGENT), person(Role.AGENT)
    order = delivered_order(who, first)
    number = rework.ask_rework(who, order.id, "Page two.")
    assert rework_row(number).staff_id == first.id
    refused(RefusalCode.WORK_OF_ANOTHER, assign.claim, second, order.id)
    assign.hand_to(first, order.id, second.id)
    assert (rework_row(number).staff_id, reread(order.id).staff_id) == (second.id, first.id)
    assert rework.begin_rework(second, number).state == "in_progress"


ROUNDS = 6


def claimed_at_once(monkeypatch, lock):
    """Two people claim the same orders at the same moment, each inside a transaction of their own; what each heard.

    That they raced is proven by the barrier: each asks for the order's lock only when the other is about to as well.
    """
    people, orders = [person(Role.AGENT) for _ in range(2)], [staff_order(customer()) for _ in range(ROUNDS)]
    met = threading.Barrier(2, timeout=60)

    def at_once(order_id):
        met.wait()
        return lock(order_id, met)

    def claim_all(who):
        heard = []
        try:
            for order in orders:
                try:
                    assign.claim(who, order.id)
                    heard.append(True)
                except Refusal as refusal:
                    heard.append(refusal.code)
        finally:
            connection.close()
        return heard

    monkeypatch.setattr(assign.orders, "lock_order", at_once)
    with ThreadPoolExecutor(2) as pool:
        heard = list(pool.map(claim_all, people))
    monkeypatch.undo()
    return people, orders, list(zip(*heard, strict=True))


def test_of_two_who_claim_at_once_exactly_one_gets_it(monkeypatch):
    lock_order = assign.orders.lock_order
    people, orders, heard = claimed_at_once(monkeypatch, lambda order_id, _met: lock_order(order_id))
    assert [set(pair) for pair in heard] == [{True, RefusalCode.WORK_OF_ANOTHER}] * ROUNDS
    for order, pair in zip(orders, heard, strict=True):
        assert reread(order.id).staff_id == people[pair.index(True)].id
        assert [event.kind for event in hidden(order)] == ["claimed"]


def test_control_a_claim_that_does_not_lock_is_caught(monkeypatch):
    """Seeded bug: the order is read without its lock, so that both see it free."""

    def unlocked(order_id, met):
        seen = reread(order_id)
        met.wait()
        return seen

    _people, orders, heard = claimed_at_once(monkeypatch, unlocked)
    assert [set(pair) for pair in heard] == [{True}] * ROUNDS
    assert [len(hidden(order)) for order in orders] == [2] * ROUNDS


def test_files_links_a_note_and_a_proof_are_handed_over_together_and_the_customer_sees_all():
    who, agent = customer(), person(Role.AGENT)
    order = staff_order(who)
    file = keep_file(agent, name="one.txt", content=b"one", purpose="deliverable")
    shot = keep_file(agent, name="shot.txt", content=b"shot", purpose="proof")
    note = "Lời dài. " * 300
    staff.staff_progress(
        agent, order.id, 4, note, [file.id], links="https://drive.google.com/file/d/1a2b3c", proof="Seen live at 10:00.",
        proof_files=[shot.id],
    )  # fmt: skip
    staff.staff_progress(agent, order.id, 6, links="https://www.tiktok.com/@smmatic/video/72")
    second, first = handed_over(events_of(order.id), files_of(order.id))
    assert (first.note, first.links) == (note.strip(), ("https://drive.google.com/file/d/1a2b3c",))
    assert ([row.id for row in first.files], [row.id for row in first.proof_files]) == ([file.id], [shot.id])
    assert first.proof == "Seen live at 10:00."
    assert (second.note, second.links) == ("", ("https://www.tiktok.com/@smmatic/video/72",))
    assert {row.purpose for row in files_of(order.id)} == {"deliverable", "proof"}
    assert staff.staff_finish(agent, order.id) is not None  # a link handed over before is something to look at


def test_bad_fields_of_a_handover_change_nothing():
    who, agent = customer(), person(Role.AGENT)
    order = staff_order(who)
    before, ledger = reread(order.id), ledger_of(who)
    theirs = keep_file(person(Role.AGENT), name="x.txt", content=b"x", purpose="proof")
    for field, value, code in (
        ("links", "javascript:alert(1)", RefusalCode.DELIVERABLE_LINK),
        ("links", "\n".join(f"https://example.com/{number}" for number in range(21)), RefusalCode.DELIVERABLE_TOO_MANY),
        ("links", "x\x00", RefusalCode.TEXT_FORBIDDEN_CHARACTERS),
        ("proof", "x" * 4001, RefusalCode.TEXT_TOO_LONG),
        ("proof", "\u202ereversed", RefusalCode.TEXT_FORBIDDEN_CHARACTERS),
        ("note", "x" * 4001, RefusalCode.TEXT_TOO_LONG),
        ("proof_files", [theirs.id], RefusalCode.NOT_FOUND),
    ):
        for do, arguments in ((staff.staff_progress, (1,)), (staff.staff_finish, ())):
            refused(code, do, agent, order.id, *arguments, **{field: value})
    assert (reread(order.id), ledger_of(who), files_of(order.id)) == (before, ledger, [])


def test_a_stop_that_was_asked_for_reads_too_late_once_everything_is_delivered():
    who, agent = customer(), person(Role.AGENT)
    order = staff_order(who)
    ask_stop(who, order.id)
    staff.staff_finish(agent, order.id, "All ten.")
    done = reread(order.id)
    assert (done.status, done.stop_status) == ("completed", "too_late")
    assert [event.facts["answer"] for event in events_of(order.id) if event.kind == "stop_answered"] == ["too_late"]


def test_the_queue_is_by_promise_and_the_load_counts_everything_in_each_hand():
    who, agent = customer(5000), person(Role.AGENT)
    started, fresh, stopping, waiting = (staff_order(who) for _ in range(4))
    with atomic():
        assert change(fresh.id, ("processing",), start_promised_at=fresh.placed_at)
    for order in (started, fresh, stopping, waiting):
        assign.claim(agent, order.id)
    staff.staff_progress(agent, started.id, 4)
    ask_stop(who, stopping.id)
    ask_customer(agent, waiting.id, "Which background?")
    finished = delivered_order(who, agent)
    rework.ask_rework(who, finished.id, "Page two.")
    mine = [item for item in work_queue() if item.staff_id == agent.id]
    kinds = {item.order.id: item.kind for item in mine}
    assert kinds == {
        fresh.id: "start", stopping.id: "stop", started.id: "work", waiting.id: "waiting", finished.id: "rework",
    }  # fmt: skip
    dues = [item.due for item in mine]
    assert dues == sorted(dues, key=lambda due: (due is None, due.timestamp() if due else 0))
    assert mine[0].order.id == fresh.id
    load = next(row for row in loads() if row.staff_id == agent.id)
    assert (load.orders, load.reworks, load.items, load.late, load.waiting) == (4, 1, 5, 1, 1)
    assert load.units_left == 36
    assert (load.done.orders, load.done.units) == (1, 3)
    assert item_of(reread(waiting.id)).due is None
