"""Conversations at the desk: taking, linking, ending, two who write at once, saved replies, evidence, and the target."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.kernel.database import execute, fetch_all
from smmatic.orders.queries import files_of
from smmatic.policy.business_time import business_time
from smmatic.policy.queries import current_calendar, current_policy
from smmatic.support.actions import post_message, staff_reply
from smmatic.support.intake_actions import receive, sort_due
from smmatic.support.steps import answer_due
from tests.builders import customer, ledger_of, new_key, person, placed
from tests.mail.things import mailed
from tests.mail.writing import letter
from tests.web.desk.builders import Browser, browser, words

pytestmark = pytest.mark.django_db


def thread(number: int) -> dict[str, Any]:
    """The conversation and everything that hangs on it, to compare before and after a refusal."""
    tables = {
        "thread": "SELECT * FROM support_conversation WHERE id = %s",
        "messages": "SELECT * FROM support_message WHERE conversation_id = %s ORDER BY id",
        "files": "SELECT a.id, a.file_id, a.content IS NULL AS gone FROM support_attachment a"
        " JOIN support_message m ON m.id = a.message_id WHERE m.conversation_id = %s ORDER BY a.id",
    }
    return {name: fetch_all(statement, [number]) for name, statement in tables.items()}


def state(number: int) -> dict[str, Any]:
    """The conversation's own row."""
    return thread(number)["thread"][0]


def written(who: Person) -> int:
    """A conversation of this customer that waits for staff."""
    return post_message(who, None, "When does it begin?").conversation_id


def unknown() -> int:
    """A conversation of nobody, as a mail from an unknown address makes one."""
    sender = f"{new_key()}@example.test"
    receive(letter(sender, "Hello from nobody").as_bytes(), "page")
    sort_due(10_000)
    return int(fetch_all("SELECT id FROM support_conversation WHERE address = %s", [sender])[0]["id"])


def replies() -> list[dict[str, Any]]:
    """Every saved reply."""
    return fetch_all("SELECT * FROM support_saved_reply ORDER BY id")


def last_id(number: int) -> int:
    """The last message of a conversation."""
    return int(thread(number)["messages"][-1]["id"])


def test_a_conversation_is_taken_handed_over_and_given_back() -> None:
    number, mine, colleague = written(customer(0)), browser(), person(Role.AGENT)
    at = f"/desk/messages/{number}/assign"
    mine.post(at, what="mine")
    assert mine.who is not None
    assert state(number)["assignee_id"] == mine.who.id
    assert f"/desk/messages/{number}" in mine.get("/desk/messages", show="mine")
    mine.post(at, what="hand", colleague=str(colleague.id))
    assert state(number)["assignee_id"] == colleague.id
    assert f'/desk/messages/{number}"' not in mine.get("/desk/messages", show="mine")
    Browser(colleague).post(at, what="nobody")
    assert state(number)["assignee_id"] is None
    assert f"/desk/messages/{number}" in mine.get("/desk/messages", show="free")


@pytest.mark.parametrize("what", ["", "all", "mine\x00"])
def test_what_is_no_way_to_assign_is_refused_and_nobody_loses_the_conversation(what: str) -> None:
    number, mine = written(customer(0)), browser()
    mine.post(f"/desk/messages/{number}/assign", what="mine")
    before = thread(number)
    mine.post(f"/desk/messages/{number}/assign", 422, what=what)
    assert thread(number) == before


def test_it_is_handed_only_to_somebody_who_can_answer() -> None:
    number, mine = written(customer(0)), browser()
    before = thread(number)
    for other in (str(customer(0).id), str(person(Role.AUDITOR).id), "999999999", "x", "", "-1"):
        page = mine.post(f"/desk/messages/{number}/assign", 422, what="hand", colleague=other)
        assert 'data-refusal="' in page, other
        assert thread(number) == before, other


def test_a_mail_of_nobody_is_linked_to_an_order_and_belongs_to_its_customer_from_then_on() -> None:
    who, number, mine = customer(1000), unknown(), browser()
    order = placed(who)
    before = ledger_of(who)
    mine.post(f"/desk/messages/{number}/link", order=f"#{order.id}")
    row = thread(number)
    assert (row["thread"][0]["order_id"], row["thread"][0]["customer_id"]) == (order.id, who.id)
    assert [(one["internal"], one["author_kind"]) for one in row["messages"]] == [(False, "customer"), (True, "staff")]
    assert ledger_of(who) == before


