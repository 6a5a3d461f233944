"""The other rooms: orders, deposits, Credits, people, policy, messages, and the first operator's page."""

from uuid import uuid4

import pytest

from smmatic.accounts.actions import operator_link
from smmatic.accounts.queries import person as person_by_id
from smmatic.accounts.queries import person_by_email
from smmatic.accounts.rules import Role
from smmatic.catalogue.steps import keep_deliverable
from smmatic.credits.queries import charge, wallet
from smmatic.deposits.queries import deposit as deposit_by_id
from smmatic.fulfilment.actions import ensure_provider
from smmatic.fulfilment.models import Attempt
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.database import execute
from smmatic.orders.steps import SYSTEM, record
from smmatic.policy.document import SHIPPED_FILE
from smmatic.policy.queries import current_policy
from smmatic.refunds.actions import cancel
from smmatic.support.actions import post_message
from smmatic.support.queries import messages_of
from tests.builders import begun, customer, ledger_of, new_key, person, placed, reread
from tests.databases import cloned
from tests.trials.conftest import pointed_at
from tests.web.desk.builders import Browser, browser, deposit, reviewed_case, words

pytestmark = pytest.mark.django_db


def test_orders_are_found_by_number_link_and_customer_and_paged_by_key():
    who, agent = customer(500), browser()
    order = placed(who, "SP-LIST", 5, link="https://shopee.vn/product/77/9081726354")
    assert f"/desk/orders/{order.id}" in agent.get("/desk/orders", q=str(order.id))
    assert f"/desk/orders/{order.id}" in agent.get("/desk/orders", q="9081726354", show="pending")
    assert f"/desk/orders/{order.id}" not in agent.get("/desk/orders", q="9081726354", show="ended")
    assert f"/desk/people/{who.id}" in agent.get("/desk/orders", q=who.email)
    assert f"/desk/orders/{order.id}" not in agent.get("/desk/orders", after=str(order.id))
    agent.get("/desk/orders", 422, after="-1")
    agent.get("/desk/orders", q="a\u202eb\x00", show="nonsense", by="nobody")


def test_an_order_shows_all_we_know_and_on_request_only_what_its_customer_sees():
    who, agent = customer(500), browser()
    order = begun(who)
    record(order.id, "note", actor=SYSTEM, why="suspicious twin order", visible=False)
    assert "suspicious twin order" in words(agent.get(f"/desk/orders/{order.id}"))
    seen = words(agent.get(f"/desk/orders/{order.id}", **{"as": "customer"}))
    assert "suspicious twin order" not in seen
    assert "Work began" in seen


def test_an_unknown_outcome_can_be_presumed_only_after_its_deadline():
    who, agent = customer(500), browser()
    order = begun(who)
    execute(
        "UPDATE orders_order SET unknown_since = now(), unknown_deadline = now() + interval '1 hour' WHERE id = %s",
        [order.id],
    )
    page = agent.get(f"/desk/orders/{order.id}")
    assert "Possible once the deadline is over" in words(page)
    assert f"/desk/orders/{order.id}" in agent.get("/desk/orders", show="trouble")
    before = ledger_of(who)
    agent.post(f"/desk/orders/{order.id}/presume", 422, evidence="")
    agent.post(f"/desk/orders/{order.id}/presume", 409, evidence="I asked them twice.")
    agent.post(f"/desk/orders/{order.id}/found", 422, remote_id="88", evidence="")
    assert ledger_of(who) == before


def test_an_unknown_outcome_ends_as_undelivered_or_is_found_at_the_delivery_partner():
    who, agent = customer(500), browser()
    lost, there = unknown(who), unknown(who)
    page = agent.post(f"/desk/orders/{lost.id}/presume", evidence="Asked twice; they have no such reference.")
    assert "105.00 Credits went back" in words(page)
    assert (reread(lost.id).status, charge(lost.id).returned) == ("failed", 105 * UNITS)
    number = new_key()
    page = agent.post(f"/desk/orders/{there.id}/found", remote_id=number, evidence="Their panel lists it.")
    assert number in words(page)
    assert (reread(there.id).unknown_since, charge(there.id).returned) == (None, 0)


def unknown(who):
    """An order whose submission nobody knows the outcome of, past its deadline."""
    order = begun(who)
    provider = ensure_provider(f"p-{new_key()}", adapter="sandbox", base_url="http://127.0.0.1:9", active=False)
    keep_deliverable(None)  # as in every test: services can be ordered
    Attempt.objects.create(order_id=order.id, provider_id=provider.id, number=1, reference=uuid4(), state="unknown")
    execute(
        "UPDATE orders_order SET unknown_since = now() - interval '25 hours', unknown_deadline = now() WHERE id = %s",
        [order.id],
    )
    return order


