"""What the desk calls earned is paid for by delivered work, whatever a refund came from."""

import pytest
from django.db import transaction

from smmatic.credits.queries import takings
from smmatic.kernel.amounts import UNITS
from tests.builders import customer, give, placed

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("postings", "earned", "kept"),
    [
        ([("capture", 105)], 105, 0),
        ([("capture", 105), ("refund", 42)], 63, 0),
        ([("capture", 40), ("forfeit", 65)], 40, 65),
        ([("capture", 40), ("forfeit", 65), ("refund", 65)], 40, 0),
        ([("capture", 40), ("forfeit", 65), ("refund", 25)], 40, 40),
        ([("capture", 40), ("forfeit", 65), ("refund", 105)], 0, 0),
        ([("release", 65), ("capture", 40)], 40, 0),
        ([("release", 105)], 0, 0),
    ],
)
def test_a_refund_of_what_was_kept_takes_nothing_from_what_was_earned(postings, earned, kept):
    with transaction.atomic():
        who = customer(200)
        order = placed(who)
        before = takings()
        for kind, credits in postings:
            give(who, credits * UNITS, kind, order_id=order.id)
        after = takings()
        transaction.set_rollback(True)  # the orders are as pending as before: the proof would say so
    assert (after.earned - before.earned, after.kept - before.kept) == (earned * UNITS, kept * UNITS)
