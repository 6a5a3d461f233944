"""Each field of each type is refused by itself, in words, and a price is exact."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smmatic.catalogue.kinds import NO_LINK, Kind
from smmatic.catalogue.rules import MAX_ORDER_UNITS, CheckedInput, amount_of, check_input, check_quantity
from smmatic.kernel.refusals import Refusal, Refusals

PAGE = "https://www.facebook.com/yourpage"


def terms(**changes: Any) -> dict[str, Any]:
    base = {
        "type": "counted",
        "platform": "facebook",
        "link_kinds": ["profile"],
        "min": 5,
        "max": 100,
        "step": 5,
        "price_units": 10_500,
    }
    return base | changes


def good(of: dict[str, Any], **given_input: Any) -> CheckedInput:
    return check_input(of, **({"link": PAGE} | given_input))


def refusals(of: dict[str, Any], **given_input: Any) -> dict[str | None, str]:
    with pytest.raises(Refusals) as caught:
        check_input(of, **({"link": PAGE} | given_input))
    for refusal in caught.value.refusals:
        assert "%(" not in refusal.sentence + refusal.next_step
        assert refusal.status == 422
    return {refusal.field: refusal.code.value for refusal in caught.value.refusals}


def test_a_counted_order_costs_price_times_quantity() -> None:
    checked = good(terms(), quantity="10", brief=" hello\r\nthere ")
    assert (checked.quantity, checked.amount_units, checked.brief) == (10, 105_000, "hello\nthere")
    assert (checked.texts, checked.runs, checked.interval_minutes) == ((), None, None)
    assert checked.link.canonical == PAGE


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        (None, "field_missing"),
        ("", "field_missing"),
        (4, "quantity_too_small"),
        (0, "quantity_too_small"),
        (101, "quantity_too_large"),
        (12, "quantity_step"),
        ("１０", "count_malformed"),
        ("٣", "count_malformed"),
        ("1_000", "count_malformed"),
        ("+10", "count_malformed"),
        ("-5", "count_malformed"),
        ("10.0", "count_malformed"),
        ("1e1", "count_malformed"),
        (" 10", "count_malformed"),
        ("0x10", "count_malformed"),
        (True, "count_malformed"),
        (10.0, "count_malformed"),
        (-5, "count_malformed"),
        (10**30, "count_malformed"),
        ("9" * 5_000, "count_malformed"),
        ([10], "count_malformed"),
        ({"a": 1}, "count_malformed"),
    ],
)
def test_a_quantity_outside_the_terms_is_refused(quantity: object, code: str) -> None:
    assert refusals(terms(), quantity=quantity) == {"quantity": code}


def test_steps_count_from_the_minimum_and_the_refusal_names_both_neighbours() -> None:
    assert check_quantity(terms(min=3, step=4), 11) == 11
    with pytest.raises(Refusal) as caught:
        check_quantity(terms(min=3, step=4), 10)
    assert (caught.value.facts["below"], caught.value.facts["above"]) == (7, 11)


def test_every_wrong_field_is_named_at_once() -> None:
    found = refusals(terms(), link="https://shopee.vn/yourshop", quantity="x", brief="a\x00b", texts="no", runs=2)
    assert found == {
        "link": "link_wrong_platform",
        "quantity": "count_malformed",
        "brief": "text_forbidden_characters",
        "texts": "field_unknown",
        "runs": "field_unknown",
    }


@pytest.mark.parametrize("field", ["texts", "runs", "interval_minutes"])
def test_a_field_of_another_type_is_refused(field: str) -> None:
    assert refusals(terms(), quantity=5, **{field: 1}) == {field: "field_unknown"}


@pytest.mark.parametrize("brief", ["x" * 5_001, "a\u202eb", "a\u200bb", "a\x07b", 5, ["a"]])
def test_a_brief_is_plain_text_of_bounded_length(brief: object) -> None:
    assert set(refusals(terms(), quantity=5, brief=brief)) == {"brief"}


def test_a_package_is_one() -> None:
    package = terms(type="package", min=1, max=1, step=1)
    assert [good(package, quantity=given).quantity for given in (None, "", 1, "1")] == [1, 1, 1, 1]
    assert refusals(package, quantity=2) == {"quantity": "quantity_fixed"}
    assert refusals(package, quantity="x") == {"quantity": "count_malformed"}


def test_custom_texts_are_counted_by_their_lines() -> None:
    captions = terms(type="custom_comments", min=2, max=3, step=1)
    checked = good(captions, texts=" one \n\n two\r\n  \n", quantity="2")
    assert (checked.texts, checked.quantity, checked.amount_units) == (("one", "two"), 2, 21_000)
    assert good(captions, texts=["one", "two", "three"]).quantity == 3


@pytest.mark.parametrize(
    ("texts", "quantity", "expected"),
    [
        (None, None, {"texts": "field_missing"}),
        (" \n \n", 2, {"texts": "field_missing"}),
        ("one", None, {"texts": "quantity_too_small"}),
        ("1\n2\n3\n4", None, {"texts": "quantity_too_large"}),
        ("one\ntwo", 3, {"quantity": "quantity_unlike"}),
        ("one\ntwo", "２", {"quantity": "count_malformed"}),
        ("one\nt\x00wo", None, {"texts": "text_forbidden_characters"}),
        ("one\n" + "x" * 5_001, None, {"texts": "text_too_long"}),
        (["one", 2], None, {"texts": "field_invalid"}),
        (5, None, {"texts": "field_invalid"}),
    ],
)
def test_custom_texts_that_do_not_fit_are_refused(texts: object, quantity: object, expected: dict[str, str]) -> None:
    captions = terms(type="custom_comments", min=2, max=3, step=1)
    assert refusals(captions, texts=texts, quantity=quantity) == expected


def test_runs_are_the_quantity() -> None:
    posts = terms(type="counted_runs", min=4, max=60, step=1)
    for given_input in ({"runs": 5}, {"quantity": "5"}, {"runs": 5, "quantity": 5}):
        checked = good(posts, interval_minutes="60", **given_input)
        assert (checked.quantity, checked.runs, checked.interval_minutes) == (5, 5, 60)
        assert checked.amount_units == 5 * 10_500


@pytest.mark.parametrize(
    ("runs", "interval", "quantity", "expected"),
    [
        (5, None, None, {"interval_minutes": "field_missing"}),
        (5, 0, None, {"interval_minutes": "interval_out_of_range"}),
        (5, 43_201, None, {"interval_minutes": "interval_out_of_range"}),
        (5, "６", None, {"interval_minutes": "count_malformed"}),
        (60, 43_200, None, {"interval_minutes": "span_too_long"}),
        (3, 60, None, {"runs": "quantity_too_small"}),
        (61, 60, None, {"runs": "quantity_too_large"}),
        (5, 60, 6, {"quantity": "quantity_unlike"}),
        (None, None, None, {"runs": "field_missing", "interval_minutes": "field_missing"}),
        ("x", "y", None, {"runs": "count_malformed", "interval_minutes": "count_malformed"}),
    ],
)
def test_runs_that_do_not_fit_are_refused(
    runs: object, interval: object, quantity: object, expected: dict[str, str]
) -> None:
    posts = terms(type="counted_runs", min=4, max=60, step=1)
    assert refusals(posts, runs=runs, interval_minutes=interval, quantity=quantity) == expected


def test_without_a_link_there_must_be_a_file_or_a_brief() -> None:
    photos = terms(link_kinds=["upload", "site"], platform="any")
    assert good(photos, link="", quantity=5, has_files=True).link == NO_LINK
    assert good(photos, link=None, quantity=5, brief="white background").link == NO_LINK
    assert good(photos, link="example.com", quantity=5).link.kind == Kind.SITE
    assert refusals(photos, link="", quantity=5) == {"brief": "brief_or_file_needed"}


def test_one_order_can_not_cost_more_than_the_cap() -> None:
    dear = terms(price_units=MAX_ORDER_UNITS // 5, max=100)
    assert good(dear, quantity=5).amount_units == MAX_ORDER_UNITS
    assert refusals(dear, quantity=10) == {"quantity": "price_too_large"}


@given(quantity=st.integers(min_value=-10, max_value=200))
def test_a_quantity_is_taken_exactly_when_the_terms_allow_it(quantity: int) -> None:
    allowed = 5 <= quantity <= 100 and (quantity - 5) % 5 == 0
    try:
        assert check_quantity(terms(), quantity) == quantity
        assert amount_of(terms(), quantity) == 10_500 * quantity
        assert allowed
    except Refusal:
        assert not allowed


@given(link=st.text(max_size=60), brief=st.text(max_size=60), quantity=st.one_of(st.text(max_size=8), st.floats()))
def test_no_input_is_ever_a_fault_of_ours(link: str, brief: str, quantity: object) -> None:
    for kinds in (["profile"], ["upload", "site"], ["any"]):
        with suppress(Refusals):
            check_input(terms(link_kinds=kinds, platform="any"), link=link, brief=brief, quantity=quantity)