def test_a_conversation_of_one_customer_is_not_linked_to_anothers_order() -> None:
    who, other, mine = customer(1000), customer(1000), browser()
    own, theirs = placed(who), placed(other)
    number = mailed(who)["thread_id"]
    before = thread(number)
    for order in (str(theirs.id), "999999999", "x", "", "-3", str(2**70)):
        answer = mine.client.post(f"/desk/messages/{number}/link", {"order": order})
        assert answer.status_code in (404, 409, 422), (order, answer.status_code)
        assert thread(number) == before, order
    mine.post(f"/desk/messages/{number}/link", order=str(own.id))
    linked = thread(number)
    mine.post(f"/desk/messages/{number}/link", 409, order=str(placed(who).id))
    assert thread(number) == linked, "it stays with the order that it was linked to"
    page = written(who)
    before = thread(page)
    mine.post(f"/desk/messages/{page}/link", 409, order=str(own.id))
    assert thread(page) == before, "a thread that began on a page is no mail"


def test_a_conversation_that_needs_no_answer_is_ended_and_waits_again_when_the_customer_writes() -> None:
    who, mine = customer(0), browser()
    number = written(who)
    assert f'/desk/messages/{number}"' in mine.get("/desk/messages")
    mine.post(f"/desk/messages/{number}/settle")
    row = state(number)
    assert (row["waiting_for"], row["answer_due_at"]) == ("", None)
    assert f'/desk/messages/{number}"' not in mine.get("/desk/messages")
    post_message(who, None, "And the end?")
    assert state(number)["waiting_for"] == "staff"
    assert state(number)["answer_due_at"] is not None


def test_whoever_opens_a_conversation_sees_who_is_writing_there_until_they_stop() -> None:
    number, first, second = written(customer(0)), browser(), browser()
    assert first.who is not None
    assert "is writing an answer here" not in second.get(f"/desk/messages/{number}")
    assert first.client.post(f"/desk/messages/{number}/writing").status_code == 204
    for path in (f"/desk/messages/{number}", f"/desk/messages/{number}/live"):
        assert f"{first.who.shown_name} is writing an answer here" in words(second.get(path))
        assert "is writing an answer here" not in first.get(path), "nobody is warned of themselves"
    second.client.post(f"/desk/messages/{number}/writing")
    assert state(number)["writer_id"] == first.who.id, "who began first stays named"
    execute("UPDATE support_conversation SET writing_at = now() - interval '41 seconds' WHERE id = %s", [number])
    assert "is writing an answer here" not in second.get(f"/desk/messages/{number}")


def test_an_answer_to_less_than_all_is_held_back_once_with_its_words() -> None:
    who, mine, colleague = customer(0), browser(), person(Role.AGENT)
    number = written(who)
    seen = last_id(number)
    staff_reply(colleague, number, "On Monday.")
    before = thread(number)
    page = mine.post(f"/desk/messages/{number}/reply", 409, body="On Tuesday, sorry.", kind="message", seen=str(seen))
    assert 'data-refusal="conversation_moved"' in page
    assert "On Tuesday, sorry." in page, "nobody types it again"
    assert "On Monday." in page
    assert thread(number) == before
    again = last_id(number)
    assert f'name="seen" value="{again}"' in page
    mine.post(f"/desk/messages/{number}/reply", body="On Tuesday, sorry.", kind="message", seen=str(again))
    assert [row["body"] for row in thread(number)["messages"]][-1] == "On Tuesday, sorry."


@pytest.mark.parametrize("body", ["", "   ", "x" * 5_001, "a\x00b"])
def test_words_that_are_none_are_refused_and_nothing_is_written(body: str) -> None:
    number, mine = written(customer(0)), browser()
    before = thread(number)
    mine.post(f"/desk/messages/{number}/reply", 422, body=body, kind="message", seen=str(last_id(number)))
    assert thread(number) == before


def saved(mine: Browser, *, en: str, vi: str) -> int:
    """A reply that is kept under a title of its own."""
    title = f"Reply {new_key()}"
    mine.post("/desk/messages/replies/save", title=title, body_en=en, body_vi=vi, reply="")
    return int(next(row["id"] for row in replies() if row["title"] == title))


@pytest.mark.parametrize(
    ("language", "begins", "status"), [("en", "Dear {}, about", "Pending"), ("vi", "Chào {}, về", "Đang chờ")]
)
def test_a_saved_reply_is_filled_in_the_customers_language(language: str, begins: str, status: str) -> None:
    who, mine = customer(1000, language=language), browser()
    order = placed(who)
    number = post_message(who, order.id, "Hello?").conversation_id
    reply = saved(
        mine, en="Dear {name}, about {order} ({service}): {status}. {due} {agent}",
        vi="Chào {name}, về {order} ({service}): {status}. {due} {agent}",
    )  # fmt: skip
    page = words(mine.get(f"/desk/messages/{number}", reply=str(reply)).replace("<textarea", "<p"))
    assert mine.who is not None
    assert (
        f"{begins.format(who.name)} #{order.id} ({order.name(language)}): {status}. {{due}} {mine.who.name}" in page
    ), "what is not known here stays in braces for the agent to see"


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""}, {"body_en": ""}, {"body_vi": " "}, {"body_en": "Dear {nobody}"}, {"body_vi": "Chào {name"},
        {"body_en": "{name.email}"}, {"title": "t\x00"}, {"body_en": "x" * 4_001}, {"reply": "999999999"},
        {"reply": "a\x00b"}, {"reply": "-1"},
    ],
)  # fmt: skip
def test_a_reply_that_can_not_be_kept_is_refused_and_the_replies_stay_as_they_are(fields: dict[str, str]) -> None:
    mine = browser()
    saved(mine, en="Dear {name}", vi="Chào {name}")
    before = replies()
    good = {"title": new_key(), "body_en": "Dear {name}", "body_vi": "Chào {name}", "reply": ""}
    answer = mine.client.post("/desk/messages/replies/save", good | fields)
    assert answer.status_code in (404, 422), answer.status_code
    assert replies() == before


