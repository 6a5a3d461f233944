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
