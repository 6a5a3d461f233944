"""Where in a TOML file a value stands. Python's own reader keeps no positions, and authors need them.

Only the shape of the lines is read here: table headers, keys, and which lines belong to a longer string or array.
The values themselves always come from `tomllib`.
"""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.\-]+)\s*=(.*)$")
_STRINGS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'")


class LineIndex:
    """Maps the path of a value, such as ('clause', 3, 'rule', 0, 'when'), to its line (from 1)."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        self._scan(text)

    def line(self, path: Path) -> int:
        """The line of `path`, or of the nearest thing that contains it; 0 when nothing does."""
        while path:
            found = self._lines.get(path)
            if found:
                return found
            path = path[:-1]
        return 0

    def _scan(self, text: str) -> None:
        table: Path = ()
        closing = ""
        depth = 0
        for number, line in enumerate(text.splitlines(), start=1):
            if closing:
                if closing in line:
                    closing = ""
                continue
            if depth > 0:
                depth += _depth(line)
                continue
            header = _HEADER.match(line)
            if header:
                table = self._open(header.group(2).split("."), header.group(1) == "[[")
                self._lines.setdefault(table, number)
                continue
            key = _KEY.match(line)
            if not key:
                continue
            self._note(table, key.group(1), number)
            closing = _unclosed(key.group(2))
            depth = 0 if closing else _depth(key.group(2))

    def _open(self, names: list[str], is_array: bool) -> Path:
        path: Path = ()
        for name in names[:-1]:
            path += (name,)
            if path in self._counts:
                path += (self._counts[path] - 1,)
        path += (names[-1],)
        if not is_array:
            return path
        count = self._counts.get(path, 0)
        self._counts[path] = count + 1
        return (*path, count)

    def _note(self, table: Path, key: str, number: int) -> None:
        path = table
        for name in key.split("."):
            path = (*path, name)
            self._lines.setdefault(path, number)


def _unclosed(rest: str) -> str:
    """The delimiter that still has to come, when `rest` opens a string of several lines."""
    start = rest.lstrip()
    for delimiter in ('"""', "'''"):
        if start.startswith(delimiter) and delimiter not in start[3:]:
            return delimiter
    return ""


def _depth(line: str) -> int:
    bare = _STRINGS.sub("", line).split("#", 1)[0]
    return bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
