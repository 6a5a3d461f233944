"""A back-test judges the recorded cases in the database, to the unit as the policy itself would."""

import json
import random
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from smmatic.kernel.clock import now
from smmatic.policy.arithmetic import refundable_units
from smmatic.policy.compiler import ImpossibleFacts, UnknownFacts, compile_policy
from smmatic.policy.document import SHIPPED_FILE, load_policy
from smmatic.policy.facts import own_facts
from smmatic.policy.queries import current_policy
from smmatic.policy.vietnam import vietnam_calendar
from smmatic.refunds.actions import cancel, end_order, request_refund
from smmatic.refunds.backtest import backtest
from smmatic.refunds.models import Case
from smmatic.refunds.situations import ClaimInput, Situation
from tests.builders import SYSTEM, begun, customer, new_key, placed

pytestmark = pytest.mark.django_db
TEXT = SHIPPED_FILE.read_text(encoding="utf-8")
OTHER = compile_policy(load_policy((SHIPPED_FILE.parent / "sen_studio.toml").read_text(encoding="utf-8")))
ENDED = 'id = "2.1.ended"\nwhen = { stage = ["halted", "done"], fulfilment_fault = "verified" }\nthen = { decision = "approve", credits = "undelivered"'
DENIED = ENDED.replace('"approve", credits = "undelivered"', '"deny", credits = "none"')


def some_cases():
    """Cases of several kinds; the moment before the first."""
    since = now()
    who = customer(5000)
    cancel(who, placed(who).id)
    for delivered in (0, 33):
        end_order(begun(who, delivered=delivered).id, "partial" if delivered else "failed", actor=SYSTEM)
    fault = ClaimInput("fulfilment_fault", "verified", "staff", "seen")
    end_order(begun(who, delivered=7).id, "partial", actor=SYSTEM, claims=[fault])
    request_refund(who, begun(who).id, reason_code="not_as_expected", key=new_key())
    return since


def by_hand(compiled, since):
    """What the policy gives for each recorded case, one by one in Python."""
    cases = units = undecidable = impossible = 0
    for case in Case.objects.filter(opened_at__gte=since, cell__isnull=False).exclude(state="withdrawn"):
        cases += 1
        try:
            outcome = compiled.decide(case.facts)
        except UnknownFacts:
            undecidable += 1
            continue
        except ImpossibleFacts:
            impossible += 1
            continue
        numbers = case.arithmetic
        share = compiled.document.share(outcome.credits if outcome.decision == "approve" else "none")
        units += refundable_units(
            numbers["charge"], numbers["delivered"], numbers["ordered"], numbers["released"], numbers["refunded"], share
        )
    return cases, units, undecidable, impossible


def test_the_database_judges_as_the_policy_does():
    since = some_cases()
    current = current_policy().compiled
    after = compile_policy(load_policy(TEXT.replace(ENDED, DENIED)))
    found = backtest(current, after, since=since)
    assert found.cases == 5
    assert (found.undecidable, found.impossible) == (0, 0)
    assert (found.cases, found.units_before) == by_hand(current, since)[:2]
    assert (found.cases, found.units_after) == by_hand(after, since)[:2]
    assert found.changed == 1
    assert 0 < found.units_after < found.units_before
    rows = {row.clause: row for row in found.clauses}
    assert rows["2.1"].cases_before == rows["2.1"].cases_after == 1
    assert rows["2.1"].units_after - rows["2.1"].units_before == found.units_after - found.units_before
    assert rows["5.1"].cases_before == rows["5.1"].cases_after == 2
    assert sum(row.cases_before for row in found.clauses) == found.cases


def test_the_same_version_changes_nothing():
    since = some_cases()
    current = current_policy().compiled
    found = backtest(current, current, since=since)
    assert found.changed == 0
    assert found.units_before == found.units_after


