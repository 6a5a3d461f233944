"""Reads one TOML table with types, and collects every problem with its line instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from typing import Any

from .lines import LineIndex, Path
from .problems import Problem
from .shape import Assignment, Text
from .terms import Span

_ID = re.compile(r"^[a-z][a-z0-9_]*$")
_CLAUSE = re.compile(r"^[0-9]+(\.[0-9]+)?$")
_CLOCK = re.compile(r"^([01][0-9]|2[0-3]):([0-5][0-9])$")


class Report:
    """Collects problems; knows the lines of the file and its languages."""

    def __init__(self, lines: LineIndex) -> None:
        self.lines = lines
        self.languages: tuple[str, ...] = ()
        self.shares: tuple[str, ...] = ()
        self.problems: list[Problem] = []

    def add(self, path: Path, code: str, message: str, remedy: str, clause: str = "", proof: int = 0) -> None:
        """Notes a problem at a path of the file."""
        self.problems.append(Problem(self.lines.line(path), clause, code, message, remedy, proof))


class Table:
    """One table of the file. Every reader returns a usable stand-in after noting a problem."""

    def __init__(self, values: Any, path: Path, report: Report, clause: str = "") -> None:
        self.path = path
        self.report = report
        self.clause = clause
        self._read: set[str] = set()
        if not isinstance(values, dict):
            self._problem(
                "", "wrong_type", f"'{_named(path)}' must be a table.", "Write it as [table] or { key = value }."
            )
            values = {}
        self._values: dict[str, Any] = values

    @property
    def line(self) -> int:
        """The line on which the table begins."""
        return self.report.lines.line(self.path)

    def has(self, key: str) -> bool:
        """Whether the key, which may be left out, is there. Whoever asks also reads it."""
        self._read.add(key)
        return key in self._values

    def string(self, key: str, *, required: bool = True, default: str = "") -> str:
        """A non-empty line of text."""
        value = self._take(key, required)
        if value is None:
            return default
        if not isinstance(value, str) or not value.strip():
            self._problem(key, "wrong_type", f"'{key}' must be text.", f'Write {key} = "...".')
            return default
        return value

    def identifier(self, key: str = "id") -> str:
        """An id: lower-case letters, digits and underscores."""
        value = self.string(key)
        if value and not _ID.match(value):
            self._problem(
                key, "bad_id", f"'{value}' is no id.", "Use lower-case letters, digits and underscores, letter first."
            )
        return value

    def clause_number(self, key: str = "number") -> str:
        """A clause or section number."""
        value = self.string(key)
        if value and not _CLAUSE.match(value):
            self._problem(key, "bad_number", f"'{value}' is no clause number.", 'Write it like "2" or "2.1".')
        return value

    def choice(self, key: str, options: tuple[str, ...], *, required: bool = True, default: str = "") -> str:
        """One of a closed list."""
        value = self.string(key, required=required, default=default)
        if value and value not in options:
            self._problem(key, "unknown_value", f"'{value}' is no {key}.", f"Use one of: {', '.join(options)}.")
            return default or options[0]
        return value

    def number(self, key: str, *, least: int, most: int) -> int:
        """A whole number within bounds."""
        value = self._take(key, True)
        if value is None:
            return least
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self._problem(key, "bad_number", f"'{key}' is {value!r}.", f"Write a whole number from {least} to {most}.")
            return least
        return value

    def span(self, key: str) -> Span | None:
        """A span of time such as '48h' or '3 business days'; None where it is missing or is none."""
        value = self.string(key)
        try:
            return Span.parse(value) if value else None
        except ValueError as error:
            remedy = 'Write it like "48h", "14 days" or "3 business days".'
            self._problem(key, "bad_span", str(error), remedy)
            return None

    def clock(self, key: str) -> time:
        """A time of day, 'HH:MM'."""
        value = self.string(key)
        match = _CLOCK.match(value)
        if not match:
            if value:
                self._problem(key, "bad_time", f"'{value}' is no time of day.", 'Write it like "17:00".')
            return time(0, 0)
        return time(int(match.group(1)), int(match.group(2)))

    def moment(self, key: str) -> datetime:
        """A date with time and offset."""
        value = self._take(key, True)
        if not isinstance(value, datetime) or value.tzinfo is None:
            if value is not None:
                self._problem(
                    key, "bad_date", f"'{key}' has no offset or is no date.", "Write it like 2026-01-01T00:00:00+07:00."
                )
            return datetime.fromisoformat("2000-01-01T00:00:00+00:00")
        return value

    def strings(self, key: str, *, required: bool = True) -> tuple[str, ...]:
        """A list of texts; one text alone counts as a list of one."""
        value = self._take(key, required)
        if value is None:
            return ()
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(item, str) and item for item in found):
            self._problem(key, "wrong_type", f"'{key}' must be a list of texts.", f'Write {key} = ["...", "..."].')
            return ()
        if len(set(found)) != len(found):
            self._problem(key, "duplicate", f"'{key}' names something twice.", "Name each once.")
        return tuple(dict.fromkeys(found))

    def words(self, key: str) -> Text:
        """Words in every language of the policy."""
        value = self._take(key, True)
        return self.as_words(value, (*self.path, key), missing=value is None)

    def as_words(self, value: Any, path: Path, *, missing: bool = False) -> Text:
        """`value` as words; a language that lacks them fails proof 7."""
        line = self.report.lines.line(path)
        if missing:
            return Text({}, line)
        if not isinstance(value, dict) or not all(isinstance(words, str) for words in value.values()):
            self.report.add(
                path,
                "wrong_type",
                f"'{_named(path)}' must give words by language.",
                'Write .en = "..." and the same for every language.',
                self.clause,
            )
            return Text({}, line)
        for language in self.report.languages:
            if not value.get(language, "").strip():
                self.report.add(
                    path,
                    "untranslated",
                    f"'{_named(path)}' has no words in '{language}'.",
                    f'Add {path[-1]}.{language} = "...".',
                    self.clause,
                    proof=7,
                )
        for language in value:
            if language not in self.report.languages:
                self.report.add(
                    path,
                    "unknown_key",
                    f"'{language}' is no language of this policy.",
                    "Add it to policy.languages, or take the words out.",
                    self.clause,
                )
        return Text({language: words.strip() for language, words in value.items()}, line)

    def assignments(self, key: str, *, required: bool = True) -> tuple[Assignment, ...]:
        """One partial assignment of facts, or a list of alternatives."""
        value = self._take(key, required)
        if value is None:
            return ()
        alternatives = value if isinstance(value, list) else [value]
        return tuple(self._assignment(key, alternative) for alternative in alternatives)

    def mapping(self, key: str) -> Mapping[str, str]:
        """Names to single texts, as in a worked case's facts."""
        value = self._take(key, True)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            self._problem(key, "wrong_type", f"'{key}' must give one text for each name.", 'Write { name = "value" }.')
            return {}
        return dict(value)

    def table(self, key: str, *, required: bool = True) -> Table:
        """A table within this one; an empty stand-in where it is missing."""
        value = self._take(key, required)
        return Table({} if value is None else value, (*self.path, key), self.report, self.clause)

    def tables(self, key: str, *, required: bool = True) -> Iterator[Table]:
        """The entries of an array of tables."""
        value = self._take(key, required)
        if value is None:
            return
        if not isinstance(value, list):
            self._problem(key, "wrong_type", f"'{key}' must be a list of tables.", f"Write [[{key}]] for each.")
            return
        for index, entry in enumerate(value):
            yield Table(entry, (*self.path, key, index), self.report, self.clause)

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Every key with its value, for tables whose keys are free."""
        for key, value in self._values.items():
            self._read.add(key)
            yield key, value

    def finish(self) -> None:
        """Notes every key that nobody asked for: a misspelt key must not be ignored silently."""
        for key in self._values:
            if key not in self._read:
                known = ", ".join(sorted(self._read))
                self._problem(
                    key, "unknown_key", f"'{key}' is not known in '{_named(self.path)}'.", f"Known here: {known}."
                )

    def problem(self, key: str, code: str, message: str, remedy: str, proof: int = 0) -> None:
        """Notes a problem at `key` of this table."""
        self._problem(key, code, message, remedy, proof)

    def _assignment(self, key: str, value: Any) -> Assignment:
        if not isinstance(value, dict) or not value:
            self._problem(key, "wrong_type", f"'{key}' must name facts and their values.", 'Write { stage = "begun" }.')
            return {}
        found: dict[str, tuple[str, ...]] = {}
        for fact, allowed in value.items():
            listed = [allowed] if isinstance(allowed, str) else allowed
            if not isinstance(listed, list) or not listed or not all(isinstance(item, str) for item in listed):
                self._problem(
                    key,
                    "wrong_type",
                    f"'{fact}' in '{key}' must be a value or a list of values.",
                    f'Write {fact} = "..." or {fact} = ["...", "..."].',
                )
                continue
            found[fact] = tuple(listed)
        return found

    def _take(self, key: str, required: bool) -> Any:
        self._read.add(key)
        value = self._values.get(key)
        if value is None and required:
            self._problem(key, "missing", f"'{key}' is missing in '{_named(self.path)}'.", f"Add {key}.")
        return value

    def _problem(self, key: str, code: str, message: str, remedy: str, proof: int = 0) -> None:
        path = (*self.path, key) if key else self.path
        self.report.add(path, code, message, remedy, self.clause, proof)


def _named(path: Path) -> str:
    """'clause[3].rule[0]' for people, counted from 1; the whole file for the empty path."""
    parts: list[str] = []
    for part in path:
        if isinstance(part, int) and parts:
            parts[-1] += f"[{part + 1}]"
        else:
            parts.append(str(part))
    return ".".join(parts) or "the file"
