"""Every 'no' about a case, each alone: nothing at all has changed, and a sentence says why and another what to do next."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Role
from smmatic.fulfilment.models import Attempt
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.clock import now
from smmatic.kernel.database import fetch_all
from smmatic.kernel.ids import new_reference
from smmatic.kernel.refusals import Refusal
from smmatic.orders.queries import OrderRow
from smmatic.orders.steps import PROVIDER
from smmatic.refunds import appeal_actions, incident_actions
from smmatic.refunds.actions import add_to_case, ask_stop, cancel, end_order, preview_refund, request_refund
from smmatic.refunds.appeal_actions import appeal
from smmatic.refunds.bulk_actions import Finding, decide_bulk, preview_bulk
from smmatic.refunds.customer_error_actions import end_for_customer_error
from smmatic.refunds.override_actions import answers, override
from smmatic.refunds.queries import CaseRow, case, open_case
from smmatic.refunds.review_actions import (
    approve,
    correct_delivered,
    decide,
    review_plan,
    send_back,
    set_claim,
    withdraw,
)
from smmatic.refunds.situations import situation_of
from smmatic.support.actions import ask_customer
from smmatic.support.question_actions import correct_order
from tests.builders import begun, change, customer, ledger_of, new_key, own_service, person, placed, reread
from tests.web.desk.builders import a_provider

pytestmark = pytest.mark.django_db

LINES = {
    "order events": "SELECT e.* FROM orders_event e JOIN orders_order o ON o.id = e.order_id WHERE o.customer_id = %s",
    "case events": "SELECT e.* FROM refunds_event e JOIN refunds_case c ON c.id = e.case_id WHERE c.customer_id = %s",
    "claims": "SELECT l.* FROM refunds_claim l JOIN orders_order o ON o.id = l.order_id WHERE o.customer_id = %s",
    "cases in full": "SELECT * FROM refunds_case WHERE customer_id = %s",
    "orders in full": "SELECT * FROM orders_order WHERE customer_id = %s",
    "messages": "SELECT m.* FROM support_message m JOIN support_conversation c ON c.id = m.conversation_id WHERE c.customer_id = %s",
}


def everything(who: Person) -> dict[str, list[dict[str, Any]]]:
    """All that is kept of a customer: the whole ledger, orders, cases, claims and every line of their histories."""
    return ledger_of(who) | {
        name: sorted(fetch_all(statement, [who.id]), key=lambda row: row["id"]) for name, statement in LINES.items()
    }


@dataclass
class Ground:
    """A customer, an order of theirs in work with 40 of 100 delivered, and staff."""

    who: Person
    order: OrderRow
    agent: Person
    second: Person
    case: CaseRow | None = None

    @property
    def made(self) -> CaseRow:
        assert self.case is not None
        return self.case


def fresh() -> Ground:
    who = customer(3_000)
    return Ground(who, begun(who, delivered=40), person(Role.AGENT), person(Role.APPROVER))


def with_case(ground: Ground, *, words: str = "60 are missing.") -> Ground:
    request_refund(ground.who, ground.order.id, reason_code="not_delivered", words=words, key=new_key())
    return replace(ground, case=open_case(ground.order.id))


def proven(ground: Ground, proof: str = "verified", claim: str = "fulfilment_fault") -> Ground:
    made = ground.made
    after = set_claim(ground.agent, made.id, claim=claim, proof=proof, evidence="Seen.", version=made.version)
    return replace(ground, case=after)


def decided(ground: Ground) -> Ground:
    return replace(ground, case=decide(ground.agent, ground.made.id, version=ground.made.version))


def undecided() -> Ground:
    return with_case(fresh())


def ready() -> Ground:
    return proven(undecided())


def denied() -> Ground:
    return decided(proven(undecided(), "refuted"))


def settled() -> Ground:
    return decided(ready())


def waiting() -> Ground:
    """Above the limit: decided by the agent, not yet approved."""
    ground = fresh()
    return decided(proven(with_case(replace(ground, order=begun(ground.who, quantity=2_000)))))


def ended() -> Ground:
    ground = fresh()
    end_order(ground.order.id, "completed", actor=PROVIDER)
    return ground


def unknown() -> Ground:
    ground = undecided()
    change(ground.order.id, ("in_progress",), unknown_since=now(), delivered=0)
    return ground


def all_back() -> Ground:
    ground = fresh()
    order = placed(ground.who)
    cancel(ground.who, order.id)
    return replace(ground, order=order)


def too_late() -> Ground:
    """A denial that nobody can contest any more: as if the policy gave no days for it."""
    return denied()


def contested() -> Ground:
    ground = denied()
    appeal(ground.who, ground.made.id, words="Look at page two.", key=new_key())
    return ground


def asked() -> Ground:
    """The customer was asked, and a provider has the order already."""
    ground = fresh()
    ask_customer(ground.agent, ground.order.id, "Which account?")
    provider = a_provider()
    Attempt.objects.create(
        order_id=ground.order.id, provider_id=provider.id, number=1, reference=new_reference(), state="confirmed",
        remote_id=new_key(),
    )  # fmt: skip
    return ground


def unstoppable() -> Ground:
    ground = fresh()
    service = own_service(stop_rule="none")
    order = begun(ground.who, service.code, 5, link="https://example.com/")
    return replace(ground, order=order)


def stopping() -> Ground:
    ground = fresh()
    ask_stop(ground.who, ground.order.id)
    return ground


def ask(ground: Ground, reason: str = "not_delivered", words: str = "x", **fields: Any) -> object:
    return request_refund(ground.who, ground.order.id, reason_code=reason, words=words, **({"key": new_key()} | fields))


def claim(ground: Ground, **fields: Any) -> object:
    usual = {"claim": "fulfilment_fault", "proof": "verified", "evidence": "x", "version": ground.made.version}
    return set_claim(fields.pop("by", ground.agent), ground.made.id, **(usual | fields))


def other(ground: Ground, **fields: Any) -> object:
    usual = {"answer": "2.1:approve:undelivered", "why": "We were slow.", "version": ground.made.version}
    return override(fields.pop("by", ground.agent), ground.made.id, **(usual | fields))


def blame(ground: Ground, **fields: Any) -> object:
    usual = {"claim": "wrong_information", "evidence": "No such account."}
    return end_for_customer_error(ground.agent, ground.order.id, **(usual | fields))


Do = Callable[[Ground], object]
TABLE: list[tuple[str, str, Callable[[], Ground], Do]] = [
    ("order_ended", "closed order, cancel", ended, lambda g: cancel(g.who, g.order.id)),
    ("order_ended", "closed order, stop", ended, lambda g: ask_stop(g.who, g.order.id)),
    ("order_accepted", "cancel in work", fresh, lambda g: cancel(g.who, g.order.id)),
    ("nothing_to_refund", "all is back", all_back, ask),
    ("outcome_unknown", "decision", lambda: proven(unknown()), lambda g: decide(g.agent, g.made.id, version=g.made.version)),
    ("outcome_unknown", "override", unknown, other),
    ("case_open", "a second request", undecided, ask),
    ("case_closed", "decided before", settled, lambda g: decide(g.agent, g.made.id, version=g.made.version)),
    ("case_closed", "claim on a decided one", denied, claim),
    ("case_closed", "withdrawing a decided one", denied, lambda g: withdraw(g.who, g.made.id)),
    ("case_closed", "adding to a decided one", denied, lambda g: add_to_case(g.who, g.made.id, words="More.")),
    ("case_closed", "approving what waits for nobody", ready, lambda g: approve(g.second, g.made.id, version=g.made.version)),
    ("case_closed", "sending back what waits for nobody", ready, lambda g: send_back(g.second, g.made.id, version=g.made.version, why="x")),
    ("case_stale", "decision", ready, lambda g: decide(g.agent, g.made.id, version=g.made.version - 1)),
    ("case_stale", "claim", undecided, lambda g: claim(g, version=g.made.version - 1)),
    ("case_stale", "count", undecided, lambda g: correct_delivered(g.agent, g.made.id, delivered=1, evidence="x", version=9)),
    ("case_stale", "approval", waiting, lambda g: approve(g.second, g.made.id, version=g.made.version - 1)),
    ("case_stale", "no of the second", waiting, lambda g: send_back(g.second, g.made.id, version=1, why="x")),
    ("case_stale", "override", ready, lambda g: other(g, version=g.made.version - 1)),
    ("case_undecided", "decision on a mere claim", undecided, lambda g: decide(g.agent, g.made.id, version=g.made.version)),
    ("case_undecided", "override of no decision", undecided, other),
    ("override_unknown", "no answer of the policy", ready, lambda g: other(g, answer="9.9:approve:all")),
    ("override_unknown", "the policy's own answer", ready, other),
    ("reason_missing", "override", ready, lambda g: other(g, why=" ")),
    ("reason_missing", "no of the second", waiting, lambda g: send_back(g.second, g.made.id, version=g.made.version, why="")),
    ("role_missing", "a customer decides", ready, lambda g: decide(g.who, g.made.id, version=g.made.version)),
    ("role_missing", "a customer's override", ready, lambda g: other(g, by=g.who)),
    ("role_missing", "an agent approves", waiting, lambda g: approve(g.agent, g.made.id, version=g.made.version)),
    ("role_missing", "an auditor decides", ready, lambda g: decide(person(Role.AUDITOR), g.made.id, version=g.made.version)),
    ("role_missing", "an auditor's claim", undecided, lambda g: claim(g, by=person(Role.AUDITOR))),
    ("role_missing", "an auditor's count", undecided, lambda g: correct_delivered(person(Role.AUDITOR), g.made.id, delivered=1, evidence="x", version=1)),
    ("role_missing", "an auditor in bulk", ready, lambda g: decide_bulk(person(Role.AUDITOR), [(g.made.id, g.made.version, 0)], Finding())),
    ("role_missing", "a customer ends for an error", fresh, lambda g: end_for_customer_error(g.who, g.order.id, claim="wrong_information", evidence="x")),
    ("second_person_needed", "the first approves", lambda: by_boss(), lambda g: approve(g.agent, g.made.id, version=g.made.version)),
    ("evidence_missing", "request", fresh, lambda g: ask(g, words=" ")),
    ("evidence_missing", "more of it", undecided, lambda g: add_to_case(g.who, g.made.id, words="")),
    ("evidence_missing", "claim", undecided, lambda g: claim(g, evidence="  ")),
    ("evidence_missing", "count", undecided, lambda g: correct_delivered(g.agent, g.made.id, delivered=1, evidence="", version=1)),
    ("evidence_missing", "appeal", denied, lambda g: appeal(g.who, g.made.id, words="", key=new_key())),
    ("evidence_missing", "customer's error", fresh, lambda g: blame(g, evidence="")),
    ("question_first", "customer's error", fresh, blame),
    ("question_first", "claim", undecided, lambda g: claim(g, claim="wrong_information")),
    ("order_status", "customer's error before acceptance", lambda: replace(fresh(), order=placed(customer(200))), blame),
    ("field_invalid", "claim", undecided, lambda g: claim(g, claim="bad_mood")),
    ("field_invalid", "proof", undecided, lambda g: claim(g, proof="perhaps")),
    ("field_invalid", "customer's error", fresh, lambda g: blame(g, claim="bad_mood")),
    ("units_out_of_range", "count upwards", undecided, lambda g: correct_delivered(g.agent, g.made.id, delivered=41, evidence="x", version=1)),
    ("appeal_closed", "no denial", settled, lambda g: appeal(g.who, g.made.id, words="More!", key=new_key())),
    ("appeal_closed", "contested before", contested, lambda g: appeal(g.who, g.made.id, words="Again.", key=new_key())),
    ("order_handed_over", "correction", asked, lambda g: correct_order(g.who, g.order.id, link="7012345678901234511")),
    ("order_not_waiting", "correction", fresh, lambda g: correct_order(g.who, g.order.id, link="7012345678901234511")),
    ("stop_not_offered", "stop", unstoppable, lambda g: ask_stop(g.who, g.order.id)),
    ("stop_asked_already", "stop", stopping, lambda g: ask_stop(g.who, g.order.id)),
    ("reason_unknown", "request", fresh, lambda g: ask(g, "because")),
    ("reason_unknown", "preview", fresh, lambda g: preview_refund(g.who, g.order.id, "because")),
    ("text_too_long", "request", fresh, lambda g: ask(g, words="x" * 4_001)),
    ("text_forbidden_characters", "request", fresh, lambda g: ask(g, words="a\u202eb")),
    ("idempotency_key_malformed", "request", fresh, lambda g: ask(g, key="short")),
    ("not_found", "another's order", fresh, lambda g: cancel(person(), g.order.id)),
    ("not_found", "another's case", undecided, lambda g: withdraw(person(), g.made.id)),
    ("not_found", "another's appeal", denied, lambda g: appeal(person(), g.made.id, words="x", key=new_key())),
    ("not_found", "another's file", fresh, lambda g: ask(g, file_ids=[10**12])),
    ("not_found", "no such case", fresh, lambda g: decide(g.agent, 10**12, version=1)),
    ("field_missing", "bulk of nothing", fresh, lambda g: preview_bulk(g.agent, [], Finding())),
    ("number_out_of_range", "bulk of too many", fresh, lambda g: preview_bulk(g.agent, list(range(1, 103)), Finding())),
]  # fmt: skip


def by_boss() -> Ground:
    """Above the limit, decided by somebody who may approve others' decisions."""
    ground = replace(fresh(), agent=person(Role.OPERATOR))
    return decided(proven(with_case(replace(ground, order=begun(ground.who, quantity=2_000)))))