def derived(compiled, case):
    """The facts of a recorded case under another version, from its raw facts, as Python works them out."""
    described = {
        name: datetime.fromisoformat(value) if name.endswith("_at") else value for name, value in case.described.items()
    }
    own = own_facts(compiled.document, described, described["asked_at"], vietnam_calendar())
    return {fact: own.get(fact, case.facts.get(fact)) for fact in compiled.space.names}


def by_derivation(compiled, since, until):
    """As `by_hand`, with a policy's own facts worked out again: cases by clause, and Credit units."""
    clauses, units = {}, 0
    for case in Case.objects.filter(opened_at__gte=since, opened_at__lte=until):
        outcome = compiled.decide(derived(compiled, case))
        clauses[outcome.clause] = clauses.get(outcome.clause, 0) + 1
        share = compiled.document.share(outcome.credits if outcome.decision == "approve" else "none")
        numbers = [case.arithmetic[name] for name in ("charge", "delivered", "ordered", "released", "refunded")]
        units += refundable_units(*numbers, share)
    return clauses, units


def same(found, compiled, since, until=datetime(2100, 1, 1, tzinfo=UTC)):
    clauses, units = by_derivation(compiled, since, until)
    assert found.undecidable == 0
    assert {row.clause: row.cases_after for row in found.clauses if row.cases_after} == clauses
    assert found.units_after == units


def test_another_shops_windows_types_and_sizes_are_worked_out_from_the_raw_facts():
    since = some_cases()
    found = backtest(current_policy().compiled, OTHER, since=since)
    assert found.cases == 5
    same(found, OTHER, since)


def test_a_case_whose_raw_facts_were_not_recorded_is_undecidable(monkeypatch):
    monkeypatch.setattr(Situation, "raw_facts", lambda self, moment: {})
    since = some_cases()
    found = backtest(current_policy().compiled, OTHER, since=since)
    assert found.undecidable == found.cases == 5
    assert found.units_before == 0
    assert backtest(current_policy().compiled, current_policy().compiled, since=since).undecidable == 0


LONG_AGO = datetime(2005, 1, 1, tzinfo=UTC)


@cache
def many_cases(number=400):
    """Cases of one order, recorded long ago, about moments all over a year, with all that an order can be."""
    chance, who = random.Random(5), customer(5000)
    order = placed(who)
    current = current_policy()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = []
    for _ in range(number):
        ended = start + timedelta(minutes=chance.randrange(60 * 24 * 300))
        facts = current.document.complete({"ask": "refund", "stage": chance.choice(["done", "halted", "begun"])})
        described = {
            "asked_at": (ended + timedelta(minutes=chance.randrange(60 * 24 * 20))).isoformat(),
            "calendar": order.calendar_version_id,
            "placed_at": (ended - timedelta(days=2)).isoformat(),
            "service.platform": chance.choice(["tiktok", "shopee", "lazada"]),
            "order.quantity": chance.choice([1, 499, 500, 10_000]),
            "order.start_now": chance.choice(["yes", "no"]),
        } | ({"ended_at": ended.isoformat()} if chance.random() < 0.9 else {})
        numbers = {"charge": chance.randrange(1, 10**9), "ordered": 9, "delivered": 0, "released": 0, "refunded": 0}
        rows.append(
            Case(order_id=order.id, customer_id=who.id, ask="refund", state="denied", service_class="top_up",
                 policy_version_id=current.id, opened_at=LONG_AGO, facts=facts, cell=current.compiled.cell(facts),
                 described=described, arithmetic=numbers, decision="deny", clause="3.1", credits="none")
        )  # fmt: skip
    Case.objects.bulk_create(rows)


SOURCES = {
    "hours": 'since = "ended_at"\nat_most = "100h"',
    "days": 'since = "ended_at"\nat_most = "5 days"',
    "business days": 'since = "ended_at"\nat_most = "4 business days"',
    "business hours": 'since = "ended_at"\nat_most = "33 business hours"',
    "since placing": 'since = "placed_at"\nat_most = "9 days"',
    "a threshold": 'attribute = "order.quantity"\nat_least = 500',
    "a choice": 'attribute = "order.start_now"',
}


