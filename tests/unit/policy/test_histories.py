"""Over whole histories of an order, under every shipped policy and whatever its own facts are: refunds never exceed the
charge, delivered units are never paid back, and had more been delivered, no request would have given more.

A history is worked through by the very plan that previews show and actions carry out; only the database is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from unittest import mock

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from smmatic.credits.rows import ChargeRow
from smmatic.orders.rows import OrderRow
from smmatic.policy.arithmetic import work_out
from smmatic.policy.compiler import ImpossibleFacts, compile_policy
from smmatic.policy.document import SHIPPED_FILE, load_policy_file
from smmatic.refunds import rules
from smmatic.refunds.rules import ClaimState, Plan, make_plan

FILES = sorted(SHIPPED_FILE.parent.glob("*.toml"))
PLACED = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
CLAIMS = ("platform_fault", "fulfilment_fault", "wrong_information", "third_party_violation")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.none()),
        st.tuples(st.just("deliver"), st.floats(0, 1)),
        st.tuples(st.just("unknown"), st.booleans()),
        st.tuples(st.just("claim"), st.tuples(st.sampled_from(CLAIMS), st.sampled_from(("alleged", "verified", "refuted")))),
        st.tuples(st.just("expected_more"), st.none()),
        st.tuples(st.just("ask"), st.sampled_from(("cancel", "refund"))),
        st.tuples(st.just("stop"), st.none()),
        st.tuples(st.just("end"), st.sampled_from(("completed", "partial", "failed", "rejected"))),
        st.tuples(st.just("review"), st.booleans()),
        st.tuples(st.just("correct"), st.floats(0, 1)),
    ),
    min_size=1,
    max_size=9,
)  # fmt: skip


@cache
def compiled(index: int):
    return compile_policy(load_policy_file(FILES[index]))


@dataclass
class History:
    """One order with its charge and claims, and what waits for a person."""

    policy: object
    order: OrderRow
    charge: ChargeRow
    claims: dict[str, ClaimState]
    own: Mapping[str, str]
    more: float
    waiting: str = ""

    def plan(self, ask: str, *, reviewed: bool = False, delivered: int | None = None) -> Plan | None:
        """The plan for what is asked, None where the facts cannot be; `delivered` as if so much had been."""
        order = self.order if delivered is None else replace(self.order, delivered=delivered)
        try:
            return make_plan(self.policy, order, self.charge, self.claims, ask, reviewed=reviewed, own=self.own)
        except ImpossibleFacts:
            return None

    def ask(self, ask: str, *, reviewed: bool = False) -> None:
        """Carries out the plan, unless a person has to look."""
        plan = self.plan(ask, reviewed=reviewed)
        if plan is None:
            return
        self.check_monotone(plan, ask, reviewed)
        if plan.review:
            assert not reviewed, "a review ends"
            assert (plan.units_back, plan.capture, plan.forfeit) == (0, 0, 0)
            self.waiting = ask
            return
        self.waiting = ""
        self.carry_out(plan)

    def check_monotone(self, plan: Plan, ask: str, reviewed: bool) -> None:
        """Had more been delivered, this would give no more; a review gives anything up to the undelivered part."""
        more = self.order.delivered + round((self.order.quantity - self.order.delivered) * self.more)
        other = self.plan(ask, reviewed=reviewed, delivered=more)
        if other is not None and not plan.review and not other.review:
            assert other.units_back <= plan.units_back

    def carry_out(self, plan: Plan) -> None:
        """Books a plan as the ledger does, and moves the order."""
        assert plan.units_back == plan.release + plan.refund
        assert min(plan.release, plan.refund, plan.capture, plan.forfeit) >= 0
        charge = self.charge
        self.charge = replace(
            charge,
            released=charge.released + plan.release,
            refunded=charge.refunded + plan.refund,
            captured=charge.captured + plan.capture + plan.forfeit,
            forfeited=charge.forfeited + plan.forfeit,
        )
        if plan.outcome.order == "cancel":
            self.order = replace(self.order, status="cancelled")
        elif plan.outcome.order == "stop" and self.order.live:
            self.order = replace(self.order, status="partial" if self.order.delivered else "failed")
        if plan.approved:
            worth = charge.amount * self.order.delivered // self.order.quantity
            assert self.charge.returned <= charge.amount - worth, "delivered units are paid back"

    def step(self, name: str, value: object) -> None:
        """One thing that happens to an order."""
        order = self.order
        if name == "begin" and order.status == "pending":
            self.order = replace(order, status="in_progress", started_at=PLACED)
        elif name == "deliver" and order.status == "in_progress":
            self.order = replace(order, delivered=max(order.delivered, round(order.quantity * value)))
        elif name == "unknown" and order.status == "in_progress":
            self.order = replace(order, unknown_since=PLACED if value else None)
        elif name == "claim":
            self.claims[value[0]] = ClaimState(value[0], value[1], "staff", 1, "seen")
        elif name == "expected_more":
            self.claims["expectations"] = ClaimState("expectations", "claimed", "customer", 1, "")
        elif name == "ask" and not self.waiting:
            self.ask(value)
        elif name == "stop" and order.status == "in_progress":
            ended = "partial" if order.delivered else "cancelled"
            self.order = replace(order, status=ended, stop_status="confirmed", unknown_since=None)
            self.ask("none")
        elif name == "end" and order.live and (value != "rejected" or not order.delivered):
            delivered = order.quantity if value == "completed" else order.delivered
            self.order = replace(order, status=value, delivered=delivered, unknown_since=None)
            self.ask("none")
        elif name == "correct" and self.waiting and not order.live:
            self.order = replace(order, delivered=round(order.delivered * value))
        elif name == "review" and self.waiting and not order.unknown_since:
            for claim, state in list(self.claims.items()):
                if state.proof == "alleged":
                    self.claims[claim] = replace(state, proof="verified" if value else "refuted")
            self.ask(self.waiting, reviewed=True)

    def check(self) -> None:
        """What the constraints of the ledger say too."""
        charge = self.charge
        assert 0 <= charge.returned <= charge.amount
        assert charge.captured + charge.released <= charge.amount
        assert charge.refunded <= charge.captured
        assert charge.forfeited <= charge.captured


def an_order(quantity: int, units: int) -> OrderRow:
    fields = dict.fromkeys(OrderRow.__dataclass_fields__)
    known = {
        "id": 1, "quantity": quantity, "delivered": 0, "amount": units, "status": "pending", "placed_at": PLACED,
        "terms": {}, "stop_status": "", "start_now": False,
    }  # fmt: skip
    return OrderRow(**fields | known)


def histories(examples: int, *phases: Phase):
    """A test of one history after another; fails with the shortest that breaks a promise, or the first found."""

    @settings(max_examples=examples, deadline=None, database=None, derandomize=True, phases=phases or tuple(Phase))
    @given(
        st.integers(0, len(FILES) - 1), st.integers(1, 10**4), st.integers(0, 10**9), STEPS, st.floats(0, 1), st.data()
    )
    def one(index, quantity, units, steps, more, data):
        policy = compiled(index)
        own = {fact.id: data.draw(st.sampled_from(fact.value_ids)) for fact in policy.document.own_facts}
        charge = ChargeRow(1, 1, units, 0, 0, 0, 0)
        history = History(policy, an_order(quantity, units), charge, {}, own, more)
        for name, value in steps:
            history.step(name, value)
            history.check()

    return one


def test_no_history_gives_back_more_than_the_charge_or_what_was_delivered_or_more_after_more_delivery():
    histories(300)()


def forgets_what_went_back(charge, delivered, ordered, released, refunded, credits, share=None):
    return work_out(charge, delivered, ordered, 0, 0, credits, share)


def forgets_delivery(charge, delivered, ordered, released, refunded, credits, share=None):
    return work_out(charge, 0, ordered, released, refunded, credits, share)


def pays_for_delivery(charge, delivered, ordered, released, refunded, credits, share=None):
    return work_out(charge, min(ordered, ordered - delivered), ordered, released, refunded, credits, share)


@pytest.mark.parametrize("bug", [forgets_what_went_back, forgets_delivery, pays_for_delivery])
def test_control_a_wrong_amount_is_found(bug):
    with mock.patch.object(rules, "work_out", bug), pytest.raises((AssertionError, ValueError)):
        histories(600, Phase.generate)()
