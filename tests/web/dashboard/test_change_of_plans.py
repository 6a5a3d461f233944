"""Cancel, stop and refund: the exact Credits and the clause before the click, the same after it."""

import pytest

from smmatic.accounts.rules import Role
from smmatic.credits.queries import wallet
from smmatic.fulfilment.staff_actions import staff_progress
from smmatic.orders.actions import keep_file
from smmatic.orders.steps import PROVIDER
from smmatic.refunds.actions import answer_stop, end_order
from smmatic.refunds.queries import case, open_case
from smmatic.refunds.situations import ClaimInput
from smmatic.support.queries import messages_of_order
from tests.builders import accept_due, begun, customer, ledger_of, new_key, person, placed, reread

pytestmark = pytest.mark.django_db


def test_an_undo_returns_what_the_button_said(sign_in, words):
    who = customer(200)
    order = placed(who)
    client = sign_in(who)
    before = words(client.get(f"/orders/{order.id}"))
    assert "Undo: 105.00 Credits back" in before
    assert "clause 4.1" in before
    assert client.post(f"/orders/{order.id}/cancel").status_code == 302
    assert reread(order.id).status == "cancelled"
    assert wallet(who.id).available == 200 * 10_000
    after = words(client.get(f"/orders/{order.id}"))
    assert "105.00 Credits are back in your wallet" in after
    assert "+105.00" in after


def test_a_cancel_that_comes_too_late_says_why_and_what_instead(sign_in, words):
    who = customer(200)
    order = begun(who, delivered=40)
    before = ledger_of(who)
    response = sign_in(who).post(f"/orders/{order.id}/cancel")
    assert response.status_code == 409
    text = words(response)
    assert "The order was not cancelled" in text
    assert "clause 4.2" in text
    assert "Ask for a stop instead" in text
    assert ledger_of(who) == before


def test_a_stop_is_asked_for_with_what_may_come_of_it_and_answered(sign_in, words):
    who = customer(200)
    order = begun(who, delivered=40)
    client = sign_in(who)
    assert "at most 63.00 Credits" in words(client.get(f"/orders/{order.id}"))
    assert client.post(f"/orders/{order.id}/stop").status_code == 302
    assert "Stop asked" in words(client.get(f"/orders/{order.id}"))
    again = client.post(f"/orders/{order.id}/stop")
    assert again.status_code == 409
    assert "already asked" in words(again)
    answer_stop(order.id, "confirmed", delivered=40, actor=PROVIDER)
    assert "63.00 Credits are back in your wallet" in words(client.get(f"/orders/{order.id}"))


def test_buttons_that_cannot_be_used_stay_and_say_why(sign_in, words):
    who = customer(400)
    pending = words(sign_in(who).get(f"/orders/{placed(who).id}"))
    assert "Not needed yet: an undo returns the full charge" in pending
    order = begun(who, delivered=0)
    end_order(
        order.id, "failed", actor=PROVIDER, claims=(ClaimInput("platform_fault", "verified", "system", "Our bug"),)
    )
    page = sign_in(who).get(f"/orders/{order.id}")
    assert page.content.decode().count('aria-disabled="true"') == 2
    assert "This order has already ended" in words(page)
    assert "have already gone back" in words(page)


@pytest.mark.parametrize(
    ("reason", "said", "clause"),
    [
        ("not_delivered", "A person decides", "5.1"),
        ("platform_error", "A person decides", "5.1"),
        ("not_as_expected", "No Credits return", "3.4"),
        ("changed_mind", "No Credits return", "3.1"),
        ("not_started", "No Credits return", "3.1"),
    ],
)
def test_a_reason_shows_what_it_gives_and_the_case_says_the_same(sign_in, words, reason, said, clause):
    who = customer(200)
    order = begun(who, delivered=40)
    end_order(order.id, "completed", actor=PROVIDER)
    client = sign_in(who)
    preview = words(client.get(f"/orders/{order.id}/refund/gives?reason={reason}"))
    assert said in preview
    assert f"clause {clause}" in preview
    fields = {"reason": reason, "words": "It never came", "key": new_key()}
    sent = client.post(f"/orders/{order.id}/refund/send", fields)
    assert sent.status_code == 302
    decided = case(int(sent.headers["Location"].rsplit("/", 1)[1]))
    assert decided.clause == clause
    shown = words(client.get(sent.headers["Location"]))
    assert f"clause {clause}" in shown
    assert (decided.due_at is not None) == (said == "A person decides")
    assert client.post(f"/orders/{order.id}/refund/send", fields).headers["Location"] == sent.headers["Location"]


