"""Clause 1.3: refunded Credits can be spent on any other service at once; bonus comes back as bonus."""

from datetime import timedelta

import pytest

from smmatic.credits.queries import wallet
from smmatic.credits.rules import Posting
from smmatic.credits.steps import post
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.database import atomic, execute, fetch_all
from smmatic.refunds.actions import cancel
from tests.builders import customer, give, new_key, placed

pytestmark = pytest.mark.django_db


def test_a_cancelled_order_pays_another_service_in_the_same_second():
    who = customer(105)
    first = placed(who, "TT-ADS", 100)
    assert wallet(who.id).available == 0
    cancel(who, first.id)
    second = placed(who, "ANY-TRANS", 35, link="", brief="Translate the menu that I send you.")
    assert second.status == "pending"
    assert wallet(who.id).available == 0
    assert wallet(who.id).held == 105 * UNITS


def test_bonus_comes_back_as_bonus_with_its_own_expiry():
    who = customer(50)
    soon = now() + timedelta(days=3)
    give(who, 60 * UNITS, "bonus", expires_at=soon)
    made = placed(who, "TT-ADS", 100)
    assert wallet(who.id).bonus == 0, "bonus is spent first"
    cancel(who, made.id)
    grants = {grant.origin: grant for grant in wallet(who.id).grants}
    assert grants["bonus"].remaining == 60 * UNITS
    assert grants["bonus"].expires_at == soon
    assert grants["paid"].remaining == 50 * UNITS


def test_a_bonus_that_expired_meanwhile_comes_back_with_the_grace_of_the_policy():
    who = customer(50)
    give(who, 60 * UNITS, "bonus", expires_at=now() + timedelta(milliseconds=400))
    made = placed(who, "TT-ADS", 100)
    execute("SELECT pg_sleep(0.5)")
    cancel(who, made.id)
    bonus = next(grant for grant in wallet(who.id).grants if grant.origin == "bonus")
    assert bonus.remaining == 60 * UNITS
    assert bonus.expires_at is not None
    assert timedelta(days=13, hours=23) < bonus.expires_at - now() <= timedelta(days=14)


def test_expired_credits_can_be_neither_seen_nor_spent():
    who = customer(0)
    give(who, 60 * UNITS, "bonus", expires_at=now() + timedelta(milliseconds=300))
    execute("SELECT pg_sleep(0.4)")
    assert wallet(who.id).available == 0
    with atomic():
        post([Posting(who.id, "deposit", UNITS, new_key(), "test")])
    rows = fetch_all("SELECT kind, amount FROM credits_transfer WHERE account_id = %s ORDER BY version", [who.id])
    assert [(row["kind"], row["amount"]) for row in rows] == [
        ("bonus", 60 * UNITS), ("breakage", 60 * UNITS), ("deposit", UNITS),
    ]  # fmt: skip
