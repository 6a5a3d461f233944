"""Dong and Credits are counted exactly, and a reference is found in a bank's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smmatic.deposits.rules import (
    MAX_MONEY,
    MAX_UNITS,
    MIN_UNITS,
    check_money,
    check_units,
    money_for,
    reference_in,
    units_for,
)
from smmatic.kernel.refusals import Refusal


def test_credits_cost_their_price() -> None:
    assert money_for(1_000_000, 25_000) == 2_500_000
    assert money_for(125_000, 25_000) == 312_500
    assert money_for(10_001, 25_000) == 25_003  # half a dong is rounded up
    assert units_for(2_500_000, 25_000) == 1_000_000


@given(money=st.integers(1, MAX_MONEY), price=st.integers(1, 10**7))
def test_received_money_is_never_worth_more_than_it_pays_for(money: int, price: int) -> None:
    units = units_for(money, price)
    assert units * price <= money * 10_000 < (units + 1) * price


@pytest.mark.parametrize("units", [MIN_UNITS, MAX_UNITS])
def test_the_bounds_are_allowed(units: int) -> None:
    assert check_units(units) == units


@pytest.mark.parametrize(
    ("units", "code"),
    [
        (MIN_UNITS - 1, "deposit_range"),
        (MAX_UNITS + 1, "deposit_range"),
        (0, "deposit_range"),
        (-MIN_UNITS, "deposit_range"),
        (True, "amount_malformed"),
        (1.5, "amount_malformed"),
        ("10000", "amount_malformed"),
        (None, "amount_malformed"),
    ],
)
def test_other_amounts_are_refused(units: object, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_units(units)
    assert refused.value.code == code


@pytest.mark.parametrize("money", ["2500000", 2_500_000])
def test_received_money_is_a_whole_number(money: object) -> None:
    assert check_money(money) == 2_500_000


@pytest.mark.parametrize(
    "money", [0, -1, "", "2.500.000", "2,5", "1e6", "２５００", "1_000", True, 2.5, None, MAX_MONEY + 1, "9" * 15]
)
def test_other_money_is_refused(money: object) -> None:
    with pytest.raises(Refusal) as refused:
        check_money(money)
    assert (refused.value.code, refused.value.field) == ("money_malformed", "received")


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("SMM-7F3K2P", "SMM-7F3K2P"),
        ("smm7f3k2p chuyen tien", "SMM-7F3K2P"),
        ("CK SMM 7F3 K2P tu NGUYEN VAN A", "SMM-7F3K2P"),
        ("chuyen tien", None),
        ("SMM-0O1IL0", None),
        ("", None),
    ],
)
def test_a_reference_is_found_in_the_text_of_a_transfer(text: str, reference: str | None) -> None:
    assert reference_in(text) == reference
