"""What people read: complete in both languages, with the policy's own words, and every number from the data."""

import re
from pathlib import Path

import pytest

from smmatic.policy.arithmetic import work_out
from smmatic.policy.compiler import UnknownFacts
from smmatic.policy.explanations import explain
from smmatic.policy.page import policy_page_of
from smmatic.policy.words import MissingValue, preview_sentence, with_unit

from .shipped import TEXT, compiled, decide, document

LANGUAGES = ("en", "vi")
CLAUSES = [
    "1.1",
    "1.2",
    "1.3",
    "2.1",
    "2.2",
    "2.3",
    "3.1",
    "3.2",
    "3.3",
    "3.4",
    "4.1",
    "4.2",
    "4.3",
    "5.1",
    "5.2",
    "6.1",
]


def shown(language):
    page = policy_page_of(document(), language)
    parts = [page.title, page.intro]
    for section in page.sections:
        parts.append(section.title)
        for clause in section.clauses:
            parts += [clause.title, *clause.paragraphs]
            parts += [words for rule in clause.rules for words in (rule.because, rule.result, rule.decision)]
    parts += [words for note in page.notes for words in (note.title, note.text)]
    parts += [words for time in page.times for words in (time.name, time.days)]
    parts += [words for case in page.cases for words in (case.title, case.story, case.facts, case.charge)]
    return parts


def test_all_clauses_of_the_written_policy_are_there_in_order():
    assert [clause.number for clause in document().clauses] == CLAUSES


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_shown_has_a_placeholder_left_in_it(language):
    for words in shown(language):
        assert not re.search(r"[{}]|\[\?", words), words


def test_credits_never_come_back_as_money():
    assert "hoàn tiền" not in TEXT.lower()
    assert "money back" not in TEXT.lower()
    assert "hủy" not in TEXT.lower()  # written huỷ
    vietnamese = " ".join(shown("vi"))
    for word in ("hoàn Credit", "huỷ đơn", "đơn hàng", "đang chờ", "đang xử lý", "ngày làm việc"):
        assert word in vietnamese or word.capitalize() in vietnamese, word


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["1 to 3 business days", "after 17:00", "by 18:00", "500 Credits", "2,000 Credits", "7 days", "14 days"],
        ),
        ("vi", ["1 đến 3 ngày làm việc", "17:00", "18:00", "500 Credit", "2.000 Credit", "7 ngày", "14 ngày"]),
    ],
)
def test_the_numbers_of_the_policy_are_rendered(language, words):
    everything = " ".join(shown(language))
    for number in words:
        assert number in everything, number


def test_a_unit_has_its_plural():
    assert with_unit(document(), "business_days", 1, "en") == "1 business day"
    assert with_unit(document(), "business_days", 3, "en") == "3 business days"
    assert with_unit(document(), "business_days", 3, "vi") == "3 ngày làm việc"


def test_every_clause_has_an_anchor_that_stays():
    page = policy_page_of(document(), "en")
    anchors = [clause.anchor for section in page.sections for clause in section.clauses]
    assert anchors == [f"clause-{number}" for number in CLAUSES]


def test_the_address_of_the_installation_stands_on_its_page():
    page = policy_page_of(document(), "en", support_address="help@shop.example")
    assert "help@shop.example" in page.sections[-1].clauses[0].paragraphs[0]
    assert "support@smmatic.com" in policy_page_of(document(), "vi").sections[-1].clauses[0].paragraphs[0]


def test_every_guarantee_names_a_test_that_exists():
    root = Path(__file__).parents[3]
    named = {clause.proven_by for clause in document().clauses if clause.proven_by}
    assert named
    assert [path for path in sorted(named) if not (root / path).is_file()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_possible_decision_explains_itself(language):
    seen = set()
    for cell in range(0, compiled().space.size, 7):
        outcome = compiled().outcome_of(cell)
        if outcome is None or (outcome.rule, cell % 5) in seen:
            continue
        seen.add((outcome.rule, cell % 5))
        found = explain(compiled(), compiled().space.facts(cell), {}, language)
        assert found.clause == outcome.clause
        assert found.reason
        assert found.result
        assert "{" not in found.sentence
        assert {rule.beaten_by for rule in found.beaten} <= {rule.id for rule in document().rules}
    assert {rule for rule, _ in seen} == {rule.id for rule in document().rules}


def test_an_explanation_gives_clause_facts_sources_beaten_rules_and_arithmetic():
    facts = document().complete(
        {
            "ask": "none",
            "stage": "halted",
            "delivered": "part",
            "platform_fault": "verified",
            "wrong_information": "verified",
        }
    )
    sources = {"platform_fault": "recorded by our team", "wrong_information": "our own check of the link"}
    found = explain(compiled(), facts, sources, "en", work_out(1_050_000, 40, 100, 0, 0, "undelivered"))
    assert (found.version, found.clause, found.decision) == ("1.0", "2.3", "Credits come back")
    assert "63.00 Credits" in found.sentence
    assert found.arithmetic == "105.00 charged − 42.00 for 40 of 100 delivered = 63.00 Credits come back"
    assert {line.id: line.source for line in found.facts if line.source} == sources
    assert {line.id for line in found.facts if line.decisive} == {"stage", "platform_fault"}
    assert {(rule.clause, rule.beaten_by_clause) for rule in found.beaten} == {
        ("3.1", "2.3"),
        ("3.2", "2.3"),
        ("5.1", "2.3"),
    }
    vietnamese = explain(compiled(), facts, {}, "vi", work_out(1_050_000, 40, 100, 0, 0, "undelivered"))
    assert "63,00 Credit" in vietnamese.sentence
    assert found.as_dict()["beaten"][0]["clause"] == "3.1"


def test_a_review_says_until_when():
    facts = document().complete({"ask": "refund", "stage": "done", "platform_fault": "alleged"})
    assert "by Tuesday 18:00" in explain(compiled(), facts, {}, "en", due="Tuesday 18:00").sentence
    assert "answers you. Until" in explain(compiled(), facts, {}, "en").sentence


def test_a_refused_cancel_says_why_and_what_to_do_instead():
    facts = document().complete({"ask": "cancel", "stage": "begun"})
    found = explain(compiled(), facts, {}, "en")
    assert found.clause == "4.2"
    assert "can no longer be cancelled" in found.reason
    assert "stop" in found.next_step


def test_the_sentences_before_a_click_name_the_hour_and_the_credits():
    assert "until 10:42" in preview_sentence(document(), "undo_until", "en", until="10:42")
    assert "cho đến 10:42" in preview_sentence(document(), "undo_until", "vi", until="10:42")
    assert "of 45.50 Credits" in preview_sentence(document(), "cancel_now", "en", amount="45.50")
    assert "12 hours" in preview_sentence(document(), "stop_offered", "en")
    with pytest.raises(MissingValue):
        preview_sentence(document(), "undo_until", "en")
    with pytest.raises(KeyError):
        preview_sentence(document(), "no_such_sentence", "en")


@pytest.mark.parametrize("preview", document().previews, ids=lambda item: item.id)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_before_a_click_can_be_said(preview, language):
    said = preview_sentence(
        document(), preview.id, language, until="10:42", since="09:00", amount="1.00", due="tomorrow"
    )
    assert not re.search(r"[{}]|\[\?", said)


def test_facts_that_are_no_facts_are_refused():
    with pytest.raises(UnknownFacts, match="stage"):
        decide(ask="refund", stage="lost")
    with pytest.raises(UnknownFacts, match="missing"):
        compiled().decide({"ask": "refund"})
