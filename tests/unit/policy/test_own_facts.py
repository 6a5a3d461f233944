"""What a policy declares of its own: windows, attributes and thresholds as facts, shares, and promised times."""

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smmatic.policy.arithmetic import refundable_units
from smmatic.policy.document import PolicyDocument, load_policy
from smmatic.policy.facts import own_facts
from smmatic.policy.promises import promised, promised_at
from smmatic.policy.prover import check_text
from smmatic.policy.terms import Share, Span
from smmatic.policy.vietnam import vietnam_calendar

from .shipped import TEXT, problems_of

OWN = """
[[fact]]
id = "{id}"
default = "{default}"
name.en = "A fact"
name.vi = "Dữ kiện"
description.en = "A fact of its own."
description.vi = "Dữ kiện riêng."
{source}
values = [{values}]

[[impossible]]
id = "settling_needs_an_end"
"""
YES_NO = '{ id = "no", en = "no", vi = "không" }, { id = "yes", en = "yes", vi = "có" }'


def with_fact(source, values=YES_NO, default="no", fact="late"):
    """The shipped text with a fact of its own, which 3.1 names so that it is used."""
    text = TEXT.replace(
        '\n[[impossible]]\nid = "settling_needs_an_end"\n',
        OWN.format(id=fact, default=default, source=source, values=values),
    )
    first = next(word.split('"')[1] for word in values.split("{") if "id =" in word)
    rule = f'[[clause.rule]]\nid = "3.1.own"\nwhen = {{ stage = ["begun", "halted", "done"], {fact} = "{first}" }}\n'
    rule += 'then = { decision = "deny", credits = "none", order = "keep", due = "at_once" }\n'
    rule += 'because.en = "Because."\nbecause.vi = "Vì."\n\n'
    return text.replace('[[clause]]\nnumber = "3.2"\n', rule + '[[clause]]\nnumber = "3.2"\n')


@cache
def document(source, values=YES_NO, default="no", fact="late") -> PolicyDocument:
    return load_policy(with_fact(source, values, default, fact))


PLACED = datetime(2026, 2, 12, 3, 0, tzinfo=UTC)  # Thursday 10:00 in Vietnam, the last before Tet but one


def late(at_most, asked_at, **described):
    found = document(f'since = "ended_at"\nat_most = "{at_most}"')
    return own_facts(found, described, asked_at, vietnam_calendar())["late"]


def test_a_window_in_hours_is_yes_until_its_last_moment():
    assert late("48h", PLACED + timedelta(hours=48), ended_at=PLACED) == "yes"
    assert late("48h", PLACED + timedelta(hours=48, microseconds=1), ended_at=PLACED) == "no"
    assert late("48h", PLACED) == "no"  # the moment has not come: the default
    assert late("48h", PLACED, ended_at=None) == "no"


def test_a_window_in_business_days_leaves_out_holidays_and_ends_at_the_due_hour():
    last = datetime(2026, 2, 24, 11, 0, tzinfo=UTC)  # 18:00 in Vietnam, after Tet
    assert late("3 business days", last, ended_at=PLACED) == "yes"
    assert late("3 business days", last + timedelta(seconds=1), ended_at=PLACED) == "no"


def test_a_window_in_days_ends_at_midnight_of_the_shop():
    last = datetime(2026, 2, 26, 16, 59, 59, tzinfo=UTC)  # 14 days on, 23:59:59 in Vietnam
    assert late("14 days", last, ended_at=PLACED) == "yes"
    assert late("14 days", last + timedelta(seconds=1), ended_at=PLACED) == "no"


@pytest.mark.parametrize(("raw", "value"), [("business", "yes"), ("consumer", "no"), ("", "no"), (None, "no")])
def test_an_attribute_becomes_a_fact_by_its_listed_values(raw, value):
    values = '{ id = "yes", of = ["business"], en = "yes", vi = "có" }, { id = "no", en = "no", vi = "không" }'
    found = document('attribute = "customer.type"', values)
    described = {} if raw is None else {"customer.type": raw}
    assert own_facts(found, described, PLACED, vietnam_calendar()) == {"late": value}


@pytest.mark.parametrize(("quantity", "value"), [(499, "no"), (500, "yes"), (10**9, "yes"), ("500", "no")])
def test_a_number_becomes_a_fact_by_its_threshold(quantity, value):
    found = document('attribute = "order.quantity"\nat_least = 500')
    assert own_facts(found, {"order.quantity": quantity}, PLACED, vietnam_calendar()) == {"late": value}


