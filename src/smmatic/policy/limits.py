"""How large a policy file can be, so that no file, however hostile, keeps the checker busy for long.

Text and shape are bounded before the file is parsed or its facts are gone through. Every bound is far above what a
policy needs: the shipped one has 82,000 characters, 64,512 combinations and 24 rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .problems import Problem

MOST_CHARACTERS = 500_000
MOST_BYTES = 2_000_000
"""Of a file, or of an upload; every character of UTF-8 fits."""
MOST_LINE = 10_000
MOST_DOTS = 30
"""Points in the keys of one line: TOML reads `a.b.c` as tables in tables, at a cost that grows with the square."""
MOST_DEPTH = 6
"""Names in one table's header."""
MOST_TEXT = 5_000
MOST_COMBINATIONS = 4_000_000
"""Also of the facts of two versions together, when they are compared."""
MOST_WORK = 130_000_000
"""Combinations times rules: what the proofs go through, in some seconds at most."""
MOST_RULES = 254
"""A byte of the stored table names the rule; 255 is impossible."""
MOST_VALUES = 100
MOST_ALTERNATIVES = 2_000
"""Partial assignments of facts in all rules, impossible combinations and properties together."""
MOST_ENTRIES = 500
"""Cases, properties, outcomes and notes, each."""
MOST_PROBLEMS = 200
"""So many are told; after that, one says how many more there are."""

_QUIET = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:""")?|\'\'\'(?:[^\']|\'(?!\'\'))*+(?:\'\'\')?'
    r'|"(?:[^"\\\n]|\\.)*+"?|\'[^\'\n]*+\'?|#[^\n]*+',
    re.DOTALL,
)
"""Strings and comments. Closing marks are optional, so that one never closed is read once and not again."""


def text_problem(text: str) -> Problem | None:
    """What keeps a text from being parsed at all, or None."""
    if not text.strip():
        return Problem(0, "", "empty", "It is empty.", "Start from the shipped policy: smmatic policy new.")
    if len(text) > MOST_CHARACTERS:
        message = f"It has {len(text):,} characters, more than a policy can need."
        remedy = f"Keep it under {MOST_CHARACTERS:,} characters; is it the right file?"
        return Problem(0, "", "too_long", message, remedy)
    lines = text.split("\n")
    longest = max(range(len(lines)), key=lambda index: len(lines[index]))
    if len(lines[longest]) > MOST_LINE:
        message = f"This line has {len(lines[longest]):,} characters."
        return Problem(longest + 1, "", "too_long", message, f"Break it; a line has at most {MOST_LINE:,} characters.")
    return next(_too_deep(text), None)


def _too_deep(text: str) -> Iterator[Problem]:
    if not any(
        line.count(".") >= MOST_DEPTH and ("[" in line or line.count(".") > MOST_DOTS) for line in text.split("\n")
    ):
        return  # not even with what stands in strings and comments
    bare = _QUIET.sub(lambda found: "q" + "\n" * found.group().count("\n"), text)
    for number, line in enumerate(bare.split("\n"), start=1):
        dots = line.count(".")
        if dots > MOST_DOTS or (dots >= MOST_DEPTH and line.lstrip().startswith("[") and "=" not in line):
            message = "Its tables lie too deep in each other here."
            yield Problem(number, "", "too_deep", message, "A policy needs no key with more than three names.")


def shown(value: object, most: int = 60) -> str:
    """A value of the file for a message, cut short."""
    if isinstance(value, int) and abs(value) >= 10**most:
        return "a number of more than sixty digits"
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def cut(problems: list[Problem]) -> list[Problem]:
    """The first problems in the order of the file, and how many more there are."""
    if len(problems) <= MOST_PROBLEMS:
        return problems
    found = sorted(problems, key=lambda problem: problem.line)[:MOST_PROBLEMS]
    more = len(problems) - MOST_PROBLEMS
    return [*found, Problem(0, "", "many_more", f"There are {more:,} more problems.", "Mend these first.")]
