"""What a mail service posts: only the service that is set up, only signed, only so large, and each mail once."""

import base64
import json
from typing import Any

import pytest
from django.test import Client

from smmatic.api import mail_hook
from smmatic.kernel.database import fetch_all
from smmatic.support.intake_actions import sort_due
from tests.builders import new_key

pytestmark = pytest.mark.django_db
PASSWORD = "the-service:a-secret-of-this-test"


@pytest.fixture(autouse=True)
def service(settings: Any) -> None:
    """Postmark posts here, with this name and password."""
    settings.SMMATIC_INBOUND_SERVICE = "postmark"
    settings.ANYMAIL = {**settings.ANYMAIL, "WEBHOOK_SECRET": PASSWORD}


def mail(mark: str, *, text: str = "", files: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A mail as Postmark describes it."""
    sender, to = f"{mark}@example.test", "support@shop.example"
    return {
        "FromFull": {"Email": sender, "Name": "Lan", "MailboxHash": ""},
        "ToFull": [{"Email": to, "Name": "", "MailboxHash": ""}], "CcFull": [], "BccFull": [],
        "From": sender, "To": to, "OriginalRecipient": to, "Subject": f"About {mark}",
        "Date": "Sat, 28 Nov 2026 09:00:00 +0700", "MessageID": mark, "TextBody": text or f"Words of {mark}",
        "HtmlBody": "", "StrippedTextReply": "", "Tag": "",
        "Headers": [{"Name": "Message-ID", "Value": f"<{mark}@customers.example>"}], "Attachments": files or [],
    }  # fmt: skip


def post(what: object, *, to: str = "postmark", password: str = PASSWORD, **more: Any) -> tuple[int, Any]:
    """Status and body of the answer."""
    if password:
        more["HTTP_AUTHORIZATION"] = "Basic " + base64.b64encode(password.encode()).decode()
    answer = Client().post(f"/api/mail/{to}", json.dumps(what), content_type="application/json", **more)
    return answer.status_code, json.loads(answer.content or b"null")


def counts() -> list[dict[str, Any]]:
    """How much has come in."""
    return fetch_all(
        "SELECT (SELECT count(*) FROM support_inbound) AS mails, (SELECT count(*) FROM support_message) AS messages,"
        " (SELECT count(*) FROM support_conversation) AS threads, (SELECT coalesce(sum(copies), 0) FROM support_inbound)"
        " AS copies"
    )


def came(mark: str) -> list[dict[str, Any]]:
    """The messages that hold these words, with how their mail came."""
    return fetch_all(
        "SELECT m.body, m.proof, i.source, i.envelope, i.copies FROM support_message m"
        " JOIN support_inbound i ON i.message_id = m.id WHERE m.sender = %s",
        [f"{mark}@example.test"],
    )


def test_a_signed_mail_lands_once_however_often_the_service_posts_it() -> None:
    mark = new_key()
    for _time in range(3):
        assert post(mail(mark)) == (200, None)
    sort_due(10_000)
    assert post(mail(mark)) == (200, None)
    sort_due(10_000)
    assert came(mark) == [
        {
            "body": f"Words of {mark}", "proof": "unknown", "source": "webhook", "envelope": "support@shop.example",
            "copies": 3,
        }
    ]  # fmt: skip


@pytest.mark.parametrize("password", ["", "the-service:guessed", "somebody:a-secret-of-this-test"])
def test_a_mail_that_is_not_signed_is_refused_and_nothing_is_kept(password: str) -> None:
    before = counts()
    assert post(mail(new_key()), password=password) == (401, {"error": "not_signed"})
    assert counts() == before


@pytest.mark.parametrize("other", ["mailgun", "sendgrid", "postmark_tracking", "nobody"])
def test_another_service_is_not_found_even_with_the_right_secret(other: str) -> None:
    before = counts()
    assert post(mail(new_key()), to=other)[0] == 404
    assert counts() == before


def test_without_a_service_there_is_no_such_address(settings: Any) -> None:
    settings.SMMATIC_INBOUND_SERVICE = ""
    before = counts()
    assert post(mail(new_key())) == (404, {"error": "not_found"})
    assert counts() == before


def test_what_is_larger_than_a_mail_may_be_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_hook, "MAX_MAIL_BYTES", 2_000)
    before = counts()
    assert post(mail(new_key(), text="x" * 2_000)) == (413, {"error": "too_large"})
    assert counts() == before


def test_a_mail_with_its_files_may_be_larger_than_a_form(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    mark, content = new_key(), base64.b64encode(b"A line of text.\n" * 2_000).decode()
    file = {"Name": "list.txt", "Content": content, "ContentType": "text/plain", "ContentLength": 32_000}
    assert post(mail(mark, files=[file])) == (200, None)
    sort_due(10_000)
    assert [row["body"] for row in came(mark)] == [f"Words of {mark}"]
    kept = fetch_all(
        "SELECT a.name, a.size, a.refused FROM support_attachment a JOIN support_message m ON m.id = a.message_id"
        " WHERE m.sender = %s",
        [f"{mark}@example.test"],
    )
    assert kept == [{"name": "list.txt", "size": 32_000, "refused": ""}]


def test_a_form_above_its_limit_is_refused(settings: Any) -> None:
    """The control: the limit of this test is one that Django does hold."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    settings.SMMATIC_INBOUND_SERVICE = "mailgun"
    settings.ANYMAIL = {**settings.ANYMAIL, "MAILGUN_WEBHOOK_SIGNING_KEY": "a-key"}
    before = counts()
    signed = {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(PASSWORD.encode()).decode()}
    form = "application/x-www-form-urlencoded"
    answer = Client().post("/api/mail/mailgun", "a=" + "x" * 20_000, content_type=form, **signed)
    assert (answer.status_code, answer.json()) == (413, {"error": "too_large"})
    assert counts() == before


def test_what_is_no_mail_is_answered_with_a_fault_that_makes_the_service_send_it_again(client: Client) -> None:
    client.raise_request_exception = False
    before = counts()
    headers = {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(PASSWORD.encode()).decode()}
    answer = client.post("/api/mail/postmark", "{", content_type="application/json", **headers)
    assert answer.status_code >= 400
    assert counts() == before
