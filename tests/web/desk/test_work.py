"""Staff work: taken, marked, handed over, refused, given up, stopped; each through the page."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from smmatic.credits.queries import charge, wallet
from smmatic.kernel.amounts import UNITS
from smmatic.orders.queries import files_of
from smmatic.refunds.actions import ask_stop
from tests.builders import customer, ledger_of, reread
from tests.web.desk.builders import browser, staff_order, words

pytestmark = pytest.mark.django_db


def upload(name: str = "one.txt", content: bytes = b"done") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_an_order_is_taken_marked_with_a_file_and_finished():
    who, agent = customer(500), browser()
    order = staff_order(who)
    assert "Remove the background, please." in words(agent.get(f"/desk/work/{order.id}"))
    assert f"/desk/work/{order.id}" in agent.get("/desk/work", show="free")
    page = agent.post(f"/desk/work/{order.id}/take")
    assert "work has begun" in words(page)
    assert f"/desk/work/{order.id}" in agent.get("/desk/work", show="mine")
    assert "/refuse" not in page
    agent.post(f"/desk/work/{order.id}/progress", units="4", note="The first four.", upload=upload())
    assert (reread(order.id).delivered, reread(order.id).status) == (4, "in_progress")
    file = files_of(order.id)[0]
    assert (file.name, file.purpose) == ("one.txt", "deliverable")
    assert agent.client.get(f"/desk/files/{file.id}").content == b"done"
    page = agent.post(f"/desk/work/{order.id}/finish", note="The rest.")
    assert reread(order.id).status == "completed"
    assert charge(order.id).captured == order.amount
    assert "/finish" not in page


def test_a_refused_file_says_so_and_the_files_before_it_are_kept():
    who, agent = customer(500), browser()
    order = staff_order(who)
    files = [upload(), upload("virus.exe", b"MZ")]
    page = agent.post(f"/desk/work/{order.id}/progress", 422, units="1", note="Here.", upload=files)
    assert "Files of this kind are not accepted" in words(page)
    assert "one.txt" in page
    assert 'name="file_ids"' in page
    assert "Here." in page
    assert reread(order.id).delivered == 0
    kept = page.split('name="file_ids" value="', 1)[1].split('"', 1)[0]
    agent.post(f"/desk/work/{order.id}/progress", units="1", note="Here.", file_ids=kept)
    assert [file.name for file in files_of(order.id)] == ["one.txt"]


@pytest.mark.parametrize(
    ("path", "fields", "status", "sentence"),
    [
        ("progress", {"units": "11"}, 422, "must be between 0 and 10"),
        ("progress", {"units": "ten"}, 422, "not a whole number"),
        ("progress", {"units": "1", "file_ids": "x"}, 422, "This value does not fit here"),
        ("finish", {}, 422, "nothing that the customer could look at"),
        ("refuse", {"why": ""}, 422, "A reason is needed"),
        ("give-up", {"why": " "}, 422, "A reason is needed"),
        ("stop", {"answer": "stop"}, 409, "This can't be done while the order is"),
        ("stop", {"answer": "perhaps"}, 422, "This value does not fit here"),
    ],
)
def test_a_refused_form_changes_nothing(path, fields, status, sentence):
    who, agent = customer(500), browser()
    order = staff_order(who)
    before = ledger_of(who)
    page = agent.post(f"/desk/work/{order.id}/{path}", status, **fields)
    assert sentence in words(page)
    assert ledger_of(who) == before


def test_refused_before_any_work_everything_goes_back():
    who, agent = customer(500), browser()
    order = staff_order(who)
    page = agent.post(f"/desk/work/{order.id}/refuse", why="We don't retouch medical photos.")
    assert "15.00 Credits went back" in words(page)
    assert (reread(order.id).status, wallet(who.id).available) == ("rejected", 500 * UNITS)


def test_given_up_what_was_not_delivered_goes_back():
    who, agent = customer(500), browser()
    order = staff_order(who)
    agent.post(f"/desk/work/{order.id}/progress", units="4", note="Four.")
    agent.post(f"/desk/work/{order.id}/give-up", why="Our retoucher fell ill.")
    assert (reread(order.id).status, charge(order.id).returned) == ("partial", 9 * UNITS)


@pytest.mark.parametrize(("answer", "status", "back"), [("stop", "partial", 9), ("go_on", "in_progress", 0)])
def test_a_request_to_stop_is_answered(answer, status, back):
    who, agent = customer(500), browser()
    order = staff_order(who)
    agent.post(f"/desk/work/{order.id}/progress", units="4", note="Four.")
    ask_stop(who, order.id)
    assert "The customer asks to stop" in words(agent.get(f"/desk/work/{order.id}"))
    assert f"/desk/work/{order.id}" in agent.get("/desk/work", show="stop")
    assert f"/desk/orders/{order.id}" in agent.get("/desk/orders", show="trouble")
    agent.post(f"/desk/work/{order.id}/stop", answer=answer, why="They are nearly ready.")
    assert (reread(order.id).status, charge(order.id).returned) == (status, back * UNITS)


def test_orders_of_delivery_partners_are_no_staff_work():
    from tests.builders import begun

    agent = browser()
    agent.get(f"/desk/work/{begun(customer(500)).id}", 404)