def test_a_request_is_refused_at_its_field_and_changes_nothing(sign_in):
    who = customer(200)
    order = begun(who, delivered=40)
    client = sign_in(who)
    before = ledger_of(who)
    for fields, status, where in (
        ({"reason": "not_delivered", "words": ""}, 422, "words"),
        ({"reason": "not_delivered", "words": "a\x00b"}, 422, "words"),
        ({"reason": "not_delivered", "words": "x" * 4001}, 422, "words"),
        ({"reason": "give_me_cash", "words": "x"}, 422, "reason"),
        ({"reason": "", "words": "x"}, 422, "reason"),
    ):
        response = client.post(f"/orders/{order.id}/refund/send", {"key": new_key()} | fields)
        assert response.status_code == status, fields
        assert where in response.context["errors"]
    no_key = client.post(f"/orders/{order.id}/refund/send", {"reason": "defective", "words": "x", "key": ""})
    assert no_key.status_code == 400
    assert ledger_of(who) == before


def test_an_open_request_takes_more_words_and_can_be_withdrawn(sign_in, words):
    who = customer(200)
    order = begun(who, delivered=40)
    client = sign_in(who)
    sent = client.post(f"/orders/{order.id}/refund/send", {"reason": "defective", "words": "Blurry", "key": new_key()})
    address = sent.headers["Location"]
    second = client.get(f"/orders/{order.id}/refund")
    assert "already has an open refund request" in words(second)
    assert client.post(f"{address}/add", {"words": ""}).status_code == 422
    assert client.post(f"{address}/add", {"words": "Page 3 too"}).status_code == 302
    assert "Page 3 too" in words(client.get(address))
    assert client.post(f"{address}/withdraw").status_code == 302
    assert open_case(order.id) is None
    gone = client.post(f"{address}/withdraw")
    assert gone.status_code == 409
    assert "already been decided" in words(gone)


def test_the_customer_writes_on_the_orders_page(sign_in, words):
    who = customer(200)
    order = placed(who)
    client = sign_in(who)
    assert client.post(f"/orders/{order.id}/write", {"body": "<b>When?</b>"}).status_code == 302
    assert "&lt;b&gt;When?&lt;/b&gt;" in client.get(f"/orders/{order.id}").content.decode()
    assert len(messages_of_order(who, order.id)) == 1
    for body in ("", " ", "a\x00b", "x" * 5001):
        response = client.post(f"/orders/{order.id}/write", {"body": body})
        assert response.status_code == 422
        assert "body" in response.context["errors"]
    assert client.post("/help/write", {"body": "Hello"}).status_code == 302
    assert "Hello" in words(client.get("/help"))


def test_what_staff_deliver_is_seen_at_once_and_downloaded_by_its_customer_only(sign_in, words):
    who, agent = customer(200), person(Role.AGENT)
    order = placed(who, "ANY-PHOTO", 10, link="", brief="White background", start_now=True)
    accept_due()
    kept = keep_file(agent, name="photo.txt", content=b"done", purpose="deliverable")
    staff_progress(agent, order.id, 4, "The first four", [kept.id])
    client = sign_in(who)
    page = client.get(f"/orders/{order.id}")
    text = words(page)
    assert "4 of 10" in text
    assert "The first four" in text
    assert "Our staff" in text
    assert f'href="/files/{kept.id}"' in page.content.decode()
    assert client.get(f"/files/{kept.id}").content == b"done"
    assert sign_in(customer(0)).get(f"/files/{kept.id}").status_code == 404
