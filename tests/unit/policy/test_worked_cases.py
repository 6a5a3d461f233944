"""The worked cases of the file, and the main scenario's cases among them."""

import pytest

from .shipped import compiled, document

CASES = {case.id: case for case in document().cases}

SCENARIO = {
    "undone_in_grace": ("approve", "all", "cancel", "4.1"),
    "cancel_too_late": ("deny", "none", "keep", "4.2"),
    "refused_at_submission": ("approve", "all", "keep", "2.2"),
    "refused_with_wrong_link": ("approve", "all", "keep", "2.2"),
    "provider_error_after_part": ("approve", "undelivered", "keep", "2.1"),
    "our_error_beats_wrong_link": ("approve", "undelivered", "keep", "2.3"),
    "wrong_link_proven": ("deny", "none", "keep", "3.2"),
    "violation_proven": ("deny", "none", "keep", "3.3"),
    "below_expectations": ("deny", "none", "keep", "3.4"),
    "done": ("deny", "none", "keep", "3.1"),
    "our_error_reported": ("review", "none", "keep", "5.1"),
    "defect_reported": ("review", "none", "keep", "5.1"),
}


@pytest.mark.parametrize("case", document().cases, ids=lambda case: case.id)
def test_a_worked_case_gives_its_stated_answer(case):
    outcome = compiled().decide(document().complete(case.facts))
    assert {key: getattr(outcome, key) for key in case.expect} == dict(case.expect)


@pytest.mark.parametrize("name", SCENARIO)
def test_the_main_scenario_is_among_the_cases(name):
    expect = CASES[name].expect
    assert (expect["decision"], expect["credits"], expect["order"], expect["clause"]) == SCENARIO[name]


def test_there_are_cases_for_every_deciding_clause():
    assert len(CASES) >= 25
    assert {case.expect["clause"] for case in CASES.values()} == {c.number for c in document().clauses if c.rules}
