"""The public policy page: every clause under an address that stays, in both languages, for every version."""

import pytest

from smmatic.policy.queries import current_policy

pytestmark = pytest.mark.django_db


def test_anyone_reads_every_clause_under_its_lasting_anchor(client):
    body = client.get("/policy").content.decode()
    for clause in current_policy().document.clauses:
        assert f'id="clause-{clause.number}"' in body
    assert "Refund and cancellation policy" in body
    assert "Undone within minutes" in body
    assert "{" not in body.split("<main", 1)[1].split("</main>", 1)[0]


def test_the_page_is_there_in_vietnamese(client):
    client.cookies["smmatic_language"] = "vi"
    body = client.get("/policy").content.decode()
    assert "Chính sách hoàn Credit và huỷ đơn" in body
    assert "3 ngày làm việc" in body
    assert "hoàn tiền" not in body.lower()


def test_every_version_has_its_own_page(client):
    version = current_policy().version
    assert client.get(f"/policy/{version}").status_code == 200
    assert client.get("/policy/99.99").status_code == 404
    assert client.post("/policy").status_code == 405


def test_a_visitor_picks_a_situation_and_gets_decision_clause_and_reason(client):
    body = client.get("/policy", {"ask": "cancel", "stage": "begun"}).content.decode()
    shown = body.split('id="what-if"', 1)[1].split("<form", 1)[0]
    assert 'href="#clause-4.2"' in shown
    assert "it can no longer be cancelled" in shown
    assert '<option value="begun" selected>' in body
    assert (
        'role="status"' not in client.get("/policy").content.decode().split('id="what-if"', 1)[1].split("<form", 1)[0]
    )


def test_a_situation_that_cannot_be_says_why_and_nonsense_is_the_usual(client):
    body = client.get("/policy", {"ask": "none", "stage": "begun"}).content.decode()
    assert "An order settles by itself only once it has ended" in body
    body = client.get("/policy", {"ask": "<b>", "stage": "lost", "x": "y"}).content.decode()
    assert 'href="#clause-3.1"' in body.split('id="what-if"', 1)[1].split("<form", 1)[0]
    assert "<b>" not in body


def test_the_situation_is_told_in_vietnamese(client):
    client.cookies["smmatic_language"] = "vi"
    body = client.get("/policy", {"ask": "cancel", "stage": "pending"}).content.decode()
    shown = body.split('id="what-if"', 1)[1].split("<form", 1)[0]
    assert "Đơn hàng chưa được tiếp nhận xử lý." in shown
