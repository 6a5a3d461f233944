"""4.2: what may come of a stop is one plan: whoever asks, sees or carries it out reads the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from smmatic.kernel.refusals import RefusalCode
from smmatic.orders.queries import OrderRow
from smmatic.refunds.stop_rules import as_stopped, plan_stop, stop_refusal

NOW = datetime(2026, 11, 28, 10, tzinfo=UTC)


def order(**columns):
    nothing = dict.fromkeys(OrderRow.__dataclass_fields__)
    known = {
        "id": 1, "status": "in_progress", "quantity": 100, "delivered": 40, "amount": 1_050_000, "stop_status": "",
        "terms": {"stop_rule": "request"}, "placed_at": NOW,
    }  # fmt: skip
    return OrderRow(**(nothing | known | columns))


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"status": "completed"}, RefusalCode.ORDER_ENDED),
        ({"status": "pending"}, RefusalCode.ORDER_STATUS),
        ({"unknown_since": NOW}, RefusalCode.OUTCOME_UNKNOWN),
        ({"terms": {"stop_rule": "none"}}, RefusalCode.STOP_NOT_OFFERED),
        ({"stop_status": "asked"}, RefusalCode.STOP_ASKED_ALREADY),
    ],
)
def test_each_guard_alone_says_no(columns, code):
    assert stop_refusal(order()) is None
    refusal = stop_refusal(order(**columns))
    assert refusal.code == code
    assert refusal.sentence
    assert refusal.next_step


@pytest.mark.parametrize("before", ["refused", "too_late", "unknown"])
def test_after_an_answer_that_ended_nothing_it_can_be_asked_again(before):
    assert stop_refusal(order(stop_status=before)) is None


def test_the_deadline_counts_from_asking_and_the_order_is_looked_at_as_it_would_end():
    plan = plan_stop(order(), 12, NOW, None)
    assert (plan.answer_by, plan.delivered, plan.ordered, plan.units_now) == (NOW + timedelta(hours=12), 40, 100, 0)
    assert as_stopped(order(), NOW).status == "partial"
    assert as_stopped(order(delivered=0), NOW).status == "cancelled"
    assert replace(as_stopped(order(), NOW), status="in_progress", stop_status="", ended_at=None) == order()