@pytest.mark.parametrize(("code", "what", "prepare", "do"), TABLE, ids=[f"{row[0]}: {row[1]}" for row in TABLE])
def test_a_refusal_changes_nothing_and_says_what_next(
    code: str, what: str, prepare: Callable[[], Ground], do: Do
) -> None:
    ground = prepare()
    before = everything(ground.who)
    with pytest.raises(Refusal) as refused:
        do(ground)
    assert refused.value.code.value == code
    assert everything(ground.who) == before
    speaks(refused.value)


def test_appeals_end_with_the_days_of_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    ground = denied()
    before = everything(ground.who)
    monkeypatch.setattr(appeal_actions, "now", lambda: now() + timedelta(days=7, minutes=1))
    with pytest.raises(Refusal) as refused:
        appeal(ground.who, ground.made.id, words="At last.", key=new_key())
    assert refused.value.code.value == "appeal_closed"
    monkeypatch.undo()
    assert everything(ground.who) == before
    speaks(refused.value)


def test_an_incident_ends_once_and_then_tells_nothing_more() -> None:
    boss = person(Role.OPERATOR)
    made = incident_actions.declare(
        boss, title_en="Slow", title_vi="Chậm", text_en="We look.", text_vi="Đang xem.", scope="service",
        scope_value="SP-CHAT",
    )  # fmt: skip
    texts = {"text_en": "It is over.", "text_vi": "Đã xong."}
    for role in (Role.AGENT, Role.AUDITOR, Role.CUSTOMER):
        with pytest.raises(Refusal, match="role_missing"):
            incident_actions.end(person(role), made.id, **texts)
    incident_actions.end(boss, made.id, **texts)
    told = fetch_all("SELECT * FROM refunds_incident_event WHERE incident_id = %s ORDER BY id", [made.id])
    for again in (incident_actions.end, incident_actions.tell):
        with pytest.raises(Refusal) as refused:
            again(boss, made.id, **texts)
        assert refused.value.code.value == "incident_ended"
        speaks(refused.value)
    assert fetch_all("SELECT * FROM refunds_incident_event WHERE incident_id = %s ORDER BY id", [made.id]) == told


