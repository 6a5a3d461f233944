"""What the guide says is true: its snippets are in the shipped file, and its findings are what the checker says."""

import re
import tomllib
from pathlib import Path

import pytest

from smmatic.policy.document import SHIPPED_FILE
from smmatic.policy.prover import check_text

GUIDE = Path(__file__).parents[3] / "docs" / "howto" / "write-a-policy.md"
SHOP = (SHIPPED_FILE.parent / "sen_studio.toml").read_text(encoding="utf-8")
WORDS = GUIDE.read_text(encoding="utf-8")


def flat(text):
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("snippet", re.findall(r"```toml\n(.*?)```", WORDS, re.DOTALL))
def test_every_snippet_is_in_the_shipped_file(snippet):
    tomllib.loads(snippet)
    assert flat(snippet).strip() in flat(SHOP)


@pytest.mark.parametrize("line", re.findall(r"`(\w+ = [^`]+)`", WORDS))
def test_every_key_of_the_table_is_in_the_shipped_file(line):
    assert line in SHOP


def test_the_finding_is_what_the_checker_says():
    older = SHOP.replace(
        'stage = ["begun", "halted"], wrong_information = "alleged"',
        'stage = ["begun", "halted", "done"], wrong_information = "alleged"',
        1,
    )
    assert older != SHOP
    quoted = flat(
        re.search(r"> With 'Failure.*?\n\n", WORDS, re.DOTALL).group().replace("\n>", "\n").lstrip("> ")
    ).strip()
    problems = [problem.message for problem in check_text(older)[1].problems if problem.proof == 5]
    assert quoted in problems


def test_without_overrides_there_are_forty_odd_contradictions():
    bare = re.sub(r"^overrides = \[[^\]]*\]\n", "", SHOP, flags=re.MULTILINE)
    found = [problem for problem in check_text(bare)[1].problems if problem.proof == 2]
    assert 40 <= len(found) < 50