def test_a_deposit_is_confirmed_once_for_what_arrived():
    who, operator = customer(0), browser(Role.OPERATOR)
    asked = deposit(who)
    assert asked.reference in operator.get("/desk/deposits", q=f"CK {asked.reference} tu NGUYEN VAN A")
    page = operator.post(f"/desk/deposits/{asked.id}/confirm", received=str(asked.money))
    assert "100.00 Credits are in the customer's wallet" in words(page)
    assert wallet(who.id).available == 100 * UNITS
    page = operator.post(f"/desk/deposits/{asked.id}/confirm", 409, received=str(asked.money))
    assert "already" in words(page)
    assert wallet(who.id).available == 100 * UNITS


def test_an_unlike_amount_is_parked_and_a_decline_needs_a_reason():
    who, operator = customer(0), browser(Role.OPERATOR)
    less, never = deposit(who), deposit(who)
    page = operator.post(f"/desk/deposits/{less.id}/confirm", received=str(less.money - 25_000))
    assert "Nothing was credited" in words(page)
    assert deposit_by_id(less.id).state == "parked"
    operator.post(f"/desk/deposits/{less.id}/confirm", received=str(less.money - 25_000), why="The bank took a fee.")
    assert wallet(who.id).available == 99 * UNITS
    page = operator.post(f"/desk/deposits/{never.id}/decline", 422, why="")
    assert f'id="form-decline-{never.id}" open' in page
    operator.post(f"/desk/deposits/{never.id}/confirm", 422, received="12.5")
    operator.post(f"/desk/deposits/{never.id}/decline", why="No such transfer after a week.")
    assert deposit_by_id(never.id).state == "declined"
    assert wallet(who.id).available == 99 * UNITS


def test_the_credits_room_adds_up_and_proves_it():
    """On a database of its own: other tests may have left what they seeded in the worker's."""
    with cloned(f"smmatic_room_{new_key()}") as addresses, pointed_at(addresses):
        who, auditor = customer(500), browser(Role.AUDITOR)
        reviewed_case(who)
        assert "Every Credit is accounted for" in words(auditor.get("/desk/credits", prove="1", days="30"))
        assert "Prove it now" in words(auditor.get("/desk/credits", days="x"))


def test_an_operator_adds_a_colleague_and_changes_a_role_but_not_the_own_one():
    operator = browser(Role.OPERATOR)
    address = f"{new_key()}@example.test"
    operator.post("/desk/people/add", email=address, name="Hà", role="agent", language="vi")
    added = person_by_email(address)
    assert (added.role, added.language) == ("agent", "vi")
    page = operator.post("/desk/people/add", 422, email=address, name="Hà", role="agent")
    assert address in page
    operator.post("/desk/people/add", 422, email="nobody", name="x", role="agent")
    operator.post("/desk/people/add", 422, email=f"x{address}", name="x", role="")
    operator.post("/desk/people/add", 422, email=f"x{address}", name="x", role="owner")
    assert person_by_email(f"x{address}") is None
    operator.post(f"/desk/people/{added.id}/role", role="auditor")
    assert person_by_id(added.id).role == "auditor"
    operator.post(f"/desk/people/{operator.who.id}/role", 403, role="auditor")
    assert person_by_id(operator.who.id).role == "operator"


def test_a_customer_is_looked_up_and_given_a_bonus_once():
    who, approver = customer(500), browser(Role.APPROVER)
    assert f"/desk/people/{who.id}" in approver.get("/desk/people", q=who.email[:10].upper())
    page = approver.get(f"/desk/people/{who.id}")
    key = page.split('name="key" value="', 1)[1].split('"', 1)[0]
    for _twice in range(2):
        approver.post(f"/desk/people/{who.id}/give", kind="bonus", credits="20", reason="Tết.", key=key, days="30")
    assert (wallet(who.id).available, wallet(who.id).bonus) == (520 * UNITS, 20 * UNITS)
    before = ledger_of(who)
    page = approver.post(f"/desk/people/{who.id}/give", 422, kind="deposit", credits="20", reason="x", key=new_key())
    approver.post(f"/desk/people/{who.id}/give", 422, kind="bonus", credits="-5", reason="x", key=new_key())
    approver.post(f"/desk/people/{who.id}/give", 422, kind="bonus", credits="5", reason="", key=new_key())
    approver.post(f"/desk/people/{who.id}/give", 422, kind="bonus", credits="5", reason="x", key=new_key(), days="1e3")
    approver.post(
        f"/desk/people/{person(Role.AGENT).id}/give", 404, kind="bonus", credits="5", reason="x", key=new_key()
    )
    assert ledger_of(who) == before