def test_facts_of_its_own_leave_the_shipped_policy_without_any():
    assert load_policy(TEXT).own_facts == ()


@pytest.mark.parametrize(
    ("source", "values", "default", "code"),
    [
        ("", YES_NO, "no", "no_source"),
        ('since = "ended_at"\nat_most = "soon"', YES_NO, "no", "bad_span"),
        ('since = "ended_at"\nat_most = "0h"', YES_NO, "no", "bad_span"),
        ('since = "yesterday"\nat_most = "48h"', YES_NO, "no", "unknown_value"),
        ('since = "ended_at"', YES_NO, "no", "missing"),
        ('since = "ended_at"\nat_most = "48h"', YES_NO, "", "wrong_type"),
        ('attribute = "customer.shoe_size"', YES_NO, "no", "unknown_value"),
        ('attribute = "order.quantity"', YES_NO, "no", "bad_fact"),
        ('attribute = "customer.type"\nat_least = 3', YES_NO, "no", "bad_fact"),
        ("at_least = 3", YES_NO, "no", "bad_fact"),
        ('attribute = "customer.type"\nsince = "ended_at"\nat_most = "48h"', YES_NO, "no", "bad_fact"),
        ('attribute = "service.class"', YES_NO.replace('"yes"', '"magic"'), "no", "unknown_value"),
        ('since = "ended_at"\nat_most = "48h"', YES_NO.replace('"yes"', '"maybe"'), "no", "bad_fact"),
    ],
)
def test_a_fact_that_cannot_be_derived_is_refused(source, values, default, code):
    text = with_fact(source, values, default)
    if not default:
        text = text.replace('default = ""\n', "default = 3\n")
    found, proof = check_text(text)
    assert found is None
    assert code in [problem.code for problem in proof.problems], proof.problems


def test_a_fact_that_no_rule_asks_for_fails_the_fourth_proof():
    text = with_fact('since = "ended_at"\nat_most = "48h"').replace(', late = "no" }', " }", 1)
    assert any("No rule depends on 'late'" in problem for problem in problems_of(check_text(text)[1], 4))


SHARE = """
[[share]]
id = "restocked"
of = "{of}"
{part}
name.en = "less a handling fee of {{percent:share.restocked}}"
name.vi = "trừ phí xử lý {{percent:share.restocked}}"

[[section]]
number = "1"
"""
FULL = 'then = { decision = "approve", credits = "undelivered", order = "stop", due = "at_once" }'


def with_share(part="withholds_percent = 15", of="undelivered"):
    """The shipped text in which a confirmed stop keeps a part."""
    text = TEXT.replace('\n[[section]]\nnumber = "1"\n', SHARE.format(of=of, part=part), 1)
    head, _, tail = text.partition('id = "4.2.stopped"')
    stop = FULL.replace("undelivered", "restocked")
    outcome = f'[[outcome]]\n{stop}\ntext.en = "A part comes back."\ntext.vi = "Một phần được hoàn."\n\n'
    head = head.replace("[[outcome]]\n", outcome + "[[outcome]]\n", 1)
    tail = tail.replace(FULL, stop, 1)
    text = head + 'id = "4.2.stopped"' + tail
    for case in ("stop_confirmed", "stop_despite_wrong_link"):
        before, _, after = text.partition(f'id = "{case}"\ntitle')
        after = after.replace('credits = "undelivered"', 'credits = "restocked"', 1)
        text = before + f'id = "{case}"\ntitle' + after
    return text.replace('returns = "73.50"', 'returns = "57.75"')


def test_a_share_is_proven_like_any_other_answer():
    found, proof = check_text(with_share())
    assert proof.ok, proof.problems
    assert found is not None
    assert found.share("restocked") == Share("undelivered", 100, 15)


def test_a_fault_of_ours_that_gives_only_a_share_is_seen():
    stop = FULL.replace("undelivered", "restocked")
    head, _, tail = with_share().partition('id = "2.3.running"')
    text = head + 'id = "2.3.running"' + tail.replace(FULL, stop, 1)
    before, _, after = text.partition('id = "4.2.stopped"')
    text = before + 'id = "4.2.stopped"' + after.replace(stop, FULL, 1)
    assert any("gets less than without" in problem for problem in problems_of(check_text(text)[1], 5))


