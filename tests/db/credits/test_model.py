"""The ledger against a plain model of it: any order of bookings gives the same balances, grants, charges and statement."""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from smmatic.credits.proof import prove_account
from smmatic.credits.queries import charge, statement, wallet
from smmatic.credits.rules import Posting
from smmatic.credits.statements import statement_of
from smmatic.credits.steps import post
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal
from tests.builders import customer, new_key

pytestmark = pytest.mark.django_db
_orders = iter(range(-10_000_000, 0))


@dataclass
class Charge:
    """An order of the model."""

    amount: int
    captured: int = 0
    released: int = 0
    refunded: int = 0


@dataclass
class Model:
    """A ledger of plain numbers."""

    available: int = 0
    held: int = 0
    disputed: int = 0
    debt: int = 0
    charges: dict[int, Charge] = field(default_factory=dict)
    moves: int = 0

    def comes_in(self, units: int, *, pays: bool = True) -> None:
        self.available += units
        self.moves += 1
        paid = min(self.debt, self.available) if pays else 0
        if paid:
            self.available -= paid
            self.debt -= paid
            self.moves += 1


UNITS = st.integers(1, 1000)


class Ledger(RuleBasedStateMachine):
    """Bookings of one customer in any order, each done to the ledger and to the model."""

    orders = Bundle("orders")

    @initialize()
    def begin(self):
        self.who = customer(0)
        self.model = Model()
        self.disputes = 0
        assert self.book(("deposit", 1, None, None)) is None
        self.model.comes_in(1)

    def book(self, *postings):
        made = [
            Posting(self.who.id, kind, units, new_key(), "test", order_id=order, deposit_id=deposit)
            for kind, units, order, deposit in postings
        ]
        try:
            with atomic():
                post(made)
        except Refusal as refusal:
            return refusal.code.value
        return None

    @rule(units=UNITS, kind=st.sampled_from(["deposit", "bonus", "goodwill", "adjust_up"]))
    def gives(self, units, kind):
        assert self.book((kind, units, None, None)) is None
        self.model.comes_in(units, pays=kind in ("deposit", "adjust_up"))

    @rule(units=UNITS)
    def takes(self, units):
        done = self.book(("adjust_down", units, None, None))
        if units > self.model.available:
            assert done == "not_enough_credits"
        else:
            assert done is None
            self.model.available -= units
            self.model.moves += 1

    @rule(target=orders, units=UNITS)
    def places(self, units):
        order = next(_orders)
        done = self.book(("hold", units, order, None))
        if self.model.debt:
            assert done == "account_in_debt"
        elif units > self.model.available:
            assert done == "not_enough_credits"
        else:
            assert done is None
            self.model.available -= units
            self.model.held += units
            self.model.charges[order] = Charge(units)
            self.model.moves += 1
        return order

    @rule(order=orders, units=UNITS, kind=st.sampled_from(["capture", "release"]))
    def settles(self, order, units, kind):
        known = self.model.charges.get(order)
        if known is None:
            return
        done = self.book((kind, units, order, None))
        if units > known.amount - known.captured - known.released:
            assert done == "refund_above_charge"
            return
        assert done is None
        self.model.held -= units
        if kind == "capture":
            known.captured += units
            self.model.moves += 1
        else:
            known.released += units
            self.model.comes_in(units)

    @rule(order=orders, units=UNITS)
    def refunds(self, order, units):
        known = self.model.charges.get(order)
        if known is None:
            return
        done = self.book(("refund", units, order, None))
        if units > known.captured - known.refunded:
            assert done == "refund_above_charge"
            return
        assert done is None
        known.refunded += units
        self.model.comes_in(units)

    @rule(units=UNITS, removed=st.booleans(), more=UNITS)
    def disputes_a_deposit(self, units, removed, more):
        self.disputes += 1
        frozen = min(units, self.model.available)
        steps = [("dispute_freeze", frozen)] if frozen else []
        if removed:
            steps += [("dispute_remove", frozen)] if frozen else []
            steps += [("dispute_debt", more)]
        elif frozen:
            steps += [("dispute_restore", frozen)]
        if not steps:
            return
        assert self.book(*[(kind, amount, None, self.disputes) for kind, amount in steps]) is None
        self.model.moves += len(steps)
        if removed:
            self.model.available -= frozen
            self.model.debt += more
        elif frozen:
            self.model.moves -= 1
            self.model.available -= frozen
            self.model.comes_in(frozen)

    @rule(order=orders, units=UNITS, extra=UNITS)
    def books_in_bulk(self, order, units, extra):
        """A gift with a capture that may be too much: both or none."""
        known = self.model.charges.get(order)
        if known is None:
            return
        done = self.book(("bonus", extra, None, None), ("capture", units, order, None))
        if units > known.amount - known.captured - known.released:
            assert done == "refund_above_charge"
            return
        assert done is None
        self.model.comes_in(extra, pays=False)
        known.captured += units
        self.model.held -= units
        self.model.moves += 1

    @invariant()
    def the_ledger_is_the_model(self):
        if not hasattr(self, "who"):
            return
        has = wallet(self.who.id)
        model = self.model
        assert (has.available, has.held, has.disputed, has.debt) == (
            model.available,
            model.held,
            model.disputed,
            model.debt,
        )
        assert sum(row.remaining for row in has.grants) == model.available
        assert has.version == model.moves

    def teardown(self):
        if not hasattr(self, "who"):
            return
        for order, known in self.model.charges.items():
            row = charge(order)
            assert (row.amount, row.captured, row.released, row.refunded) == (
                known.amount, known.captured, known.released, known.refunded,
            )  # fmt: skip
        assert prove_account(self.who.id)[1] == []
        whole = statement_of(self.who.id)
        assert len(whole.rows) == self.model.moves
        assert whole.closing.available == self.model.available
        assert len(statement(self.who.id, limit=500)) == min(500, self.model.moves)


def test_any_order_of_bookings_gives_what_the_model_says():
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck),
            derandomize=True, database=None,
        ),
    )  # fmt: skip


def test_the_model_would_find_a_ledger_that_forgets_a_debt(monkeypatch):
    """Control: with a rule of the model seeded wrong the machine finds a difference."""
    monkeypatch.setattr(
        Model, "comes_in", lambda self, units, pays=True: setattr(self, "available", self.available + units)
    )
    with pytest.raises(AssertionError):
        test_any_order_of_bookings_gives_what_the_model_says()
