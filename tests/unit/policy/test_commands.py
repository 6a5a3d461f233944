"""`smmatic policy`: readable for people, plain data for programs, exit codes for both."""

import io
import json

import pytest

from smmatic.policy.commands import main

from .shipped import TEXT


def run(*argv):
    out = io.StringIO()
    code = main(argv, out)
    return code, out.getvalue()


def test_check_proves_the_shipped_file():
    code, text = run("check")
    assert code == 0
    assert "64,512 combinations" in text
    code, text = run("check", "--json")
    assert (code, json.loads(text)["ok"]) == (0, True)


def test_check_of_a_broken_file_fails_with_line_clause_and_remedy(tmp_path):
    draft = tmp_path / "draft.toml"
    draft.write_text(TEXT.replace('overrides = ["3.1"]\n', "\n"), encoding="utf-8")
    code, text = run("check", str(draft), "--json")
    problem = json.loads(text)["problems"][0]
    assert code == 1
    assert (problem["clause"], problem["proof"], problem["code"]) == ("3.4", 2, "contradiction")
    assert problem["line"] > 0
    assert "override" in problem["remedy"]
    code, text = run("check", str(draft))
    assert code == 1
    assert "contradiction" in text


@pytest.mark.parametrize("words", ["", "no policy at all"])
def test_check_of_a_file_that_is_no_policy_fails(tmp_path, words):
    draft = tmp_path / "draft.toml"
    draft.write_text(words, encoding="utf-8")
    assert run("check", str(draft))[0] == 1
    assert run("check", str(tmp_path / "none.toml"))[0] == 1


def test_due_names_the_date_and_the_days_that_do_not_count():
    code, text = run("due", "--opened", "2026-02-12T10:00:00+07:00", "--business-days", "3")
    assert code == 0
    assert "2026-02-24 18:00" in text
    assert "Lunar New Year" in text
    code, text = run(
        "due", "--opened", "2026-02-12T10:00:00+07:00", "--service-class", "creative", "--json", "--language", "vi"
    )
    assert json.loads(text)["due_at"] == "2026-02-24T18:00:00+07:00"
    assert "Tết Nguyên Đán" in text


def test_explain_gives_the_decision_in_both_languages():
    code, text = run("explain", "--fact", "ask=cancel", "--fact", "stage=begun")
    assert code == 0
    assert text.startswith("4.2")
    code, text = run("explain", "--fact", "ask=cancel", "--fact", "stage=begun", "--json", "--language", "vi")
    assert json.loads(text)["clause"] == "4.2"
    assert "huỷ" in text


def test_explain_of_impossible_facts_says_why():
    code, text = run("explain", "--fact", "ask=none", "--fact", "stage=begun")
    assert code == 1
    assert "cannot be true together" in text


def test_show_and_table_read_the_file():
    assert "Bị từ chối" in run("show", "--clause", "2.2", "--language", "vi")[1]
    assert len(json.loads(run("show", "--json")[1])) == 16
    rows = json.loads(run("table", "--fact", "stage=refused", "--json")[1])
    assert {row["rule"] for row in rows if row["decides"]} == {"2.2.refused"}


@pytest.mark.parametrize(
    "argv",
    [
        ("explain", "--fact", "stage=begun"),
        ("explain", "--fact", "state=begun", "--fact", "ask=none"),
        ("explain", "--fact", "stage=lost", "--fact", "ask=none"),
        ("due", "--opened", "2026-02-12T10:00:00+07:00"),
        ("due", "--opened", "2026-02-12T10:00:00", "--business-days", "3"),
        ("due", "--opened", "soon", "--business-days", "3"),
        ("due", "--opened", "2026-02-12T10:00:00+07:00", "--business-days", "-3"),
        ("due", "--opened", "2026-02-12T10:00:00+07:00", "--service-class", "magic"),
        ("show", "--clause", "9.9"),
        ("show", "--language", "fr"),
    ],
)
def test_wrong_usage_is_told_apart(argv, capsys):
    assert run(*argv)[0] == 2
    assert "smmatic policy: " in capsys.readouterr().err
