"""The demo's own checks can fail: a way out, a wrong due date, an accident in a step."""

from datetime import UTC, datetime

import pytest

from smmatic.credits.models import KINDS
from smmatic.ops.demo_client import Differs
from smmatic.ops.demo_story import state_due, way_out


def test_every_kind_stays_inside():
    assert {kind: way_out(*buckets) for kind, buckets in KINDS.items()} == dict.fromkeys(KINDS, "")


@pytest.mark.parametrize(
    ("debit", "credit", "found"),
    [("available", "cash", "cash"), ("card", "available", "card"), ("revenue", "refunds", "refunds, revenue")],
)
def test_a_way_out_is_found(debit, credit, found):
    assert way_out(debit, credit) == found


def test_the_promised_date_is_checked_exactly():
    friday = datetime(2026, 11, 20, 3, tzinfo=UTC)  # 10:00 in Vietnam, before the cut-off
    state_due("2026-11-23T18:00:00+07:00", friday, friday, business_days=1)
    state_due("2026-11-23T11:00:00Z", friday, friday, business_days=1)
    for wrong in ("2026-11-24T18:00:00+07:00", "2026-11-23T18:00:01+07:00", "2026-11-21T18:00:00+07:00"):
        with pytest.raises(Differs, match="2026-11-23"):
            state_due(wrong, friday, friday, business_days=1)