def test_the_policy_room_checks_a_draft_and_activates_only_what_is_proven():
    operator = browser(Role.OPERATOR)
    before = current_policy().id
    shipped = SHIPPED_FILE.read_text(encoding="utf-8")
    assert "Proven" in words(operator.get("/desk/policy"))
    page = operator.post(
        "/desk/policy/check", 200, source=shipped.replace('decision = "approve"', 'decision = "perhaps"', 1)
    )
    assert "nothing was activated" in words(page)
    assert "Line " in words(page)
    operator.post("/desk/policy/activate", 422, source="version = ", why="try")
    operator.post("/desk/policy/check", 422, source=" ")
    page = operator.post("/desk/policy/check", 200, source=shipped)
    assert "It holds" in words(page)
    operator.post("/desk/policy/activate", 422, source=shipped, why="")
    operator.post("/desk/policy/activate", source=shipped, why="the same again")
    assert current_policy().id == before


def test_a_draft_is_checked_while_it_is_written_and_compared_with_what_is_in_force():
    operator = browser(Role.OPERATOR)
    who = customer(500)
    cancel(who, placed(who).id)  # a recorded case, for the back-test and its chart
    assert "Write the draft" in words(operator.get("/desk/policy", edit="1"))
    shipped = SHIPPED_FILE.read_text(encoding="utf-8")
    better = shipped.replace("grace_days = 14", "grace_days = 21").replace('"1.0"', '"1.1"', 1)
    said = words(operator.post("/desk/policy/live", 200, source=better))
    assert "better for the customer" in said
    assert "bonus.grace_days : 14 → 21" in said
    assert "problem; nothing was activated" in words(operator.post("/desk/policy/live", 200, source="format = 1\n[x"))
    assert "This field is needed." in words(operator.post("/desk/policy/live", 200, source=""))
    worse = better.replace("[appeal]\ndays = 7", "[appeal]\ndays = 5", 1)
    page = operator.post("/desk/policy/check", 200, source=worse)
    said = words(page)
    assert "mixed for the customer" in said
    assert "What it would have given back" in said
    assert 'class="bar bar-pair"' in page, "no chart of Credits by clause"
    assert "cases of the last" in said
    assert operator.get(f"/desk/policy/source/{current_policy().id}") == current_policy().document.source
    operator.get("/desk/policy/source/999999", 404)
    named = better.replace('"1.1"', f'"d-{new_key()[:8]}"', 1)
    operator.post("/desk/policy/activate", 422, source=named, why="x", effective="tomorrow")
    page = operator.post("/desk/policy/activate", source=named, why="a longer grace", effective="2095-05-01T09:00")
    assert "a longer grace" in words(page)
    assert "2095" in words(page)
    assert current_policy().version == "1.0"


def test_messages_are_answered_and_leave_the_queue():
    who, agent = customer(0), browser()
    talk = post_message(who, None, "May I have an invoice?").conversation_id
    assert f"/desk/messages/{talk}" in agent.get("/desk/messages")
    agent.post(f"/desk/messages/{talk}/reply", 422, body="", kind="message")
    agent.post(f"/desk/messages/{talk}/reply", body="He asked twice.", kind="note")
    assert f"/desk/messages/{talk}" in agent.get("/desk/messages")
    agent.post(f"/desk/messages/{talk}/reply", body="Yes, by mail.", kind="message")
    assert f"/desk/messages/{talk}" not in agent.get("/desk/messages")
    assert [message.body for message in messages_of(who, talk)] == ["May I have an invoice?", "Yes, by mail."]


def test_the_first_operator_comes_in_by_a_link_that_works_once():
    execute("UPDATE accounts_user SET role = 'auditor' WHERE role = 'operator'")
    link = operator_link()
    visitor = Browser(None)
    page = visitor.get(link)
    assert 'name="password"' in page
    page = visitor.post(link, 422, email="op@example.test", name="Op", password="short")
    assert "op@example.test" in page
    assert "short" not in page.replace("too short", "")
    address = f"{new_key()}@example.test"
    visitor.post(link, email=address, name="Op", password="a sentence to remember")
    assert person_by_email(address).role == "operator"
    visitor.get(link, 404)
    visitor.post(link, 404, email=f"x{address}", name="Op", password="a sentence to remember")
    visitor.get("/welcome/nonsense", 404)


def test_above_the_policys_limit_one_person_gives_nothing_and_may_give_less_at_once():
    who, approver = customer(0), browser(Role.APPROVER)
    approver.post(f"/desk/people/{who.id}/give", kind="bonus", credits="501", reason="Tết.", key=new_key(), days="")
    assert wallet(who.id).available == 0, "a proposal waits for a second person"
    approver.post(f"/desk/people/{who.id}/give", kind="bonus", credits="500", reason="Tết.", key=new_key(), days="")
    assert wallet(who.id).available == 500 * UNITS


def test_the_money_page_says_what_was_earned_of_all_time_only():
    auditor = browser(Role.AUDITOR)
    assert "Earned by delivery" in auditor.get("/desk/credits")
    page = auditor.get("/desk/credits", days="30")
    assert "Returned to customers" in page
    assert "Earned by delivery" not in page
