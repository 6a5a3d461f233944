"""How much comes back: whole units, never above the charge, never for what was delivered, never a unit lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smmatic.policy.arithmetic import refundable_units, work_out

amounts = st.integers(0, 10**15)


@st.composite
def orders(draw):
    ordered = draw(st.integers(1, 10**9))
    return draw(amounts), draw(st.integers(0, ordered)), ordered


@pytest.mark.parametrize(
    ("charge", "delivered", "ordered", "released", "refunded", "credits", "back"),
    [
        (1_050_000, 40, 100, 0, 0, "undelivered", 630_000),
        (1_050_000, 0, 100, 0, 0, "undelivered", 1_050_000),
        (1_050_000, 100, 100, 0, 0, "undelivered", 0),
        (1_000_000, 5, 7, 0, 0, "undelivered", 285_715),
        (1_000_000, 5, 7, 285_715, 0, "undelivered", 0),
        (1_000_000, 0, 7, 0, 0, "all", 1_000_000),
        (1_000_000, 5, 7, 100_000, 50_000, "all", 850_000),
        (1_000_000, 0, 7, 0, 0, "none", 0),
        (0, 0, 1, 0, 0, "all", 0),
    ],
)
def test_an_amount_is_worked_out_to_the_unit(charge, delivered, ordered, released, refunded, credits, back):
    assert refundable_units(charge, delivered, ordered, released, refunded, credits) == back


@given(orders(), st.sampled_from(["all", "undelivered", "none"]))
def test_what_comes_back_is_never_above_the_charge(order, credits):
    charge, delivered, ordered = order
    assert 0 <= refundable_units(charge, delivered, ordered, 0, 0, credits) <= charge


@given(orders(), st.data())
def test_in_steps_or_at_once_the_same_comes_back_and_the_sum_never_exceeds_the_charge(order, data):
    charge, delivered, ordered = order
    whole = refundable_units(charge, delivered, ordered, 0, 0, "undelivered")
    released = data.draw(st.integers(0, whole))
    refunded = data.draw(st.integers(0, whole - released))
    rest = refundable_units(charge, delivered, ordered, released, refunded, "undelivered")
    assert released + refunded + rest == whole
    assert whole + charge * delivered // ordered == charge


@given(orders(), st.data())
def test_the_more_is_delivered_the_less_comes_back(order, data):
    charge, delivered, ordered = order
    more = data.draw(st.integers(delivered, ordered))
    less_back = refundable_units(charge, more, ordered, 0, 0, "undelivered")
    assert less_back <= refundable_units(charge, delivered, ordered, 0, 0, "undelivered")


@given(orders())
def test_delivered_units_are_never_refunded(order):
    charge, delivered, ordered = order
    assert refundable_units(charge, ordered, ordered, 0, 0, "undelivered") == 0
    assert charge - refundable_units(charge, delivered, ordered, 0, 0, "undelivered") >= charge * delivered // ordered


@pytest.mark.parametrize(
    "numbers",
    [
        (-1, 0, 1, 0, 0, "all"),
        (10, 2, 1, 0, 0, "undelivered"),
        (10, -1, 1, 0, 0, "undelivered"),
        (10, 0, 0, 0, 0, "undelivered"),
        (10, 0, 1, 6, 5, "all"),
        (10, 0, 1, -1, 0, "all"),
        (10, 0, 1, 0, 0, "cash"),
    ],
)
def test_numbers_that_no_order_has_are_refused(numbers):
    with pytest.raises(ValueError, match=r"order|nothing that can come back"):
        refundable_units(*numbers)


def test_the_numbers_behind_an_amount_are_kept_for_its_explanation():
    found = work_out(1_050_000, 40, 100, 0, 0, "undelivered")
    assert (found.charge, found.delivered, found.ordered, found.amount) == (1_050_000, 40, 100, 630_000)
