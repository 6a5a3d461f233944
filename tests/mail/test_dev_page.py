"""The development page as a customer's mail program: what is sent there comes in as any other mail, on this machine only."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.kernel.database import fetch_all
from smmatic.notices import sweep
from smmatic.support.actions import post_message, staff_reply
from tests.builders import new_key, person
from tests.mail.writing import PNG, verified

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def on(settings: Any) -> None:
    """As on a machine under development."""
    settings.SMMATIC_DEV_MAIL = True


def answered(who: Person) -> tuple[int, int]:
    """A thread in which staff answered the customer, and the mail of that answer."""
    number = post_message(who, None, "When does it begin?").conversation_id
    staff_reply(person(Role.AGENT), number, "On Monday.")
    while sweep.write_due(500):
        pass
    rows = fetch_all("SELECT id FROM notices_mail WHERE conversation_id = %s ORDER BY id DESC", [number])
    return number, int(rows[0]["id"])


def messages(sender: str) -> list[dict[str, Any]]:
    """What came in from this address."""
    return fetch_all(
        "SELECT m.body, m.conversation_id, m.proof, m.author_id, c.topic, i.source FROM support_message m"
        " JOIN support_conversation c ON c.id = m.conversation_id JOIN support_inbound i ON i.message_id = m.id"
        " WHERE m.sender = %s ORDER BY m.id",
        [sender],
    )


def counts() -> list[dict[str, Any]]:
    """How much has come in."""
    return fetch_all(
        "SELECT (SELECT count(*) FROM support_inbound) AS mails, (SELECT count(*) FROM support_message) AS messages"
    )


def test_an_answer_to_a_mail_of_ours_comes_into_its_thread_as_its_customers() -> None:
    who = verified()
    number, mail = answered(who)
    picture = SimpleUploadedFile("picture.png", PNG, "image/png")
    answer = Client().post(f"/dev/mail/{mail}/reply", {"body": "Thank you.", "file": picture})
    assert (answer.status_code, answer["Location"]) == (302, "/dev/mail")
    (row,) = messages(who.email)
    assert (row["body"], row["conversation_id"], row["proof"], row["author_id"]) == (
        "Thank you.", number, "signed", who.id,
    )  # fmt: skip
    files = fetch_all(
        "SELECT a.name, a.size, a.refused FROM support_attachment a JOIN support_message m ON m.id = a.message_id"
        " WHERE m.sender = %s",
        [who.email],
    )
    assert files == [{"name": "picture.png", "size": len(PNG), "refused": ""}]


def test_a_new_mail_from_any_address_begins_a_conversation_that_proves_nothing() -> None:
    who, stranger = verified(), f"{new_key()}@example.test"
    for sender in (who.email, stranger):
        fields = {"sender": sender, "subject": "Banners\r\nBcc: all@example.test", "body": "Do you make banners?"}
        assert Client().post("/dev/mail/write", fields).status_code == 302
    assert [(row["proof"], row["topic"], row["source"]) for row in messages(who.email) + messages(stranger)] == [
        ("claimed", "Banners Bcc: all@example.test", "page"), ("unknown", "Banners Bcc: all@example.test", "page"),
    ]  # fmt: skip
    assert "Banners" in Client().get("/dev/mail").content.decode()


def test_nobody_else_sends_there_and_nothing_comes_in(settings: Any) -> None:
    who = verified()
    _number, mail = answered(who)
    before = counts()
    fields = {"sender": who.email, "subject": "Hello", "body": "Hello"}
    for address in ("203.0.113.7", "10.0.0.1", "::ffff:203.0.113.7", "nonsense"):
        away = Client(REMOTE_ADDR=address)
        assert away.post("/dev/mail/write", fields).status_code == 404
        assert away.post(f"/dev/mail/{mail}/reply", fields).status_code == 404
    assert Client(enforce_csrf_checks=True).post("/dev/mail/write", fields).status_code == 403, "another site's form"
    for missing in (2**62, 2**70):
        assert Client().post(f"/dev/mail/{missing}/reply", fields).status_code == 404
    for path in ("/dev/mail/write", f"/dev/mail/{mail}/reply"):
        assert Client().get(path).status_code == 405
    settings.SMMATIC_DEV_MAIL = False
    assert Client().post("/dev/mail/write", fields).status_code == 404
    assert Client().post(f"/dev/mail/{mail}/reply", fields).status_code == 404
    assert counts() == before
