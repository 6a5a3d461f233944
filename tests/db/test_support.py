"""Conversations: everybody reads their own, staff's notes stay inside, and what was written stays."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.kernel.clock import now
from smmatic.kernel.database import fetch_all
from smmatic.kernel.refusals import Refusal
from smmatic.orders.queries import events_of
from smmatic.refunds.actions import request_refund
from smmatic.refunds.queries import events_of_case
from smmatic.support.actions import MAX_AN_HOUR, ask_customer, post_message, staff_message, staff_reply
from smmatic.support.queries import (
    conversation_of,
    conversation_of_order,
    conversations_of,
    general_conversation,
    messages_of,
    messages_of_order,
    unanswered,
)
from tests.builders import begun, change, customer, ledger_of, new_key, person, placed, reread

pytestmark = pytest.mark.django_db


def written_about(who: Person) -> dict[str, Any]:
    return ledger_of(who) | {
        "conversations": fetch_all("SELECT * FROM support_conversation WHERE customer_id = %s", [who.id]),
        "messages": fetch_all(
            "SELECT m.* FROM support_message m JOIN support_conversation c ON c.id = m.conversation_id"
            " WHERE c.customer_id = %s ORDER BY m.id",
            [who.id],
        ),
    }


def refused(who: Person, code: str, attempt: Callable[[], object]) -> None:
    before = written_about(who)
    with pytest.raises(Refusal) as caught:
        attempt()
    assert caught.value.code == code
    assert written_about(who) == before


def test_a_customer_writes_about_an_order_and_staff_answer():
    who, agent = customer(), person(Role.AGENT)
    order = placed(who)
    assert conversation_of_order(who, order.id) is None
    assert messages_of_order(who, order.id) == []
    first = post_message(who, order.id, " Can you start with the blue one?\r\nThanks ")
    assert first.body == "Can you start with the blue one?\nThanks"
    thread = conversation_of(who, first.conversation_id)
    assert (thread.order_id, thread.waiting_for) == (order.id, "staff")
    assert thread in unanswered(10_000)
    staff_reply(agent, thread.id, "Yes, we will.")
    assert conversation_of(who, thread.id).waiting_for == ""
    assert [(m.author_kind, m.author_id) for m in messages_of_order(who, order.id)] == [
        ("customer", who.id), ("staff", agent.id),
    ]  # fmt: skip


def test_an_internal_note_is_read_by_staff_only_and_answers_nobody():
    who, agent = customer(), person(Role.AGENT)
    order = placed(who)
    post_message(who, order.id, "Hello?")
    note = staff_message(agent, order.id, "Looks like the link is of another shop.", internal=True)
    assert [m.body for m in messages_of_order(who, order.id)] == ["Hello?"]
    assert note in messages_of(agent, note.conversation_id)
    assert conversation_of(agent, note.conversation_id).waiting_for == "staff"


def test_staff_can_write_first():
    who, agent = customer(), person(Role.AGENT)
    order = placed(who)
    message = staff_message(agent, order.id, "We begin on Monday.")
    assert messages_of_order(who, order.id) == [message]


def test_a_question_lets_the_order_wait_and_an_answer_lets_it_go_on():
    who, agent = customer(), person(Role.AGENT)
    order = placed(who)
    promised = order.start_promised_at
    ask_customer(agent, order.id, "Which of the two shops is it?")
    waiting = reread(order.id)
    assert waiting.waiting_since is not None
    assert conversation_of_order(who, order.id).waiting_for == "customer"
    change(order.id, ("pending",), waiting_since=now() - timedelta(hours=2))
    ask_customer(agent, order.id, "And since when?")
    assert now() - reread(order.id).waiting_since > timedelta(hours=1), "a second question does not restart the wait"
    post_message(who, order.id, "The first one.")
    after = reread(order.id)
    assert after.waiting_since is None
    assert timedelta(hours=2) <= after.start_promised_at - promised < timedelta(hours=2, minutes=1)
    assert conversation_of_order(who, order.id).waiting_for == "staff"
    assert [event.kind for event in events_of(order.id)] == ["placed", "question", "answered"]


def test_a_promise_that_was_kept_does_not_move():
    who, agent = customer(), person(Role.AGENT)
    order = begun(who)
    change(order.id, ("in_progress",), started_at=now())
    ask_customer(agent, order.id, "Which colour?")
    change(order.id, ("in_progress",), waiting_since=now() - timedelta(hours=2))
    post_message(who, order.id, "Blue.")
    assert reread(order.id).start_promised_at == order.start_promised_at


def test_a_question_about_a_case_is_kept_in_its_history():
    who, agent = customer(), person(Role.AGENT)
    order = begun(who, delivered=10)
    asked = request_refund(who, order.id, reason_code="not_delivered", words="Nothing came since noon.", key=new_key())
    case_id = asked.case_id
    assert case_id is not None
    message = ask_customer(agent, order.id, "Can you send a screenshot?", case_id=case_id)
    assert message.case_id == case_id
    assert [(e.kind, e.why) for e in events_of_case(case_id)][-1] == ("question", "Can you send a screenshot?")
    other = placed(who)
    refused(who, "not_found", lambda: ask_customer(agent, other.id, "About what?", case_id=case_id))
    refused(who, "not_found", lambda: staff_message(agent, other.id, "About what?", case_id=case_id))


def test_a_customer_can_write_about_nothing_in_particular():
    who = customer(0)
    assert general_conversation(who) is None
    first, second = post_message(who, None, "Do you make banners?"), post_message(who, None, "In Vietnamese?")
    assert first.conversation_id == second.conversation_id
    assert [thread.order_id for thread in conversations_of(who)] == [None]


def test_first_messages_at_once_share_one_conversation():
    who = customer()
    order = placed(who)

    def write(turn: int) -> int:
        try:
            return post_message(who, order.id if turn % 2 else None, f"message {turn}").conversation_id
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(write, range(16)))) == 2
    assert len(messages_of_order(who, order.id)) == 8


def test_another_customers_conversation_does_not_exist():
    who, other = customer(), customer()
    order = placed(who)
    thread = post_message(who, order.id, "Private.").conversation_id
    for attempt in (
        lambda: conversation_of(other, thread),
        lambda: messages_of(other, thread),
        lambda: conversation_of_order(other, order.id),
        lambda: messages_of_order(other, order.id),
        lambda: post_message(other, order.id, "Hello"),
        lambda: post_message(other, 2**40, "Hello"),
        lambda: conversation_of(who, 2**40),
    ):
        refused(who, "not_found", attempt)
    assert conversations_of(other) == []


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.AUDITOR])
def test_only_those_who_work_on_cases_write_as_staff(role: Role):
    who, other = customer(), person(role)
    order = placed(who)
    thread = post_message(who, order.id, "Hello").conversation_id
    refused(who, "role_missing", lambda: staff_reply(other, thread, "Hi"))
    refused(who, "role_missing", lambda: staff_message(other, order.id, "Hi"))
    refused(who, "role_missing", lambda: ask_customer(other, order.id, "Hi"))
    refused(who, "role_missing", lambda: staff_reply(who, thread, "Hi"))


def test_staff_do_not_write_in_the_customers_name():
    who, agent = customer(), person(Role.AGENT)
    order = placed(who)
    refused(who, "not_found", lambda: post_message(agent, order.id, "I am the customer"))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "field_missing"),
        (" \n ", "field_missing"),
        ("a\x00b", "text_forbidden_characters"),
        ("a\u202eb", "text_forbidden_characters"),
        ("x" * 5_001, "text_too_long"),
        (5, "field_invalid"),
        (None, "field_invalid"),
    ],
)
def test_a_message_is_plain_text_of_bounded_length(body: Any, code: str):
    who, agent = customer(), person(Role.AGENT)
    order = placed(who)
    thread = post_message(who, order.id, "Hello").conversation_id
    for attempt in (
        lambda: post_message(who, order.id, body),
        lambda: staff_reply(agent, thread, body),
        lambda: staff_message(agent, order.id, body),
        lambda: ask_customer(agent, order.id, body),
    ):
        refused(who, code, attempt)


def test_a_customer_who_writes_without_end_is_slowed_down():
    who = customer(0)
    for turn in range(MAX_AN_HOUR):
        post_message(who, None, f"message {turn}")
    refused(who, "rate_limited", lambda: post_message(who, None, "one more"))
    staff_reply(person(Role.AGENT), general_conversation(who).id, "We are here.")


def test_what_was_written_stays(database_addresses):
    who = customer(0)
    post_message(who, None, "As I said.")
    with psycopg.connect(database_addresses.owner, autocommit=True) as owner:
        for statement in ("UPDATE support_message SET body = 'x'", "DELETE FROM support_message"):
            with pytest.raises(psycopg.DatabaseError, match="append-only"):
                owner.execute(statement)
