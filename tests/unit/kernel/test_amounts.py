"""Credits are integers: what people type is read exactly or refused, and rounding happens by one rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smmatic.kernel.amounts import MAX_UNITS, UNITS, format_credits, parse_count, parse_credits, round_half_up
from smmatic.kernel.refusals import CODES, Refusal, RefusalCode, Refusals


@pytest.mark.parametrize(
    ("text", "units"), [("1", 10_000), ("12.5", 125_000), ("0.0001", 1), ("1.00000", 10_000), (" 7 ", 70_000)]
)
def test_an_amount_is_read_exactly(text, units):
    assert parse_credits(text) == units


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", RefusalCode.AMOUNT_MALFORMED), ("-1", RefusalCode.AMOUNT_MALFORMED), ("+1", RefusalCode.AMOUNT_MALFORMED),
        ("1e3", RefusalCode.AMOUNT_MALFORMED), ("1_000", RefusalCode.AMOUNT_MALFORMED), ("１", RefusalCode.AMOUNT_MALFORMED),
        ("1,5", RefusalCode.AMOUNT_MALFORMED), ("NaN", RefusalCode.AMOUNT_MALFORMED), ("1.", RefusalCode.AMOUNT_MALFORMED),
        (".5", RefusalCode.AMOUNT_MALFORMED), (1, RefusalCode.AMOUNT_MALFORMED), (True, RefusalCode.AMOUNT_MALFORMED),
        (None, RefusalCode.AMOUNT_MALFORMED), ("1\n", RefusalCode.AMOUNT_MALFORMED), ("0.00001", RefusalCode.AMOUNT_TOO_PRECISE),
        ("0", RefusalCode.AMOUNT_OUT_OF_RANGE), ("99999999999", None), ("999999999999", RefusalCode.AMOUNT_OUT_OF_RANGE),
    ],
)  # fmt: skip
def test_anything_else_is_refused_by_name(text, code):
    if code is None:
        assert parse_credits(text) <= MAX_UNITS
        return
    with pytest.raises(Refusal) as refused:
        parse_credits(text)
    assert refused.value.code == code
    assert refused.value.field == "credits"


@pytest.mark.parametrize(
    "value", ["１２", "1_000", "-1", "1.0", "", " 1", "1 ", True, False, 1.0, None, "1e2", 10**9, -1, "0x10"]
)
def test_a_count_takes_ascii_digits_only(value):
    with pytest.raises(Refusal) as refused:
        parse_count(value)
    assert refused.value.code == RefusalCode.COUNT_MALFORMED


@given(st.integers(min_value=1, max_value=MAX_UNITS))
def test_what_is_shown_reads_back_as_the_same_amount(units):
    assert parse_credits(format_credits(units)) == units


@given(st.integers(min_value=0, max_value=10**12), st.integers(min_value=1, max_value=10**6))
def test_rounding_is_to_the_nearest_with_halves_upwards(numerator, denominator):
    rounded = round_half_up(numerator, denominator)
    assert -denominator <= 2 * (numerator - rounded * denominator) < denominator
    assert round_half_up(UNITS, 3) == 3333
    assert round_half_up(1, 2) == 1


@pytest.mark.parametrize("code", list(RefusalCode))
def test_every_refusal_has_a_status_a_sentence_and_a_next_step(code):
    words = CODES[code]
    assert 400 <= words.status < 500 or (code.value, words.status) in {
        ("busy", 503),
        ("unavailable", 503),
        ("internal", 500),
    }
    refusal = Refusal(code)
    assert refusal.sentence
    assert refusal.next_step
    assert "%(" not in refusal.sentence + refusal.next_step


def test_several_refusals_answer_with_the_status_of_the_first():
    several = Refusals([Refusal(RefusalCode.FIELD_MISSING, "link"), Refusal(RefusalCode.NOT_FOUND)])
    assert several.status == 422
    assert "field_missing" in str(several)
