"""The public policy page: every clause under an address that stays, in both languages, for every version."""

import re
from pathlib import Path

import pytest

import smmatic
from smmatic.policy.citing import REVIEW, SITUATIONS, cite
from smmatic.policy.compiler import compile_policy
from smmatic.policy.document import SHIPPED_FILE, load_policy_file
from smmatic.policy.queries import current_policy
from smmatic.policy.terms import TOPICS

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


def test_while_a_visitor_picks_only_the_answer_comes_back(client):
    body = client.get("/policy", {"ask": "cancel", "stage": "begun"}, headers={"HX-Request": "true"}).content.decode()
    assert 'href="#clause-4.2"' in body
    assert "<form" not in body
    assert "<html" not in body
    page = client.get("/policy").content.decode()
    assert 'hx-get="/policy" hx-target="#what-if-answer"' in page
    version = current_policy().version
    assert f'hx-get="/policy/{version}"' in client.get(f"/policy/{version}").content.decode()
    assert "<script>" not in page


def test_code_and_pages_name_no_clause_of_a_policy():
    """What a page or a refusal rests on is found in the policy itself, so that any shop's numbers fit."""
    source = Path(smmatic.__file__).parent
    own = re.compile(r'clause="[0-9]|{% clause "[0-9]|"clause": "[0-9]|(?:cite|cites)[(].*"[0-9]')
    spoken = re.compile(r"clauses? [0-9]+[.][0-9]|[(][0-9][.][0-9](?:, [0-9][.][0-9])*[)]")
    files = [path for ending in ("*.py", "*.html", "*.sql") for path in source.rglob(ending)]
    files = [path for path in files if path.name not in ("demo_story.py", "demo.py")]  # plays the shipped policy
    named = [str(path) for path in files if own.search(path.read_text(encoding="utf-8"))]
    named += [str(path) for path in files if path.suffix == ".html" and spoken.search(path.read_text(encoding="utf-8"))]
    catalogue = (source / "locale" / "vi" / "LC_MESSAGES" / "django.po").read_text(encoding="utf-8")
    assert (named, spoken.findall(catalogue)) == ([], [])


def test_every_topic_that_a_page_names_is_one_and_shipped_policies_speak_of_it():
    names = {*SITUATIONS, REVIEW, *TOPICS}
    compiled = current_policy().compiled
    assert {topic: cite(compiled, topic) for topic in names} == {
        "undo": "4.1", "too_late": "4.2", "begun": "3.1", "stopped": "4.2", "refused": "2.2", "unknown": "2.1",
        "not_fulfilled": "2.1", "our_error": "2.3", "wrong_information": "3.2", "expectations": "3.4", "review": "5.1", "credits_inside": "1.1",
        "refunds_inside": "1.2", "refunds_spendable": "1.3", "goodwill": "3.4", "status": "4.3", "times": "5.2",
        "support": "6.1",
    }  # fmt: skip
    other = compile_policy(load_policy_file(SHIPPED_FILE.with_name("sen_studio.toml")))
    assert cite(other, "undo") == "2.1"
    assert cite(other, "goodwill") is None
    pages = (Path(smmatic.__file__).parent / "web" / "templates").rglob("*.html")
    named = {
        topic
        for path in pages
        for tag in re.findall(r"{% cited (.*?) %}", path.read_text())
        for topic in re.findall(r'"(\w+)"', tag)
    }
    assert named <= names