@pytest.mark.parametrize(
    "part", ["", "returns_percent = 85\nwithholds_percent = 15", "returns_percent = 0", "returns_percent = 100",
             'withholds_percent = "15"', "withholds_percent = 12.5"],
)  # fmt: skip
def test_a_share_says_one_whole_percentage(part):
    found, proof = check_text(with_share(part))
    assert found is None
    assert {"bad_share", "bad_number"} & {problem.code for problem in proof.problems}


SHARES = st.builds(
    Share, st.sampled_from(["all", "undelivered"]), st.integers(1, 100), st.integers(0, 99)
)  # fmt: skip


@settings(deadline=None)
@given(st.integers(0, 10**13), st.integers(1, 10**7), st.data(), SHARES)
def test_a_share_is_exact_never_above_the_charge_and_falls_with_delivery(charge, ordered, data, share):
    less = data.draw(st.integers(0, ordered))
    more = data.draw(st.integers(less, ordered))
    first = refundable_units(charge, less, ordered, 0, 0, share)
    second = refundable_units(charge, more, ordered, 0, 0, share)
    assert 0 <= second <= first <= charge
    exact = charge * (1 if share.of == "all" else (ordered - less) / ordered)
    assert first >= int(exact * share.percent / 100 - charge * share.withheld / 100) - 1 - charge // 10**12
    back = data.draw(st.integers(0, charge))
    assert refundable_units(charge, less, ordered, back, 0, share) + back <= max(charge, back)


def test_what_stays_is_rounded_down_in_the_customers_favour():
    assert refundable_units(101, 0, 1, 0, 0, Share("all", 85)) == 86  # 15.15 stay: 15
    assert refundable_units(101, 0, 1, 0, 0, Share("all", 100, 15)) == 86
    assert refundable_units(100, 1, 3, 0, 0, Share("undelivered", 50)) == 34  # 67 undelivered, 33.5 stay: 33


PROMISE = """
[[promise]]
id = "labour"
within = "2 business days"
by_class = { top_up = "4h" }

[[section]]
number = "1"
"""


def with_promise(block=PROMISE):
    text = TEXT.replace('\n[[section]]\nnumber = "1"\n', block, 1)
    old = 'stage = "halted", delivered = ["none", "part"], reviewed = "no" }\nthen = { decision = "review", credits = "none", order = "keep", due = "business_days" }'
    assert old in text
    text = text.replace(old, old.replace("business_days", "labour"), 1)
    words = '[[outcome]]\nthen = { decision = "review", credits = "none", order = "keep", due = "labour" }\ntext.en = "Within {business_days:promise.labour}."\ntext.vi = "Trong {business_days:promise.labour}."\n\n'
    return text.replace("[[outcome]]\n", words + "[[outcome]]\n", 1)


def test_a_clause_promises_its_own_time_by_kind_of_service():
    found = load_policy(with_promise())
    assert promised(found, "labour", "top_up") == Span(4, "hours")
    assert promised(found, "labour", "listing") == Span(2, "business_days")
    assert promised(found, "business_days", "campaign") == Span(3, "business_days")
    assert promised(found, "unknown_hours", "campaign") == Span(24, "hours")
    assert promised(found, "business_days", "never_heard_of") == Span(3, "business_days")
    assert promised_at(found, "labour", "top_up", PLACED, vietnam_calendar()).at == PLACED + timedelta(hours=4)


def test_a_kind_of_service_may_promise_hours():
    text = TEXT.replace('id = "top_up"\nbusiness_days = 1', 'id = "top_up"\nhours = 6', 1)
    found = load_policy(text)
    assert promised(found, "business_days", "top_up") == Span(6, "hours")
    assert found.times.business_days["top_up"] == 1
    both = text.replace("hours = 6", "hours = 6\nbusiness_days = 1", 1)
    assert "bad_time" in [problem.code for problem in check_text(both)[1].problems]


@pytest.mark.parametrize("block", ["2 weeks", "2 days", "0h"])
def test_a_promise_is_in_hours_or_business_days(block):
    proof = check_text(with_promise(PROMISE.replace("2 business days", block)))[1]
    assert "bad_span" in [problem.code for problem in proof.problems]


def test_a_promise_that_no_rule_gives_fails_the_fourth_proof():
    text = TEXT.replace('\n[[section]]\nnumber = "1"\n', PROMISE, 1)
    assert any("'labour'" in problem for problem in problems_of(check_text(text)[1], 4))
