"""Compiles the translations, or checks that what is shipped is compiled, complete and without doubtful entries."""

import sys
from pathlib import Path

import polib

LOCALE = Path(__file__).resolve().parent.parent / "src" / "smmatic" / "locale"


def main(action: str) -> int:
    """`compile` writes every .mo; `check` exits 1 when one is missing, stale or incomplete."""
    problems = []
    for path in sorted(LOCALE.rglob("*.po")):
        catalogue = polib.pofile(str(path))
        compiled = path.with_suffix(".mo")
        content = catalogue.to_binary()
        if action == "compile":
            compiled.write_bytes(content)
            continue
        if not compiled.exists() or _entries(compiled) != _entries(path):
            problems.append(f"{compiled} is not what {path.name} compiles to; run: make locale")
        missing = [entry.msgid for entry in catalogue.untranslated_entries() + catalogue.fuzzy_entries()]
        problems += [f"{path}: no sure translation of {text!r}" for text in missing]
    print("\n".join(problems) or f"translations: {action} done")
    return 1 if problems else 0


def _entries(path: Path) -> set[tuple[str | None, str, str, tuple[tuple[int, str], ...]]]:
    entries = polib.pofile(str(path)) if path.suffix == ".po" else polib.mofile(str(path))
    return {
        (entry.msgctxt, entry.msgid, entry.msgstr, tuple(sorted(entry.msgstr_plural.items())))
        for entry in entries
        if not entry.obsolete and entry.translated()
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
