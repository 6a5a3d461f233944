"""No file, however hostile, keeps the checker busy or makes it fall over: each is refused with a bound and a sentence."""

import re

import pytest

from smmatic.policy import proof_texts
from smmatic.policy.document import PolicyError, read_text
from smmatic.policy.limits import MOST_BYTES, MOST_COMBINATIONS, MOST_LINE, MOST_PROBLEMS
from smmatic.policy.prover import check_text

from .shipped import TEXT
from .texts_work import counted, patterns, slow

MOST_READS = 20
"""How often a letter of a file may be looked at by a pattern: once or twice by each of them."""
TITLE = 'title.en = "Refused before work began"'
FACT = """[[fact]]
id = "f{0}"
default = "no"
attribute = "order.quantity"
at_least = {0}
name.en = "F"
name.vi = "F"
description.en = "F"
description.vi = "F"
values = [{{ id = "no", en = "no", vi = "no" }}, {{ id = "yes", en = "yes", vi = "yes" }}]

"""


def with_facts(number):
    return TEXT.replace("[[impossible]]\n", "".join(FACT.format(n + 1) for n in range(number)) + "[[impossible]]\n", 1)


def with_values(number):
    many = "".join(f'  {{ id = "a{n}", en = "x", vi = "y" }},\n' for n in range(number))
    assert 'id = "claimed"' in TEXT
    return TEXT.replace('  { id = "claimed"', many + '  { id = "claimed"', 1)


def with_grace(words):
    return TEXT.replace("grace_days = 14", f"grace_days = {words}")


HOSTILE = {
    "ten megabytes in one string": ('x = "' + "a" * 10_000_000 + '"', "too_long", "10,000,006 characters"),
    "one long line": ("# " + "a" * 100_000 + "\n" + TEXT, "too_long", "100,002 characters"),
    "brackets in brackets": ("x = " + "[" * 4_900 + "]" * 4_900, "bad_toml", "too deep"),
    "tables in tables, never closed": ("x = " + "{a = " * 1_900, "bad_toml", "not valid TOML"),
    "a key of a thousand names": ("a" + ".a" * 1_000 + " = 1", "too_deep", "too deep"),
    "a key of a thousand quoted names": ('"a"' + '."a"' * 1_000 + " = 1", "too_deep", "too deep"),
    "headers in headers": ("\n".join(f"[a{n}" + ".a" * 20 + "]" for n in range(2_000)), "too_deep", "too deep"),
    "a number of nine thousand digits": (with_grace("9" * 9_000), "bad_toml", "limit"),
    "a hexadecimal one": (with_grace("0x" + "f" * 9_000), "bad_number", "more than sixty digits"),
    "infinity": (with_grace("inf"), "bad_number", "inf"),
    "twenty more facts": (with_facts(20), "too_many", "too many to go through"),
    "a fact of nine thousand values": (with_values(9_000), "too_many", "9,002 values"),
    "thirty thousand unknown keys": ("".join(f"k{n} = 1\n" for n in range(30_000)) + TEXT, "many_more", "29,800 more"),
    "a text of six thousand letters": (TEXT.replace(TITLE, f'title.en = "{"a" * 6_000}"'), "too_long", "5,000"),
    "a version that is no part of an address": (TEXT.replace('"1.0"', '"1/0"', 1), "bad_version", "'1/0'"),
    "a version with a line end": (TEXT.replace('"1.0"', '"1.0\\n"', 1), "bad_version", "no version"),
    "a version of a hundred letters": (TEXT.replace('"1.0"', f'"{"9" * 100}"', 1), "bad_version", "40 letters"),
    "a clause number of many digits": (TEXT.replace('"5.2"', '"5.22222222222"'), "bad_number", "5.22222222222"),
    "a class that no case can keep": (TEXT.replace('id = "top_up"', f'id = "{"a" * 21}"'), "bad_id", "20 letters"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_a_bound_and_a_sentence(name):
    text, code, words = HOSTILE[name]
    document, proof = check_text(text)
    assert document is None
    found = [problem for problem in proof.problems if problem.code == code]
    assert found, [str(problem)[:200] for problem in proof.problems[:5]]
    assert any(words in str(problem) for problem in found), [str(problem)[:200] for problem in found]
    assert len(proof.problems) <= MOST_PROBLEMS + 1
    assert all(len(str(problem)) < 1_000 for problem in proof.problems)


@pytest.mark.parametrize("raw", ["[?" * 2_400, "two" + " " * 4_900, "section 1, " * 440, "{" * 4_900, "{aaa:" * 900])
def test_no_text_is_read_more_often_than_any_other(raw):
    with counted() as counts:
        check_text(TEXT.replace(TITLE, f'title.en = "{raw}"'))
    assert len(TEXT) < counts[0] < MOST_READS * (len(TEXT) + len(raw))


@pytest.mark.parametrize("raw", ['"\\"' * 3_000, "'" * 9_000, '"' * 9_001, "[" * 9_000])
def test_no_comment_is_read_more_often_than_any_other(raw):
    text = "".join(f"x{n} = [ # {raw}\n]\n" for n in range(20)) + TEXT
    with counted() as counts:
        check_text(text)
    assert len(TEXT) < counts[0] < MOST_READS * len(text)


@pytest.mark.parametrize("name", patterns())
def test_no_pattern_searches_in_the_square_of_a_length(name):
    pattern = patterns()[name]
    assert slow(pattern.pattern, pattern.flags & ~re.UNICODE) == []


@pytest.mark.parametrize("bad", [r"(a+)+b", r"[\s-]+\s*x", r"(?:a*)*b", r"\s+(?:x)?\s+"])
def test_control_a_pattern_that_does_is_found(bad):
    assert slow(bad)


def test_control_a_text_that_is_read_anew_for_each_of_its_numbers_is_found(monkeypatch):
    careful = proof_texts._typed_numbers

    def careless(placed, language, raw, numbers, sections):
        for _number in proof_texts._NUMBER.findall(raw):
            proof_texts._NUMBER.findall(raw)
        yield from careful(placed, language, raw, numbers, sections)

    monkeypatch.setattr(proof_texts, "_typed_numbers", careless)
    raw = "1 " * 1_200
    with counted() as counts:
        check_text(TEXT.replace(TITLE, f'title.en = "{raw}"'))
    assert counts[0] > MOST_READS * (len(TEXT) + len(raw))


def test_the_bounds_leave_room_for_what_shops_need():
    """The larger of the shipped policies uses a tenth of the combinations, and the longest line a tenth."""
    assert MOST_COMBINATIONS >= 10 * 258_048
    assert max(map(len, TEXT.splitlines())) * 10 < MOST_LINE


def test_a_path_is_never_read_further_than_a_policy_can_go(tmp_path):
    for path in ("/dev/zero", tmp_path / "long.toml"):
        if path != "/dev/zero":
            path.write_bytes(b"#" * (MOST_BYTES + 1))
        with pytest.raises(PolicyError, match="larger than a policy"):
            read_text(type(tmp_path)(path))
    with pytest.raises(PolicyError, match="cannot be read"):
        read_text(tmp_path)
