"""What was decided, the customer's page, the API and the mail say the same clause, the same amount and the same words."""

import html
import re
from collections.abc import Callable

import pytest

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.credits.queries import charge
from smmatic.kernel.amounts import UNITS
from smmatic.notices import sweep
from smmatic.notices.queries import mails
from smmatic.orders.steps import PROVIDER
from smmatic.refunds.actions import cancel, end_order, request_refund
from smmatic.refunds.appeal_actions import appeal
from smmatic.refunds.explaining import explain_case
from smmatic.refunds.override_actions import override
from smmatic.refunds.queries import CaseRow, cases_of_order, open_case
from smmatic.refunds.review_actions import approve, decide, set_claim
from smmatic.refunds.situations import ClaimInput
from tests.api.clients import api_of
from tests.builders import begun, customer, new_key, person, placed
from tests.web.desk.builders import Browser

pytestmark = pytest.mark.django_db

PROVIDERS_FAULT = ClaimInput("fulfilment_fault", "verified", "provider", "our machine broke")


def settled_by_the_policy(who: Person) -> CaseRow:
    order = begun(who, delivered=40)
    end_order(order.id, "partial", actor=PROVIDER, delivered=40, claims=[PROVIDERS_FAULT])
    return cases_of_order(order.id)[-1]


def denied_by_the_policy(who: Person) -> CaseRow:
    order = begun(who, delivered=40)
    request_refund(who, order.id, reason_code="not_as_expected", key=new_key())
    return cases_of_order(order.id)[-1]


def in_review(who: Person) -> CaseRow:
    order = begun(who, delivered=40)
    request_refund(who, order.id, reason_code="not_delivered", words="60 are missing.", key=new_key())
    return cases_of_order(order.id)[-1]


def found(agent: Person, case: CaseRow, proof: str, claim: str = "fulfilment_fault") -> CaseRow:
    """The case after a finding."""
    return set_claim(agent, case.id, claim=claim, proof=proof, evidence="Seen.", version=case.version)


def decided_by_an_agent(who: Person) -> CaseRow:
    agent = person(Role.AGENT)
    case = found(agent, in_review(who), "verified")
    return decide(agent, case.id, version=case.version)


def denied_by_an_agent(who: Person) -> CaseRow:
    agent = person(Role.AGENT)
    case = found(agent, in_review(who), "verified", "third_party_violation")
    case = found(agent, case, "refuted")
    return decide(agent, case.id, version=case.version)


def overridden(who: Person) -> CaseRow:
    agent = person(Role.AGENT)
    case = found(agent, in_review(who), "refuted")
    case = override(agent, case.id, answer="2.1:approve:undelivered", why="We made it too hard.", version=case.version)
    return approve(person(Role.APPROVER), case.id, version=case.version)


def contested(who: Person) -> CaseRow:
    agent = person(Role.AGENT)
    order = begun(who, delivered=10)
    wrong = ClaimInput("wrong_information", "alleged", "provider", "no such account")
    end_order(order.id, "partial", actor=PROVIDER, delivered=10, claims=[wrong])
    case = open_case(order.id)
    assert case is not None
    case = found(agent, case, "verified", "wrong_information")
    case = decide(agent, case.id, version=case.version)
    case = found(agent, appeal(who, case.id, words="It is mine.", key=new_key()), "refuted", "wrong_information")
    return decide(agent, case.id, version=case.version)


def cancelled(who: Person) -> CaseRow:
    order = placed(who)
    cancel(who, order.id)
    return cases_of_order(order.id)[-1]


STORIES: dict[Callable[[Person], CaseRow], tuple[str, str, int]] = {
    settled_by_the_policy: ("settled", "2.1", 63 * UNITS),
    denied_by_the_policy: ("denied", "3.4", 0),
    in_review: ("in_review", "5.1", 0),
    decided_by_an_agent: ("settled", "2.1", 63 * UNITS),
    denied_by_an_agent: ("denied", "3.3", 0),
    overridden: ("settled", "2.1", 63 * UNITS),
    contested: ("settled", "2.1", 94 * UNITS + UNITS // 2),
    cancelled: ("settled", "4.1", 105 * UNITS),
}
"""Each way to a decision, with its state, clause and Credit units."""


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_decision_page_api_and_mail_say_the_same(
    story: Callable[[Person], CaseRow], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_last_full", None)
    who = customer(200, language=language)
    case = story(who)
    state, clause, units = STORIES[story]
    money = charge(case.order_id)
    assert money is not None
    assert (case.state, case.clause, case.units, money.returned) == (state, clause, units, units)
    said = explain_case(case, language)
    assert said.clause == clause
    amount = f"{units // UNITS}{',' if language == 'vi' else '.'}{units % UNITS * 100 // UNITS:02}"

    page = page_of(who, case, language)
    assert f"#clause-{clause}" in page
    shown = plain(page)
    if units:
        assert f"+{amount} Credit" in shown
    counted = "" if case.open else said.arithmetic  # there is nothing to count before it is decided
    assert said.sentence in shown
    assert counted in shown

    answer = api_of(who, accept_language=language).get(f"/refunds/{case.id}").body
    assert (answer["state"], answer["clause"], answer["returned"]["units"]) == (state, clause, units)
    told = answer["explanation"]
    assert (told["clause"], told["sentence"], told["arithmetic"]) == (clause, said.sentence, said.arithmetic)

    mail = mail_about(who, case)
    assert f"{'Điều khoản' if language == 'vi' else 'Clause'} {clause}".lower() in mail.lower()
    assert said.sentence in mail or case.ask == "cancel"
    assert counted in mail or case.ask == "cancel"
    if units:
        assert amount in mail


def page_of(who: Person, case: CaseRow, language: str) -> str:
    """The page of the case as its customer opens it."""
    browser = Browser(who)
    browser.client.cookies["smmatic_language"] = language
    return browser.get(f"/requests/{case.id}")


def plain(page: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def mail_about(who: Person, case: CaseRow) -> str:
    """The newest mail about the order, after sweeping until nothing is left."""
    while sweep.write_due(500):
        pass
    newest = next(row for row in mails(to=who.email) if row.order_id == case.order_id)
    return re.sub(r"\s+", " ", newest.text)
