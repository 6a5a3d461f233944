"""Collects every text of the product that is shown to people, from Python (its syntax tree) and from templates.

It needs neither xgettext nor a configured Django. Texts of Django and of the sign-in library are collected too, as far
as people can see them here and the library has no Vietnamese for them: our translations take precedence over theirs.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import allauth
import django
import polib
from django.template.base import Lexer, TokenType
from django.utils.text import smart_split, unescape_string_literal
from django.utils.translation import trim_whitespace

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "smmatic"
DJANGO = Path(django.__file__).parent
ALLAUTH = Path(allauth.__file__).parent

_CALLS = {  # what a call's arguments are
    "gettext": ("msgid",),
    "ngettext": ("msgid", "plural"),
    "pgettext": ("context", "msgid"),
    "npgettext": ("context", "msgid", "plural"),
}
_NAME = re.compile(r"(n?p?gettext)(?:_lazy|_noop)?$")
_LITERAL = re.compile(r"""_\(("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\)""")
_SEEN_OF_DJANGO = ("forms", "core/validators.py", "contrib/auth/password_validation.py")
_SEEN_OF_ALLAUTH = ("account", "core", "mfa", "templates/account", "templates/mfa", "templates/allauth")
_UNSEEN = re.compile(  # parts of it that are switched off here
    r"/(tests?|migrations|management|\w*(webauthn|trust|phone|passkey|login_code|password_reset_code|email_change)\w*)"
    r"(/|\.\w+$)|/(admin|apps)\.py$"
)


@dataclass(slots=True)
class Text:
    """A text as it is looked up: with its context and its plural, where it has them, and the files it stands in."""

    msgid: str
    plural: str = ""
    context: str = ""
    places: set[str] = field(default_factory=set)


Key = tuple[str, str]
"""Context and text."""


def collect() -> dict[Key, Text]:
    """All texts that need a translation. Raises ValueError for a text that cannot be collected, naming the file."""
    found: dict[Key, Text] = {}
    for path in _files(PACKAGE):
        _add(found, path, path.relative_to(ROOT).as_posix())
    borrowed: dict[Key, Text] = {}
    for name in _SEEN_OF_ALLAUTH:
        for path in _files(ALLAUTH / name):
            within = path.relative_to(ALLAUTH).as_posix()
            ours = PACKAGE / "web" / within
            if not _UNSEEN.search(f"/{within}") and not (within.startswith("templates/") and ours.exists()):
                _add(borrowed, path, f"allauth/{within}")
    for name in _SEEN_OF_DJANGO:
        for path in _files(DJANGO / name):
            _add(borrowed, path, f"django/{path.relative_to(DJANGO).as_posix()}")
    known = _of_django()
    for key, text in borrowed.items():
        if key in found:
            found[key].places |= text.places
        elif key not in known:
            found[key] = text
    return found


def of_python(source: str) -> Iterator[Text]:
    """The texts of a Python module: literal arguments of gettext and its relatives, under whatever name."""
    tree = ast.parse(source)
    names = _names(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        kind = names.get(called) or (_kind(called) if isinstance(node.func, ast.Attribute) else "")
        if kind:
            values = [_literal(argument) for argument in node.args[: len(_CALLS[kind])]]
            parts = {part: value for part, value in zip(_CALLS[kind], values, strict=False) if value is not None}
            if parts.get("msgid"):
                yield Text(parts["msgid"], parts.get("plural", ""), parts.get("context", ""))


def of_template(source: str) -> Iterator[Text]:
    """The texts of a template: translate, blocktranslate and _("...") in tags and variables."""
    block: _Block | None = None
    for token in Lexer(source).tokenize():
        words = list(smart_split(token.contents)) if token.token_type is TokenType.BLOCK else []
        if block is not None:
            if words and words[0] in ("endblocktranslate", "endblocktrans"):
                yield block.text()
                block = None
            elif words and words[0] == "plural":
                block.in_plural = True
            else:
                block.take(token.token_type, token.contents)
            continue
        if words and words[0] in ("blocktranslate", "blocktrans"):
            block = _Block("trimmed" in words, _option(words, "context"))
        elif words and words[0] in ("translate", "trans") and words[1][0] in "\"'":
            yield Text(_unquoted(words[1]), context=_option(words, "context"))
        if token.token_type in (TokenType.BLOCK, TokenType.VAR):
            yield from (Text(_unquoted(literal)) for literal in _LITERAL.findall(token.contents))
    if block is not None:
        raise ValueError("a blocktranslate is not closed")


class _Block:
    """A blocktranslate while it is read."""

    def __init__(self, trimmed: bool, context: str) -> None:
        self.trimmed, self.context, self.in_plural = trimmed, context, False
        self.parts: dict[bool, list[str]] = {False: [], True: []}

    def take(self, kind: TokenType, contents: str) -> None:
        if kind is TokenType.TEXT:
            self.parts[self.in_plural].append(contents.replace("%", "%%"))
        elif kind is TokenType.VAR:
            self.parts[self.in_plural].append(f"%({contents})s")
        elif kind is TokenType.BLOCK:
            raise ValueError(f"a tag inside a blocktranslate: {contents}")

    def text(self) -> Text:
        one, many = ("".join(self.parts[plural]) for plural in (False, True))
        if self.trimmed:
            one, many = trim_whitespace(one), trim_whitespace(many)
        return Text(one, many, self.context)


def _names(tree: ast.Module) -> dict[str, str]:
    """What gettext and its relatives are called in a module: imports, and `_ = gettext_noop`."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("translation"):
            names |= {alias.asname or alias.name: _kind(alias.name) for alias in node.names}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and isinstance(node.targets[0], ast.Name):
            names[node.targets[0].id] = names.get(node.value.id, "")
    return names


def _kind(name: str) -> str:
    found = _NAME.match(name)
    return found.group(1) if found else ""


def _literal(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left), _literal(node.right)
        return None if left is None or right is None else left + right
    return None


def _unquoted(literal: str) -> str:
    """A template's literal as it is looked up: Django doubles its percent signs."""
    return unescape_string_literal(literal.split("|")[0]).replace("%", "%%")


def _option(words: list[str], name: str) -> str:
    return unescape_string_literal(words[words.index(name) + 1]) if name in words else ""


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return sorted(path for path in place.rglob("*") if path.suffix in (".py", ".html", ".txt"))


def _add(found: dict[Key, Text], path: Path, name: str) -> None:
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".txt" and "templates" not in path.parts:
        return
    try:
        for text in of_python(source) if path.suffix == ".py" else of_template(source):
            known = found.setdefault((text.context, text.msgid), text)
            known.places.add(name)
            known.plural = known.plural or text.plural
    except (ValueError, SyntaxError) as error:
        raise ValueError(f"{name}: {error}") from error


def _of_django() -> set[Key]:
    """What Django itself says in Vietnamese."""
    catalogues = (DJANGO / f"{place}/locale/vi/LC_MESSAGES/django.mo" for place in ("conf", "contrib/auth"))
    return {(entry.msgctxt or "", entry.msgid) for path in catalogues for entry in polib.mofile(str(path))}