@pytest.mark.parametrize("name", SOURCES)
def test_sql_works_out_a_fact_as_python_does(name):
    many_cases()
    fact = (
        f'[[fact]]\nid = "own"\ndefault = "no"\n{SOURCES[name]}\nname.en = "F"\nname.vi = "F"\n'
        'description.en = "F"\ndescription.vi = "F"\n'
        'values = [{ id = "no", en = "no", vi = "no" }, { id = "yes", en = "yes", vi = "yes" }]\n\n[[impossible]]\n'
    )
    rule = (
        '[[clause.rule]]\nid = "2.1.own"\nwhen = { stage = ["done", "halted"], own = "yes", delivered = "none" }\n'
        'then = { decision = "approve", credits = "all", order = "keep", due = "at_once" }\noverrides = ["3", "5"]\n'
        'because.en = "B."\nbecause.vi = "B."\n\n[[clause]]\nnumber = "2.2"\n'
    )
    text = TEXT.replace("[[impossible]]\n", fact, 1).replace('[[clause]]\nnumber = "2.2"\n', rule, 1)
    targets = ["2.1.ended", "2.1.nothing_proven", "2.3.ended", *(f"3.{n}" for n in range(1, 5)), "5.1"]
    text = text.replace('["3", "5"]', json.dumps(targets))
    text = text.replace("[units]\n", '[units]\nbusiness_hours.en = ["h"]\nbusiness_hours.vi = ["h"]\n', 1)
    after = compile_policy(load_policy(text))
    found = backtest(current_policy().compiled, after, since=LONG_AGO, until=LONG_AGO + timedelta(days=1))
    same(found, after, LONG_AGO, LONG_AGO)
    given = next(row.cases_after for row in found.clauses if row.clause == "2.1")
    assert 20 < given < found.cases - 20, "the fact is not always the same"


def test_a_version_with_fewer_facts_is_derived_again_from_the_raw_facts():
    since = some_cases()
    text = TEXT
    start = text.index('[[fact]]\nid = "expectations"')
    text = text[:start] + text[text.index('[[fact]]\nid = "reviewed"') :]
    start = text.index('[[clause]]\nnumber = "3.4"')
    text = text[:start] + text[text.index("[[section]]", start) :]
    text = text.replace(', "3.4"', "").replace('"3.4", ', "").replace(" (3.4)", "")
    for kind, name in (
        ("property", "complaining_never_hurts"),
        ("case", "below_expectations"),
        ("case", "below_expectations_and_defect"),
    ):
        start = text.index(f'[[{kind}]]\nid = "{name}"\n')
        end = text.find("\n[[", start + 5)
        text = (
            text[:start] + text[text.index("[", end) if "# --" not in text[start:end] else text.index("# --", start) :]
        )
    after = compile_policy(load_policy(text))
    assert "expectations" not in after.space.names
    found = backtest(current_policy().compiled, after, since=since)
    assert found.undecidable == 0
    assert (found.cases, found.units_after) == by_hand(after, since)[:2]
    assert any(pair.before.clause == "3.4" and pair.after.clause == "3.1" for pair in found.pairs)


def test_shares_of_its_own_are_summed_to_the_unit():
    since = some_cases()
    half = '[[share]]\nid = "most"\nof = "undelivered"\nreturns_percent = 83\nname.en = "most"\nname.vi = "phần lớn"\n\n[[section]]\nnumber = "1"\n'
    text = TEXT.replace('[[section]]\nnumber = "1"\n', half, 1)
    text = text.replace(ENDED, ENDED.replace("undelivered", "most"))
    after = compile_policy(load_policy(text))
    found = backtest(current_policy().compiled, after, since=since)
    assert (found.cases, found.units_after) == by_hand(after, since)[:2]


def test_no_case_is_no_error():
    found = backtest(current_policy().compiled, OTHER, since=datetime(2100, 1, 1, tzinfo=UTC) + timedelta(days=1))
    assert (found.cases, found.clauses) == (0, ())
