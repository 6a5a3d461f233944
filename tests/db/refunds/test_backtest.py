"""A back-test judges the recorded cases in the database, to the unit as the policy itself would."""

from datetime import UTC, datetime, timedelta

import pytest

from smmatic.kernel.clock import now
from smmatic.policy.arithmetic import refundable_units
from smmatic.policy.compiler import ImpossibleFacts, UnknownFacts, compile_policy
from smmatic.policy.document import SHIPPED_FILE, load_policy
from smmatic.policy.queries import current_policy
from smmatic.refunds.actions import cancel, end_order, request_refund
from smmatic.refunds.backtest import backtest
from smmatic.refunds.models import Case
from smmatic.refunds.situations import ClaimInput
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


def test_a_version_with_facts_that_were_not_recorded_is_undecidable():
    since = some_cases()
    found = backtest(current_policy().compiled, OTHER, since=since)
    assert found.undecidable == found.cases == 5
    assert found.units_before == 0


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
