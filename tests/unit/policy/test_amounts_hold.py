"""For any order under any shipped policy: never above the charge, never for delivered units, less after more delivery."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from smmatic.policy.arithmetic import refundable_units
from smmatic.policy.compiler import IMPOSSIBLE, compile_policy
from smmatic.policy.document import SHIPPED_FILE, load_policy

FILES = sorted(SHIPPED_FILE.parent.glob("*.toml"))


@cache
def compiled(index):
    return compile_policy(load_policy(FILES[index].read_text(encoding="utf-8")))


def bucket(delivered, ordered):
    return "none" if delivered == 0 else "all" if delivered == ordered else "part"


@settings(deadline=None)
@given(
    st.integers(0, len(FILES) - 1),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 10**13),
    st.integers(1, 10**6),
    st.data(),
)
def test_an_approved_amount_is_bounded_and_falls_with_delivery(index, where, charge, ordered, data):
    policy = compiled(index)
    facts = policy.space.facts(int(where * policy.space.size))
    less = data.draw(st.integers(0, ordered))
    more = data.draw(st.integers(less, ordered))
    given_back = []
    for delivered in (less, more):
        cell = policy.cell({**facts, "delivered": bucket(delivered, ordered)})
        if policy.table[cell] == IMPOSSIBLE:
            return
        outcome = policy.outcome_of(cell)
        if outcome.decision == "review":
            return
        share = policy.document.share(outcome.credits)
        units = refundable_units(charge, delivered, ordered, 0, 0, share)
        assert 0 <= units <= charge
        if share.of == "undelivered":
            assert units <= charge - charge * delivered // ordered
        given_back.append(units)
    assert given_back[1] <= given_back[0]
