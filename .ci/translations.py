"""The translations: `update` collects the texts anew and compiles, `compile` compiles, `check` says what is wrong.

Needs polib and Django, not the gettext programs.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib
from texts import Key, Text, collect

LOCALE = Path(__file__).resolve().parent.parent / "src" / "smmatic" / "locale"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}")
TAG = re.compile(r"</?[a-z]+(?: [^>]*)?>")


def main(action: str) -> int:
    """Returns the exit status: 1 when `check` found something."""
    found: list[str] = []
    for path in sorted(LOCALE.rglob("*.po")):
        if action == "update":
            update(path, collect())
        if action in ("update", "compile"):
            path.with_suffix(".mo").write_bytes(polib.pofile(str(path)).to_binary())
            found += untranslated(polib.pofile(str(path)))
        else:
            found += [f"{path.relative_to(LOCALE)}: {problem}" for problem in problems(path, collect())]
    print("\n".join(found) or f"translations: {action} done")
    return 1 if found and action == "check" else 0


def update(path: Path, texts: dict[Key, Text]) -> None:
    """Writes the catalogue anew: texts that are said now, with the translations they have; new ones are empty."""
    before = polib.pofile(str(path), wrapwidth=120)
    known = {_key(entry): entry for entry in before}
    after = polib.POFile(wrapwidth=120)
    after.metadata, after.header = before.metadata, before.header
    for text in sorted(texts.values(), key=lambda text: (min(text.places), text.msgid, text.context)):
        entry = polib.POEntry(msgid=text.msgid, msgctxt=text.context or None)
        entry.occurrences = [(place, "") for place in sorted(text.places)]
        old = known.get((text.context, text.msgid))
        said = (old.msgstr or old.msgstr_plural.get(0, "")) if old else ""
        if text.plural:
            entry.msgid_plural, entry.msgstr_plural = text.plural, {0: said}
        else:
            entry.msgstr = said
        entry.flags = ["fuzzy"] if old and old.fuzzy else []
        after.append(entry)
    after.save(str(path))


def problems(path: Path, texts: dict[Key, Text]) -> Iterator[str]:
    """What keeps this catalogue from being shipped: each problem as one line that says what to do."""
    catalogue = polib.pofile(str(path))
    entries = {_key(entry): entry for entry in catalogue if not entry.obsolete}
    for key, text in texts.items():
        entry = entries.get(key)
        if entry is None or entry.msgid_plural != text.plural:
            yield f"{text.msgid!r} ({min(text.places)}) is not collected; run: make locale"
    yield from (f"{key[1]!r} is not said anywhere any more; run: make locale" for key in entries.keys() - texts.keys())
    yield from untranslated(catalogue)
    for entry in entries.values():
        for said in filter(None, (entry.msgstr, *entry.msgstr_plural.values())):
            yield from _differences(entry.msgid_plural or entry.msgid, said)
    compiled = path.with_suffix(".mo")
    if not compiled.exists() or compiled.read_bytes() != catalogue.to_binary():
        yield f"{compiled.name} is not what {path.name} compiles to; run: make locale"


def untranslated(catalogue: polib.POFile) -> list[str]:
    """Texts without a translation, or with a doubtful one."""
    return [f"no translation of {entry.msgid!r}" for entry in catalogue.untranslated_entries()] + [
        f"a doubtful (fuzzy) translation of {entry.msgid!r}" for entry in catalogue.fuzzy_entries()
    ]


def _differences(source: str, said: str) -> Iterator[str]:
    if set(PLACEHOLDER.findall(source)) != set(PLACEHOLDER.findall(said)):
        yield f"the placeholders of {source!r} differ in {said!r}"
    if sorted(TAG.findall(source)) != sorted(TAG.findall(said)):
        yield f"the markup of {source!r} differs in {said!r}"
    if [source[:1].isspace(), source[-1:].isspace()] != [said[:1].isspace(), said[-1:].isspace()]:
        yield f"the space around {source!r} differs in {said!r}"


def _key(entry: polib.POEntry) -> Key:
    return entry.msgctxt or "", entry.msgid


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
