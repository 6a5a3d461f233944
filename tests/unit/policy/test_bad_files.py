"""A file that is no policy is refused with line, clause and remedy; it is never read half."""

import random

import pytest

from smmatic.policy.document import PolicyError, load_policy, load_policy_file
from smmatic.policy.prover import check_text

from .shipped import TEXT


def refused(text):
    with pytest.raises(PolicyError) as caught:
        load_policy(text, "draft.toml")
    assert all(problem.message and problem.remedy for problem in caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("   \n\n", "empty"),
        ("x" * 10_000_000, "too_long"),
        ("just prose, no policy", "bad_toml"),
        ("a = [" * 5_000, "bad_toml"),
        ("format = 1", "missing"),
        ("format = 2", "unknown_format"),
        ("format = 'one'", "bad_number"),
    ],
)
def test_a_file_that_is_no_policy_is_refused(text, code):
    assert code in [problem.code for problem in refused(text)]


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("[times]\n", "[times]\nlunch = 3\n", "unknown_key", "'lunch' is not known"),
        ("cut_off = ", "cutoff = ", "unknown_key", "'cutoff'"),
        ('cut_off = "17:00"', 'cut_off = "25:00"', "bad_time", "25:00"),
        ('zone = "Asia/Ho_Chi_Minh"', 'zone = "Asia/Saigon City"', "unknown_zone", "no time zone"),
        ("grace_days = 14", "grace_days = -1", "bad_number", "'grace_days' is -1"),
        ("grace_days = 14", "grace_days = true", "bad_number", "True"),
        ("case_credits = 500", 'case_credits = "500"', "bad_number", "whole number"),
        ('languages = ["en", "vi"]', "languages = [1, 2]", "wrong_type", "list of texts"),
        ('id = "2.2.refused"', 'id = "2.3.running"', "bad_id", "no rule id of 2.2"),
        ('id = "2.1.ended"', 'id = "2.1.running"', "duplicate", "'2.1.running' is there twice"),
        ('number = "5.2"', 'number = "5.1"', "duplicate", "clause '5.1'"),
        ('overrides = ["3.1"]\n', 'overrides = ["3.9"]\n', "unknown_rule", "'3.9'"),
        ('when = { stage = "refused" }', 'when = { state = "refused" }', "unknown_fact", "'state'"),
        ('when = { stage = "refused" }', 'when = { stage = "lost" }', "unknown_value", "'lost'"),
        ('when = { stage = "refused" }', "when = 7", "wrong_type", "'when'"),
        ('credits = "all", order = "keep", due = "at_once" }\noverrides', 'credits = "cash", order = "keep", due = "at_once" }\noverrides', "not_credits", "'cash'"),
        ('kind = "guarantee"\n', 'kind = "statement"\n', "no_proof", "names the test"),
        ('role = "reviewed"', 'role = "other"', "bad_role", "'reviewed'"),
        ('support_address = "support@smmatic.com"', 'support_address = "support"', "bad_address", "no mail"),
        ('effective = 2026-01-01T00:00:00+07:00', "effective = 2026-01-01", "bad_date", "no offset"),
        ("title.vi = \"Bị từ chối trước khi bắt đầu xử lý\"\n", "", "untranslated", "'vi'"),
        ("delivered = 40, returns", "delivered = 400, returns", "bad_amount", "More is delivered"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_remedy(old, new, code, words):
    assert old in TEXT
    problems = refused(TEXT.replace(old, new, 1))
    found = [problem for problem in problems if problem.code == code]
    assert found, [problem.code for problem in problems]
    assert any(words in str(problem) for problem in found)
    line = TEXT[: TEXT.index(old)].count("\n") + 1
    assert all(abs(problem.line - line) < 40 for problem in found if problem.line), (line, found)


def test_a_mistake_in_a_rule_names_the_line_of_the_key_and_the_clause():
    problems = refused(TEXT.replace('credits = "all", order = "cancel", due = "at_once" }\noverrides', 'credits = "gold", order = "cancel", due = "at_once" }\noverrides', 1))  # fmt: skip
    line = next(number for number, words in enumerate(TEXT.splitlines(), 1) if 'stage = "pending" }' in words) + 1
    assert [(problem.line, problem.clause) for problem in problems] == [(line, "4.1")]


def test_all_mistakes_are_named_at_once():
    text = TEXT.replace("grace_days = 14", "grace_days = -1").replace('cut_off = "17:00"', 'cut_off = "25:00"')
    assert {"bad_number", "bad_time"} <= {problem.code for problem in refused(text)}


def test_no_damage_to_the_file_makes_the_checker_fall_over():
    lines = TEXT.splitlines(keepends=True)
    chance = random.Random(7)
    for _ in range(150):
        damaged = list(lines)
        first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
        damaged[first] = chance.choice(["", lines[second], lines[first].replace('"', "", 1), "x = [1, {}]\n"])
        document, proof = check_text("".join(damaged))
        assert proof.ok == (not proof.problems)
        assert document is not None or proof.problems


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy_file(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyError, match="UTF-8"):
        load_policy_file(tmp_path / "bytes.toml")
