"""Cancel against acceptance at the same moment: exactly one wins each time, and the money follows the winner."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import connection

from smmatic.accounts.queries import Person
from smmatic.credits.queries import charge
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders import steps as order_steps
from smmatic.orders.actions import accept_due
from smmatic.orders.queries import order as read_order
from smmatic.refunds.actions import cancel
from tests.builders import customer, placed, reread
from tests.sandboxes import park

pytestmark = pytest.mark.django_db
ROUNDS = 500
SEED = 20261123


@dataclass
class Outcome:
    """One round: what each side was told, and what is in the database."""

    cancelled: bool
    refusal: Refusal | None
    accepted: bool
    status: str
    returned: int
    amount: int


def broken(round_: Outcome) -> str:
    """What is wrong with a round, or ''."""
    if round_.cancelled == round_.accepted:
        return f"cancel {round_.cancelled}, acceptance {round_.accepted}"
    if round_.cancelled and (round_.status != "cancelled" or round_.returned != round_.amount):
        return f"cancelled, and the order is {round_.status} with {round_.returned} of {round_.amount} back"
    if round_.accepted and (round_.status != "processing" or round_.returned != 0):
        return f"accepted, and the order is {round_.status} with {round_.returned} of {round_.amount} back"
    if round_.accepted and (round_.refusal is None or round_.refusal.clause != "4.2"):
        return f"accepted, and cancelling was answered with {round_.refusal}"
    return ""


def race(who: Person, rounds: int, *, until: Callable[[Outcome], bool] = lambda _: False) -> list[Outcome]:
    """Lets a cancel and a worker's acceptance meet on one order after the other, in two real threads."""
    park()
    draw = random.Random(SEED)
    start, end = threading.Barrier(2, timeout=60), threading.Barrier(2, timeout=60)
    jobs: list[tuple[int, float] | None] = [None]
    accepted: list[bool] = [False]

    def accept() -> None:
        try:
            while True:
                start.wait()
                job = jobs[0]
                if job is None:
                    return
                time.sleep(max(0.0, job[1]))
                accepted[0] = job[0] in accept_due()
                end.wait()
        finally:
            connection.close()

    thread = threading.Thread(target=accept)
    thread.start()
    outcomes: list[Outcome] = []
    lead = 0.0
    try:
        for _ in range(rounds):
            order = placed(who, start_now=True, quantity=50)
            jobs[0] = (order.id, max(0.0, lead) * draw.uniform(0.5, 1.5))
            refusal: Refusal | None = None
            start.wait()
            try:
                time.sleep(max(0.0, -lead) * draw.uniform(0.5, 1.5))
                cancel(who, order.id)
            except Refusal as said:
                refusal = said
            end.wait()
            now = reread(order.id)
            found = charge(order.id)
            assert found is not None
            outcomes.append(Outcome(refusal is None, refusal, accepted[0], now.status, found.returned, now.amount))
            lead += -0.0002 if outcomes[-1].cancelled else 0.0002
            if until(outcomes[-1]):
                break
    finally:
        jobs[0] = None
        start.wait()
        thread.join()
    return outcomes


def test_cancel_against_acceptance() -> None:
    outcomes = race(customer(100_000), ROUNDS)
    assert [fault for fault in map(broken, outcomes) if fault] == []
    assert len(outcomes) == ROUNDS
    wins = sum(outcome.cancelled for outcome in outcomes)
    assert ROUNDS / 10 <= wins <= ROUNDS * 9 / 10, f"no race: cancel won {wins} of {ROUNDS}"
    refusals = {outcome.refusal.code for outcome in outcomes if outcome.refusal}
    assert refusals == {RefusalCode.ORDER_ACCEPTED}


def test_control_a_cancel_that_does_not_lock_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded bug: cancelling trusts what it read instead of the row that it changed."""
    real = order_steps.move

    def trusting(*arguments: object, **named: object) -> bool:
        real(*arguments, **named)  # type: ignore[arg-type]
        return True

    monkeypatch.setattr(order_steps, "lock_order", read_order)
    monkeypatch.setattr(order_steps, "move", trusting)
    outcomes = race(customer(100_000), ROUNDS, until=lambda outcome: bool(broken(outcome)))
    assert any(broken(outcome) for outcome in outcomes), "the seeded bug went through"