def test_a_title_is_taken_once_and_a_reply_is_changed_and_dropped() -> None:
    mine = browser()
    reply = saved(mine, en="Dear {name}", vi="Chào {name}")
    row = next(one for one in replies() if one["id"] == reply)
    before = replies()
    taken = {"title": row["title"].upper(), "body_en": "x", "body_vi": "x", "reply": ""}
    mine.post("/desk/messages/replies/save", 409, **taken)
    assert replies() == before
    mine.post("/desk/messages/replies/save", title=row["title"], body_en="Hello", body_vi="Chào", reply=str(reply))
    assert next(one for one in replies() if one["id"] == reply)["body_en"] == "Hello"
    mine.post(f"/desk/messages/replies/{reply}/drop")
    assert reply not in [one["id"] for one in replies()]


def test_a_file_that_came_by_mail_becomes_evidence_of_the_order_once_it_is_linked() -> None:
    who, mine = customer(1000), browser()
    order = placed(who)
    made = mailed(who)
    at = f"/desk/messages/attachments/{made['attachment_id']}/evidence"
    before, files = thread(made["thread_id"]), files_of(order.id)
    assert mine.client.post(at).status_code in (404, 409, 422), "the conversation is about no order yet"
    assert (thread(made["thread_id"]), files_of(order.id)) == (before, files)
    mine.post(f"/desk/messages/{made['thread_id']}/link", order=str(order.id))
    mine.post(at)
    evidence = [one for one in files_of(order.id) if one.purpose == "evidence"]
    assert [(one.name, one.owner_id) for one in evidence] == [("a.txt", who.id)]
    after = thread(made["thread_id"])
    assert [(one["file_id"], one["gone"]) for one in after["files"]] == [(evidence[0].id, True)]
    assert mine.client.post(at).status_code == 404
    assert (thread(made["thread_id"]), len(files_of(order.id))) == (after, len(files) + 1), "it is taken once"


def test_who_may_only_read_changes_nothing() -> None:
    who = customer(1000)
    order = placed(who)
    made = mailed(who)
    number, before = made["thread_id"], thread(made["thread_id"])
    auditor = browser(Role.AUDITOR)
    for path, fields in (
        (f"{number}/assign", {"what": "mine"}), (f"{number}/link", {"order": str(order.id)}), (f"{number}/settle", {}),
        (f"{number}/writing", {}), (f"{number}/reply", {"body": "Hello", "kind": "message"}),
        (f"attachments/{made['attachment_id']}/evidence", {}),
    ):  # fmt: skip
        assert auditor.client.post(f"/desk/messages/{path}", fields).status_code == 403, path
        assert thread(number) == before, path


def test_the_target_for_an_answer_is_counted_in_business_hours(settings: Any) -> None:
    calendar, times = current_calendar().calendar, current_policy().document.times
    zone = ZoneInfo(times.zone)
    friday = datetime(2026, 11, 27, tzinfo=zone)
    while not (
        calendar.is_business_day(friday.date()) and not calendar.is_business_day((friday + timedelta(1)).date())
    ):
        friday += timedelta(days=1)
    asked = datetime.combine(friday.date(), times.due_by, zone) - timedelta(hours=1)
    settings.SMMATIC_FIRST_REPLY_HOURS = 3
    due = answer_due(asked)
    assert business_time(asked, due, calendar, times) == timedelta(hours=3)
    opens = datetime.combine(calendar.next_business_day(friday.date()), times.opens, zone)
    assert due == opens + timedelta(hours=2), "one hour that day, two when the desk opens again"


def test_the_first_message_sets_the_target_and_only_an_answer_ends_it() -> None:
    who, agent = customer(0), person(Role.AGENT)
    number = written(who)
    row = thread(number)
    due = row["thread"][0]["answer_due_at"]
    assert due == answer_due(row["messages"][0]["at"])
    post_message(who, None, "Hello?")
    assert state(number)["answer_due_at"] == due, "asking again does not move it"
    staff_reply(agent, number, "A note", internal=True)
    assert state(number)["answer_due_at"] == due
    staff_reply(agent, number, "On Monday.")
    assert state(number)["answer_due_at"] is None
