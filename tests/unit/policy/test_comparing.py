"""The difference of two versions, combination by combination, for the customer: equal, better, worse or mixed."""

import json

import pytest

from smmatic.policy.amounts import BUCKETS, less_somewhere
from smmatic.policy.comparing import compare
from smmatic.policy.document import SHIPPED_FILE, load_policy
from smmatic.policy.terms import NOTHING, UNDELIVERED, WHOLE, Share

from .shipped import TEXT, document
from .test_commands import run
from .test_own_facts import with_fact, with_share

OTHER_SHOP = SHIPPED_FILE.parent / "sen_studio.toml"
AFTER_STOP = '{ ask = "refund", stage = "stop_confirmed", fulfilment_fault = "alleged" },\n]\nthen = { decision = "review", credits = "none", order = "keep", due = "business_days" }'
GENEROUS = AFTER_STOP.replace(
    '"review", credits = "none", order = "keep", due = "business_days"',
    '"approve", credits = "undelivered", order = "stop", due = "at_once"',
)


def changed(*replacements):
    text = TEXT.replace('version = "1.0"', 'version = "1.1"', 1)
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return load_policy(text)


def test_a_version_is_the_same_as_itself():
    found = compare(document(), document())
    assert found.same
    assert found.verdict == "equal"
    assert found.unchanged == found.combinations == 27_148


def test_an_answer_that_gives_more_is_better_and_names_clause_and_example():
    found = compare(document(), changed((AFTER_STOP, GENEROUS)))
    assert (found.verdict, found.worse, found.mixed) == ("better", 0, 0)
    assert [row.clause for row in found.clauses] == ["5.1"]
    assert found.better == found.clauses[0].better > 0
    change = found.changes[0]
    assert change.facts["stage"] == "stop_confirmed"
    assert (change.before.decision, change.after.decision) == ("review", "approve")
    assert change.after.rule == "5.1.after_stop"
    back = compare(changed((AFTER_STOP, GENEROUS)), document())
    assert (back.verdict, back.worse) == ("worse", found.better)


def test_a_denied_review_is_worse():
    strict = AFTER_STOP.replace('"review"', '"deny"').replace("business_days", "at_once")
    assert compare(document(), changed((AFTER_STOP, strict))).verdict == "worse"


def test_keeping_a_percentage_is_worse_for_the_customer():
    found = compare(document(), load_policy(with_share()))
    assert found.verdict == "worse"  # a confirmed stop keeps 15 percent
    assert {row.clause for row in found.clauses} == {"4.2"}
    assert all(change.after.credits == "restocked" for change in found.changes)


@pytest.mark.parametrize(
    ("old", "new", "path", "verdict"),
    [
        ("grace_days = 14", "grace_days = 21", "bonus.grace_days", "better"),
        ("grace_days = 14", "grace_days = 7", "bonus.grace_days", "worse"),
        ('id = "creative"\nbusiness_days = 3', 'id = "creative"\nbusiness_days = 2', "times.creative", "better"),
        ('id = "creative"\nbusiness_days = 3', 'id = "creative"\nhours = 36', "times.creative", "mixed"),
        ("unknown_hours = 24", "unknown_hours = 48", "deadlines.unknown_hours", "worse"),
        ('cut_off = "17:00"', 'cut_off = "16:00"', "times.cut_off", "worse"),
        ('due_by = "18:00"', 'due_by = "17:30"', "times.due_by", "better"),
    ],
)
def test_a_number_is_better_or_worse_by_its_direction(old, new, path, verdict):
    found = compare(document(), changed((old, new)))
    assert [(number.path, number.verdict) for number in found.numbers] == [(path, verdict)]
    assert found.verdict == verdict
    assert found.changes == ()


def test_a_wider_window_is_better_where_being_in_time_never_gives_less():
    text = OTHER_SHOP.read_text(encoding="utf-8")
    wider = text.replace('at_most = "48h"', 'at_most = "72h"')
    found = compare(load_policy(text), load_policy(wider))
    assert [(number.path, number.verdict) for number in found.numbers] == [("window.in_claim_time", "better")]
    assert compare(load_policy(wider), load_policy(text)).verdict == "worse"
    bulk = compare(load_policy(text), load_policy(text.replace("at_least = 500", "at_least = 100")))
    assert [number.verdict for number in bulk.numbers] == ["mixed"]  # blamed bulk orders are looked at instead
    kept = text.replace("withholds_percent = 15", "withholds_percent = 10").replace(
        'returns = "120"', 'returns = "130"'
    )
    less = compare(load_policy(text), load_policy(kept))
    assert less.verdict == "better"
    assert {row.clause for row in less.clauses} == {"2.4"}


def test_versions_with_other_facts_are_compared_over_the_facts_of_both():
    more = load_policy(with_fact('since = "ended_at"\nat_most = "48h"'))
    found = compare(document(), more)
    assert [(fact.fact, fact.change) for fact in found.facts] == [("late", "added")]
    assert found.combinations == 2 * 27_148
    assert found.changes == ()  # the new rule says what 3.1 said before
    shops = compare(document(), load_policy(OTHER_SHOP.read_text(encoding="utf-8")))
    assert shops.verdict == "mixed"
    assert shops.combinations == shops.unchanged + shops.better + shops.worse + shops.mixed + shops.equal


def test_changed_words_are_named_and_are_no_change_of_answers():
    found = compare(document(), changed(('title.en = "Refused before work began"', 'title.en = "Turned down"')))
    assert found.same
    assert found.texts == ("2.2",)


def test_shares_are_ordered_for_every_order_at_once():
    fee, half = Share("undelivered", 100, 15), Share("undelivered", 50)
    assert [less_somewhere(fee, UNDELIVERED, bucket) for bucket in BUCKETS] == [True, True, False]
    assert less_somewhere(fee, half, "part")  # little is left: the fee takes it all
    assert less_somewhere(half, fee, "part")  # much is left: half of it is less
    assert not less_somewhere(WHOLE, UNDELIVERED, "part")
    assert less_somewhere(NOTHING, half, "part")
    assert not less_somewhere(NOTHING, half, "all")


def test_the_command_tells_better_from_worse_by_its_exit_code(tmp_path):
    draft = tmp_path / "draft.toml"
    shipped = str(SHIPPED_FILE)
    assert run("new", str(draft), "--version", "1.1")[0] == 0
    assert run("diff", shipped, str(draft))[0] == 0
    text = draft.read_text(encoding="utf-8")
    draft.write_text(text.replace("grace_days = 14", "grace_days = 21"), encoding="utf-8")
    code, said = run("diff", shipped, str(draft), "--json")
    assert (code, json.loads(said)["verdict"]) == (3, "better")
    draft.write_text(text.replace("grace_days = 14", "grace_days = 7"), encoding="utf-8")
    code, said = run("diff", shipped, str(draft))
    assert code == 4
    assert "bonus.grace_days: 14 -> 7 (worse)" in said
    assert run("new", str(draft), "--version", "1.2")[0] == 2
    assert run("diff", shipped, str(tmp_path / "none.toml"))[0] == 1
