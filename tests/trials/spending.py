"""What the processes of the trial of one balance do. Run by the crowd, so nothing here knows pytest.

Every process spends the same customer's Credits: it places, cancels and asks for refunds, or accepts, delivers and
breaks off orders like a worker. It tells what it was answered; the trial compares that with what is in the database.
"""

import random
import time
from datetime import timedelta
from typing import Any

from smmatic.accounts.queries import person
from smmatic.accounts.rules import Role
from smmatic.catalogue.queries import service_by_code
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.database import fetch_all
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.actions import OrderRequest, accept_due, place
from smmatic.orders.queries import orders_by_id
from smmatic.orders.steps import PROVIDER
from smmatic.refunds.actions import cancel, end_order, request_refund
from smmatic.refunds.queries import claims_of, review_queue
from smmatic.refunds.review_actions import approve, correct_delivered, decide, set_claim
from smmatic.refunds.situations import ClaimInput
from tests.builders import ADS_ACCOUNT, atomic, change, give, new_key
from tests.builders import person as person_of

REASONS = ("not_delivered", "platform_error", "not_as_expected", "not_started", "changed_mind")
PAUSE = 0.02
"""Seconds that a worker or the desk rests where there is nothing to do."""

FAULT = ClaimInput("fulfilment_fault", "verified", "provider", "our machine broke")


class Told:
    """What one process was answered, by what it did."""

    def __init__(self) -> None:
        self.placed: list[tuple[int, int]] = []
        self.cancelled: list[tuple[int, int]] = []
        self.given: list[int] = []
        self.refusals: dict[str, int] = {}

    def refused(self, refusal: Refusal) -> None:
        self.refusals[refusal.code.value] = self.refusals.get(refusal.code.value, 0) + 1


def client(customer_id: int, seed: int, rounds: int) -> dict[str, Any]:
    """A process of the customer's."""
    draw, told = random.Random(seed), Told()
    who, service = person(customer_id), service_by_code("TT-ADS")
    assert who is not None
    assert service is not None
    for _ in range(rounds):
        chance = draw.random()
        try:
            if chance < 0.5 or not told.placed:
                request = OrderRequest(
                    service.id, quantity=draw.randint(50, 90), link=ADS_ACCOUNT, start_now=draw.random() < 0.6
                )
                done = place(who, request, key=new_key(), channel="api")
                told.placed.append((done.order_id, done.charged))
            elif chance < 0.7:
                number = _one(customer_id, draw, ("pending",)) or draw.choice(told.placed)[0]
                key = new_key() if draw.random() < 0.5 else None
                told.cancelled.append((number, cancel(who, number, key=key).units_back))
            elif chance < 0.97:
                number = _one(customer_id, draw, ("completed", "partial", "in_progress")) or told.placed[-1][0]
                request_refund(who, number, reason_code=draw.choice(REASONS), words="It broke.", key=new_key())
            else:
                units = draw.randint(1, 20) * UNITS // 3
                give(who, units, "bonus", expires_at=now() + timedelta(seconds=draw.choice((0.3, 3600))))
                told.given.append(units)
        except Refusal as refusal:
            told.refused(refusal)
    return vars(told)


def worker(customer_id: int, seed: int, rounds: int) -> dict[str, Any]:
    """A process that accepts what is due, begins it, and ends it in every way that a provider can."""
    draw, told = random.Random(seed), Told()
    for _ in _looks(rounds):
        for number in accept_due(3):
            with atomic():
                change(number, ("processing",), delivered=draw.randint(0, 30))
        number = _one(customer_id, draw, ("processing", "in_progress"))
        if number is None:
            time.sleep(PAUSE)
            continue
        row = orders_by_id([number])[number]
        to_status = draw.choice(("completed", "partial", "failed"))
        delivered = {"completed": row.quantity, "partial": max(1, row.delivered), "failed": 0}[to_status]
        try:
            end_order(number, to_status, actor=PROVIDER, delivered=delivered, claims=draw.choice([(), (FAULT,)]))
        except Refusal as refusal:
            told.refused(refusal)
    return vars(told)


def reviewer(customer_id: int, seed: int, rounds: int) -> dict[str, Any]:
    """Two people at the desk who check what customers claim, decide, and approve what is above the limit."""
    draw, told = random.Random(seed), Told()
    agent, second = person_of(Role.AGENT), person_of(Role.APPROVER)
    for _ in _looks(rounds):
        cases = [case for case in review_queue() if case.customer_id == customer_id]
        if not cases:
            time.sleep(PAUSE)
            continue
        case = draw.choice(cases)
        try:
            if case.state == "approved":
                approve(second, case.id, version=case.version)
                continue
            for claim, state in claims_of(case.order_id).items():
                if state.proof == "alleged":
                    proof = draw.choice(("verified", "refuted"))
                    case = set_claim(agent, case.id, claim=claim, proof=proof, evidence="Seen.", version=case.version)
            found = draw.randint(0, orders_by_id([case.order_id])[case.order_id].delivered)
            case = correct_delivered(agent, case.id, delivered=found, evidence="Counted.", version=case.version)
            decide(agent, case.id, version=case.version)
        except Refusal as refusal:
            told.refused(refusal)
    return vars(told)


def _looks(rounds: int) -> range:
    """Workers and the desk look as long as customers may still be at it."""
    return range(rounds * 4)


def _one(customer_id: int, draw: random.Random, statuses: tuple[str, ...]) -> int | None:
    rows = fetch_all(
        "SELECT id FROM orders_order WHERE customer_id = %s AND status = ANY (%s) ORDER BY id DESC LIMIT 12",
        [customer_id, list(statuses)],
    )
    return draw.choice(rows)["id"] if rows else None


EXPECTED = {
    RefusalCode.NOT_ENOUGH_CREDITS, RefusalCode.ORDER_ACCEPTED, RefusalCode.ORDER_ENDED, RefusalCode.ORDER_STATUS,
    RefusalCode.CASE_OPEN, RefusalCode.NOTHING_TO_REFUND, RefusalCode.CASE_STALE, RefusalCode.CASE_CLOSED,
    RefusalCode.UNITS_OUT_OF_RANGE,
}  # fmt: skip
"""What a process may be refused with in this trial."""
