"""The ledger against a plain model of it: any order of bookings gives the same balances, grants, charges and statement.

What has failed is shrunk by Hypothesis and printed as a program; `replay` runs such a list of steps again.
"""

from copy import deepcopy
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from smmatic.credits.expiry_actions import expire_due
from smmatic.credits.proof import prove_account
from smmatic.credits.queries import charges, wallet
from smmatic.credits.rules import Posting
from smmatic.credits.statements import statement_of
from smmatic.credits.steps import post
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal
from tests.builders import customer, new_key
from tests.db.credits.ledger_model import Model

pytestmark = pytest.mark.django_db
_numbers = iter(range(-10_000_000, 0))
_FAR = datetime(2100, 1, 1, tzinfo=UTC)
"""Expiries of the machine: so far that only `time_passes` makes them come, each later than the one before."""

UNITS = st.integers(1, 1000)
KINDS = ("capture", "forfeit", "release", "refund", "bonus", "deposit", "adjust_up", "adjust_down", "hold")


class Ledger(RuleBasedStateMachine):
    """Bookings of one customer in any order, each done to the ledger and to the model."""

    orders = Bundle("orders")
    deposits = Bundle("deposits")
    owner = ""

    @initialize()
    def begin(self):
        self.who = customer(0)
        self.model = Model()
        self.book(("deposit", 1, {"deposit": next(_numbers), "key": "first"}))

    def book(self, *steps):
        """Books steps together in both; that they say the same, and which refusal, if one."""
        trial = deepcopy(self.model)
        trial.breaks()
        expected = None
        made = []
        for kind, units, fields in steps:
            key = fields.setdefault("key", new_key())
            expected = expected or trial.apply(kind, units, **fields)
            made.append(self.posting(kind, units, trial.expiries, **(fields | {"key": key})))
        try:
            with atomic():
                post(made)
            done = None
        except Refusal as refusal:
            done = refusal.code.value
        assert (done is None) == (expected is None), (done, expected)
        if len(steps) == 1:
            assert done == expected
        if done is None:
            self.model = trial
        return done

    def posting(self, kind, units, place, *, key, order=None, deposit=None, expires=False):
        life = (
            int((_FAR - now()).total_seconds()) + 1000 * place
            if kind in ("release", "refund", "dispute_restore")
            else None
        )
        return Posting(
            self.who.id, kind, units, key, "test", order_id=order, deposit_id=deposit,
            expires_at=_FAR + timedelta(seconds=1000 * place) if expires else None, grace_seconds=life,
        )  # fmt: skip

    @rule(target=deposits, units=UNITS)
    def buys(self, units):
        deposit = next(_numbers)
        self.book(("deposit", units, {"deposit": deposit, "key": f"deposit:{deposit}"}))
        return deposit

    @rule(units=UNITS, kind=st.sampled_from(["bonus", "goodwill", "adjust_up"]), expires=st.booleans())
    def gives(self, units, kind, expires):
        assert self.book((kind, units, {"expires": expires})) is None

    @rule(units=UNITS)
    def takes(self, units):
        self.book(("adjust_down", units, {}))

    @rule(target=orders, units=UNITS)
    def places(self, units):
        order = next(_numbers)
        self.book(("hold", units, {"order": order}))
        return order

    @rule(order=orders, units=UNITS, kind=st.sampled_from(["capture", "forfeit", "release", "refund"]))
    def settles(self, order, units, kind):
        if order in self.model.charges:
            self.book((kind, units, {"order": order}))

    @rule(deposit=deposits, units=UNITS, removed=st.booleans(), more=UNITS)
    def disputes(self, deposit, units, removed, more):
        if ("frozen", deposit) in self.model.slices:
            return
        frozen = min(units, self.model.shown)
        steps = [("dispute_freeze", frozen)] if frozen else []
        if removed:
            steps += [*([("dispute_remove", frozen)] if frozen else []), ("dispute_debt", more)]
        elif frozen:
            steps += [("dispute_restore", frozen)]
        if steps:
            assert self.book(*[(kind, amount, {"deposit": deposit}) for kind, amount in steps]) is None

    @rule(
        orders=st.lists(orders, min_size=1, max_size=4),
        steps=st.lists(st.tuples(st.sampled_from(KINDS), UNITS, st.integers(0, 3)), min_size=2, max_size=8),
    )
    def books_in_bulk(self, orders, steps):
        """Any bookings together: all of them or none."""
        made = []
        for kind, units, which in steps:
            order = orders[which % len(orders)]
            if kind == "hold":
                made.append((kind, units, {"order": next(_numbers)}))
            elif kind not in ("capture", "forfeit", "release", "refund"):
                made.append((kind, units, {"deposit": next(_numbers)} if kind == "deposit" else {}))
            elif order in self.model.charges:
                made.append((kind, units, {"order": order}))
        if made:
            self.book(*made)

    @rule(units=UNITS)
    def repeats_a_booking(self, units):
        key = new_key()
        assert self.book(("bonus", units, {"key": key})) is None
        assert self.book(("bonus", units, {"key": key})) == "posted_already"

    @rule()
    def time_passes(self):
        """Whatever expires has expired; the owner of the tables turns the clock."""
        with psycopg.connect(self.owner, autocommit=True) as owner:
            owner.execute(
                "WITH gone AS (UPDATE credits_grant SET expires_at = created_at"
                " WHERE account_id = %s AND expires_at > now() RETURNING account_id)"
                " UPDATE credits_account SET next_expiry = now() WHERE customer_id IN (SELECT account_id FROM gone)",
                [self.who.id],
            )
        self.model.time_passes()

    @rule()
    def the_sweeper_comes(self):
        while expire_due():
            pass
        self.model.breaks()

    @invariant()
    def the_ledger_is_the_model(self):
        if not hasattr(self, "who"):
            return
        has, model = wallet(self.who.id), self.model
        assert (has.available, has.held, has.disputed, has.debt) == (
            model.shown, model.balance["held"], model.balance["disputed"], model.balance["debt"],
        )  # fmt: skip
        assert sorted((row.origin, row.remaining) for row in has.grants) == sorted(model.live())
        assert has.version == len(model.lines)

    def teardown(self):
        if not hasattr(self, "who"):
            return
        stored = charges(list(self.model.charges))
        for order, known in self.model.charges.items():
            row = stored[order]
            assert (row.amount, row.captured, row.forfeited, row.released, row.refunded) == (
                known.amount, known.captured, known.forfeited, known.released, known.refunded,
            )  # fmt: skip
        assert prove_account(self.who.id)[1] == [], "the chain, made anew from the rows, is the stored one"
        lines = [
            (row.kind, row.amount, row.available_after, row.held_after, row.disputed_after, row.debt_after)
            for row in statement_of(self.who.id).rows
        ]
        assert lines == self.model.lines


