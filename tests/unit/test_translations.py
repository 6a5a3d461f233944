"""Vietnamese is complete, keeps its placeholders, is shipped compiled, and uses the words of the policy."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.utils import translation
from django.utils.translation import gettext, ngettext

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "src" / "smmatic" / "locale" / "vi" / "LC_MESSAGES" / "django.po"


def _tool(name):
    sys.path.insert(0, str(ROOT / ".ci"))
    try:
        spec = importlib.util.spec_from_file_location(f"ci_{name}", ROOT / ".ci" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(ROOT / ".ci"))


texts, translations = _tool("texts"), _tool("translations")


@pytest.fixture(scope="module")
def collected():
    return texts.collect()


@pytest.fixture
def copy(tmp_path):
    """A copy of the catalogue that a test may spoil; `spoil(change)` saves and compiles it."""
    path = tmp_path / "django.po"
    shutil.copy(CATALOGUE, path)
    shutil.copy(CATALOGUE.with_suffix(".mo"), path.with_suffix(".mo"))
    return path


def _spoiled(path, text, /, compiled=True, **changes):
    catalogue = polib.pofile(str(path), wrapwidth=120)
    entry = next(entry for entry in catalogue if entry.msgid == text and not entry.msgctxt)
    for name, value in changes.items():
        setattr(entry, name, value)
    catalogue.save(str(path))
    if compiled:
        path.with_suffix(".mo").write_bytes(polib.pofile(str(path)).to_binary())
    return path


def test_every_text_is_said_in_vietnamese_and_shipped_compiled(collected):
    assert list(translations.problems(CATALOGUE, collected)) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"msgstr": ""}, "no translation"),
        ({"flags": ["fuzzy"]}, "doubtful"),
        ({"msgstr": "Dịch vụ này"}, "placeholders"),
        ({"msgstr": "%(needed)s, %(available)s, %(more)s"}, "placeholders"),
        ({"msgid": "Another text"}, "is not collected"),
    ],
)
def test_a_spoiled_translation_is_found(copy, collected, changes, problem):
    spoiled = _spoiled(copy, "This costs %(needed)s Credits and %(available)s are available.", **changes)
    assert any(problem in found for found in translations.problems(spoiled, collected))


def test_changed_markup_is_found(copy, collected):
    spoiled = _spoiled(copy, "Is <strong>%(email)s</strong> your address?", msgstr="<b>%(email)s</b>?")
    assert any("markup" in found for found in translations.problems(spoiled, collected))


def test_a_text_that_nobody_says_any_more_is_found(collected):
    fewer = {key: text for key, text in collected.items() if text.msgid != "Services"}
    assert list(translations.problems(CATALOGUE, fewer)) == [
        "'Services' is not said anywhere any more; run: make locale"
    ]


def test_a_stale_compilation_is_found(copy, collected):
    spoiled = _spoiled(copy, "Services", compiled=False, msgstr="Các dịch vụ")
    assert [found for found in translations.problems(spoiled, collected) if "compiles to" in found]


def test_collecting_anew_keeps_translations_and_leaves_new_texts_empty(copy, collected):
    new = texts.Text("Never said before", places={"src/smmatic/x.py"})
    translations.update(copy, collected | {("", new.msgid): new})
    after = {entry.msgid: entry for entry in polib.pofile(str(copy))}
    assert after["Services"].msgstr == "Dịch vụ"
    assert after["Never said before"].msgstr == ""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('from django.utils.translation import gettext as _\n_("a" "b")', [("", "ab", "")]),
        ('from django.utils.translation import gettext_noop\n_ = gettext_noop\nA = _("a" + "b")', [("", "ab", "")]),
        ('from django.utils.translation import ngettext\nngettext("one", "many", n)', [("", "one", "many")]),
        ('from django.utils.translation import pgettext_lazy as p\np("menu", "Open")', [("menu", "Open", "")]),
        ('from django.utils import translation\ntranslation.gettext("x")', [("", "x", "")]),
        ('from django.utils.translation import gettext as _\n_(f"a {b}")\n_(c)', []),
        ('def _(text): return text\n_("not a text")', []),
    ],
)
def test_texts_of_python(source, expected):
    assert [(text.context, text.msgid, text.plural) for text in texts.of_python(source)] == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{% translate "100% of it" as x %}', [("", "100%% of it", "")]),
        ("{% trans 'Open' context \"menu\" %}", [("menu", "Open", "")]),
        ("{% translate row.words %}", []),
        ('{{ _("In a variable") }}{% include "x" with t=_("In a tag") %}', ["In a variable", "In a tag"]),
        ("{% blocktranslate trimmed %}\n  a\n  b {{ c }} 5%\n{% endblocktranslate %}", ["a b %(c)s 5%%"]),
        (
            "{% blocktranslate count n=x %}one{% plural %}{{ n }} many{% endblocktranslate %}",
            [("", "one", "%(n)s many")],
        ),
    ],
)
def test_texts_of_templates(source, expected):
    found = [(text.context, text.msgid, text.plural) for text in texts.of_template(source)]
    assert found == [("", text, "") if isinstance(text, str) else text for text in expected]


@pytest.mark.parametrize("source", ["{% blocktranslate %}a", "{% blocktranslate %}{% if a %}{% endblocktranslate %}"])
def test_a_template_that_cannot_be_translated_is_refused(source):
    with pytest.raises(ValueError, match="blocktranslate"):
        list(texts.of_template(source))


@pytest.mark.skipif(not shutil.which("xgettext"), reason="compares with the gettext programs where they are installed")
def test_the_gettext_programs_collect_nothing_more(tmp_path, collected):
    package = tmp_path / "smmatic"
    shutil.copytree(texts.PACKAGE, package, ignore=shutil.ignore_patterns("locale", "vendor", "__pycache__"))
    (package / "locale" / "vi").mkdir(parents=True)
    command = [sys.executable, "-m", "django", "makemessages", "-l", "vi", "-e", "html,txt,py"]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    ran = subprocess.run(command, cwd=package, env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    theirs = {
        (entry.msgctxt or "", entry.msgid) for entry in polib.pofile(str(package / "locale/vi/LC_MESSAGES/django.po"))
    }
    ours = {key for key, text in collected.items() if any(place.startswith("src/") for place in text.places)}
    assert theirs - ours == set()
    assert len(ours - theirs) < 10  # they do not look into f-strings, which we do


WORDS = {
    r"hoàn tiền|trả lại tiền": "a refund is 'hoàn Credit': no money goes back",
    r"\bCredits\b": "'Credit' has no plural in Vietnamese",
    r"(?i)\bhủy": "the house spells 'huỷ'",
    r"(?i)quý khách|quý vị": "the customer is 'bạn'",
    r"(?i)\border\b(?!</code>)|\brefund\b(?!</code>)": "an English word was left",
}


@pytest.mark.parametrize(("pattern", "why"), WORDS.items(), ids=WORDS.values())
def test_vietnamese_uses_the_words_of_the_policy(pattern, why):
    said = [entry.msgstr or entry.msgstr_plural[0] for entry in polib.pofile(str(CATALOGUE))]
    assert [text for text in said if re.search(pattern, text)] == [], why


def test_our_words_win_over_those_of_the_libraries():
    with translation.override("vi"):
        assert gettext("Services") == "Dịch vụ"
        assert gettext("Use your password") == "Dùng mật khẩu"  # the sign-in library's own text
        assert gettext("This field is required.").startswith("Trường này")  # Django's Vietnamese stays below ours
        assert ngettext("%(hours)s hour", "%(hours)s hours", 3) % {"hours": 3} == "3 giờ"
    with translation.override("en"):
        assert gettext("Services") == "Services"
