"""`smmatic policy`: readable for people, plain data for programs, exit codes for both."""

import io
import json

import pytest

from smmatic.policy.commands import main
from smmatic.policy.document import SHIPPED_FILE

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
    assert all(f"2026-02-{day}" in text for day in range(14, 23)), "the days from the 14th to the 22nd do not count"
    assert text.count("Lunar New Year") == 5
    assert (text.count("Saturday"), text.count("Sunday")) == (2, 2)
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


@pytest.mark.parametrize("starter", ["starter", "smmatic", "sen_studio"])
def test_a_draft_is_started_from_any_shipped_policy_and_is_proven(tmp_path, starter):
    draft = tmp_path / "draft.toml"
    code, text = run(
        "new", str(draft), "--from", starter, "--version", "7.1", "--effective", "2031-05-01T09:00:00+07:00", "--json"
    )
    assert (code, json.loads(text)) == (
        0,
        {"file": str(draft), "version": "7.1", "effective": "2031-05-01T09:00:00+07:00"},
    )
    begun, lines = (
        path.read_text(encoding="utf-8").splitlines() for path in (SHIPPED_FILE.with_name(f"{starter}.toml"), draft)
    )
    changed = [new for old, new in zip(begun, lines, strict=True) if old != new]
    assert changed == ['version = "7.1"', "effective = 2031-05-01T09:00:00+07:00"]
    assert run("check", str(draft))[0] == 0
    again = tmp_path / "again.toml"
    assert run("new", str(again), "--from", str(draft), "--version", "7.2")[0] == 0
    assert 'version = "7.2"' in again.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("new", "{folder}/there.toml", "--version", "2"), 2),
        (("new", "{folder}/no/such/folder.toml", "--version", "2"), 2),
        (("new", "{folder}/new.toml", "--from", "nonsense", "--version", "2"), 1),
        (("new", "{folder}/new.toml", "--from", "{folder}/there.toml", "--version", "2"), 1),
        (("new", "{folder}/new.toml", "--version", "2/3"), 1),
        (("new", "{folder}/new.toml", "--version", "2", "--effective", "tomorrow"), 2),
        (("check", "{folder}/there.toml"), 1),
        (("show", "{folder}/there.toml"), 1),
        (("show", "--clause", "9.9"), 2),
        (("table", "{folder}/there.toml"), 1),
        (("table", "--fact", "stage=lost"), 2),
        (("explain", "{folder}/none.toml"), 1),
        (("explain", "--fact", "ask=none", "--fact", "stage=begun"), 1),
        (("explain", "--fact", "stage=begun"), 2),
        (("diff", "{folder}/there.toml", "{folder}/there.toml"), 1),
        (("due", "--opened", "soon", "--business-days", "3"), 2),
    ],
)
def test_every_refusal_is_data_for_programs_and_writes_no_file(tmp_path, argv, code):
    there = tmp_path / "there.toml"
    there.write_text("format = 1\n", encoding="utf-8")
    found, text = run(*(word.format(folder=tmp_path) for word in argv), "--json")
    said = json.loads(text)
    assert found == code
    if code == 2:
        assert said["code"] == "usage"
        assert said["message"]
    elif "impossible" not in said:
        assert said["ok"] is False
        assert all(problem["message"] and problem["remedy"] for problem in said["problems"])
    assert [path.name for path in tmp_path.iterdir()] == ["there.toml"]
    assert there.read_text(encoding="utf-8") == "format = 1\n"


def test_a_shipped_policy_is_named_wherever_a_file_is(tmp_path, monkeypatch):
    assert json.loads(run("check", "starter", "--json")[1])["file"] == "starter.toml"
    assert json.loads(run("show", "sen_studio", "--clause", "2.4", "--json")[1])[0]["number"] == "2.4"
    assert run("diff", "smmatic", str(SHIPPED_FILE))[0] == 0
    (tmp_path / "starter").write_text("format = 1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run("check", "starter")[0] == 1, "a file of that name comes first"


def test_a_narrow_terminal_shows_rules_and_times_whole(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = run("table", "sen_studio", "--fact", "stage=begun")[1]
    assert "…" not in text