def test_facts_that_can_not_all_be_true_are_named_and_two_people_still_find_an_answer() -> None:
    """An order 'refused before any work' that has units delivered: no decision of the policy, never a silent dead end."""
    ground = ready()
    order = replace(reread(ground.order.id), status="rejected", ended_at=now())
    situation = replace(situation_of(order), order=order)
    with pytest.raises(Refusal) as refused:
        review_plan(situation, "refund")
    assert refused.value.code.value == "case_impossible"
    assert "refused before any work" in refused.value.sentence
    speaks(refused.value)
    other_answers = answers(situation, "refund")
    assert {one.plan.cell for one in other_answers} == {-1}
    assert all(one.plan.units_back <= 63 * UNITS for one in other_answers)
    assert {one.plan.outcome.decision for one in other_answers} == {"approve", "deny"}


def test_a_bulk_leaves_what_it_refuses_as_it_was_and_decides_the_rest() -> None:
    good, bad = ready(), undecided()
    agent = person(Role.AGENT)
    before = everything(bad.who)
    items = preview_bulk(agent, [good.made.id, bad.made.id], Finding()).items
    result = decide_bulk(agent, [(item.case.id, item.case.version, item.units) for item in items], Finding())
    assert [item.refusal.code.value if item.refusal else "" for item in result.items] == ["", "case_undecided"]
    assert result.units == result.units_at_once + result.units_waiting == items[0].units
    assert everything(bad.who) == before
    now_good = case(good.made.id)
    assert now_good is not None
    assert now_good.state == "settled"


def speaks(refusal: Refusal) -> None:
    """Both sentences exist in both languages, and no value is missing in them."""
    said = {}
    for language in ("en", "vi"):
        with translation.override(language):
            said[language] = (refusal.sentence, refusal.next_step)
        assert all(text.strip() and "?" not in text.replace("? ", "") for text in said[language]), said
    assert said["en"][0] != said["vi"][0]
    assert said["en"][1] != said["vi"][1]