def run(examples=15, steps=25, phases=tuple(Phase)):
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True,
            suppress_health_check=list(HealthCheck), derandomize=True, database=None, phases=phases,
        ),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _owner(database_addresses, monkeypatch):
    monkeypatch.setattr(Ledger, "owner", database_addresses.owner)


def test_any_order_of_bookings_gives_what_the_model_says():
    run()


SEEDED = {
    "forgets a debt": ("_line", lambda old: lambda self, kind, units: kind != "debt_repay" and old(self, kind, units)),
    "gives expired Credits back": ("breaks", lambda _old: lambda self: None),
    "spends paid Credits before presents": ("SPENT_LAST", lambda _old: "bonus"),
}  # fmt: skip


@pytest.mark.parametrize("fault", SEEDED)
def test_the_machine_finds_a_seeded_difference(fault, monkeypatch):
    """Control: with a rule of the model seeded wrong the machine finds it."""
    name, wrong = SEEDED[fault]
    monkeypatch.setattr(Model, name, wrong(getattr(Model, name)))
    with pytest.raises(AssertionError):
        run(examples=200, steps=40, phases=(Phase.generate,))


def test_a_shrunk_failure_replays():
    """What Hypothesis prints of a failure is a program: its steps, one after the other, on a machine of their own."""
    machine = Ledger()
    machine.begin()
    deposit = machine.buys(units=500)
    machine.gives(units=100, kind="bonus", expires=True)
    order = machine.places(units=300)
    machine.settles(order=order, units=120, kind="capture")
    machine.time_passes()
    machine.settles(order=order, units=180, kind="release")
    machine.disputes(deposit=deposit, units=400, removed=True, more=90)
    machine.books_in_bulk(orders=[order], steps=[("refund", 50, 0), ("refund", 70, 0), ("adjust_up", 10, 0)])
    machine.the_ledger_is_the_model()
    machine.teardown()
