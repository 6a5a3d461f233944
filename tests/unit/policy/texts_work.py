"""Counts what the checker reads through patterns, and finds patterns that can search a text in the square of its length.

Time says the same less reliably: a busy machine is slow too.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from unittest import mock

MODULES = ("limits", "lines", "loading", "loading_parts", "proof_texts", "reading", "words")
UNBOUNDED = 100
"""A repeat that may go on for so long counts as one without an end."""


def patterns() -> dict[str, re.Pattern[str]]:
    """Every pattern that the checker goes through a file with."""
    found = {}
    for name in MODULES:
        for key, value in vars(import_module(f"smmatic.policy.{name}")).items():
            if isinstance(value, re.Pattern):
                found[f"{name}.{key}"] = value
    return found


class Counted:
    """A pattern that adds up how many characters it was given."""

    def __init__(self, pattern: re.Pattern[str], counts: list[int]) -> None:
        self.pattern, self.counts = pattern, counts

    def __getattr__(self, name):
        method = getattr(self.pattern, name)

        def counting(*arguments):
            self.counts[0] += len(arguments[1 if name in ("sub", "subn") else 0])
            return method(*arguments)

        return counting if callable(method) else method


@contextmanager
def counted() -> Iterator[list[int]]:
    """Counts the characters that all patterns are given meanwhile, in the one number of the list."""
    counts = [0]
    with ExitStack() as stack:
        for name, pattern in patterns().items():
            stack.enter_context(mock.patch(f"smmatic.policy.{name}", Counted(pattern, counts)))
        yield counts


def slow(pattern: str, flags: int = 0) -> list[str]:
    """Why a pattern may take the square of a text's length, or more: unbounded repeats within each other, or one after
    another with a character in common. A possessive repeat never gives back, and is neither.
    """
    return list(_walk(parser.parse(pattern, flags)))


def _walk(sequence) -> Iterator[str]:
    before: set[int] | None = None
    for code, argument in sequence:
        if code is codes.MAX_REPEAT or code is codes.MIN_REPEAT:
            least, most, inner = argument
            long = most >= UNBOUNDED
            if long and any(_long(one) for one in inner if len(inner) == 1):
                yield "a repeat within a repeat"
            letters = _letters(inner)
            if long and before is not None and before & letters:
                yield "a repeat after a repeat of the same letters"
            yield from _walk(inner)
            if long and len(inner) == 1:
                before = letters
            elif least:
                before = None
            continue
        for inner in _inside(code, argument):
            yield from _walk(inner)
        before = None


def _inside(code, argument) -> list:
    if code is codes.SUBPATTERN:
        return [argument[-1]]
    if code is codes.BRANCH:
        return list(argument[1])
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return [argument[1]]
    if code in (codes.POSSESSIVE_REPEAT, codes.ATOMIC_GROUP):
        return [argument[-1]] if code is codes.POSSESSIVE_REPEAT else [argument]
    return []


def _long(one) -> bool:
    """Whether an item can itself be of any length and is given back letter by letter."""
    code, argument = one
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
        return argument[1] >= UNBOUNDED
    return any(len(inner) == 1 and _long(inner[0]) for inner in _inside(code, argument))


def _letters(inner) -> set[int]:
    """The ASCII letters that a repeated item may begin with; all of them where it is no plain class."""
    if len(inner) != 1:
        return set(range(128))
    code, argument = inner[0]
    if code is codes.LITERAL:
        return {argument}
    matcher = {codes.IN, codes.NOT_LITERAL, codes.ANY}
    if code not in matcher:
        return set(range(128))
    if code is codes.ANY:
        return set(range(128)) - {10}
    if code is codes.NOT_LITERAL:
        return set(range(128)) - {argument}
    negated = argument[0][0] is codes.NEGATE
    found: set[int] = set()
    for kind, value in argument[1:] if negated else argument:
        if kind is codes.LITERAL:
            found.add(value)
        elif kind is codes.RANGE:
            found |= set(range(value[0], value[1] + 1))
        else:
            text = {codes.CATEGORY_SPACE: r"\s", codes.CATEGORY_WORD: r"\w", codes.CATEGORY_DIGIT: r"\d"}.get(
                value, r"[\s\S]"
            )
            found |= {letter for letter in range(128) if re.match(text, chr(letter))}
    return set(range(128)) - found if negated else found
