"""Who may come in: every route of the desk, by every role and both verbs, and what each refusal leaves untouched."""

import pytest
from django.urls import URLPattern, reverse

from smmatic.accounts.rules import Permission, Role, allows
from smmatic.desk.urls import urlpatterns
from tests.builders import customer, ledger_of, person
from tests.web.desk.builders import Browser, deposit, reviewed_case, staff_order

pytestmark = pytest.mark.django_db

NEEDS = {
    "case_claim": Permission.CASE_WORK, "case_delivered": Permission.CASE_WORK, "case_decide": Permission.CASE_WORK,
    "case_approve": Permission.CASE_APPROVE, "case_send_back": Permission.CASE_APPROVE,
    "case_write": Permission.CASE_WORK, "case_goodwill": Permission.CREDITS_GRANT,
    "work_take": Permission.STAFF_WORK, "work_progress": Permission.STAFF_WORK, "work_finish": Permission.STAFF_WORK,
    "work_refuse": Permission.STAFF_WORK, "work_give_up": Permission.STAFF_WORK, "work_stop": Permission.STAFF_WORK,
    "work_write": Permission.CASE_WORK, "order_presume": Permission.ORDER_RESOLVE,
    "order_found": Permission.ORDER_RESOLVE, "order_refuse": Permission.ORDER_RESOLVE,
    "order_give_up": Permission.ORDER_RESOLVE, "order_write": Permission.CASE_WORK,
    "talk_reply": Permission.CASE_WORK, "deposit_confirm": Permission.DEPOSIT_CONFIRM,
    "deposit_decline": Permission.DEPOSIT_CONFIRM, "person_add": Permission.PEOPLE_MANAGE,
    "person_role": Permission.PEOPLE_MANAGE, "customer_give": Permission.CREDITS_GRANT,
    "policy_check": Permission.POLICY_ACTIVATE, "policy_activate": Permission.POLICY_ACTIVATE,
    "policy_live": Permission.POLICY_ACTIVATE,
}  # fmt: skip
"""Routes that write, and what they need. Every other route only reads."""

NAMES = [str(pattern.name) for pattern in urlpatterns if isinstance(pattern, URLPattern)]
READS = sorted(set(NAMES) - set(NEEDS))


def addresses() -> dict[str, str]:
    """The address of each route, leading to something that is there."""
    who = customer(500)
    case, work, asked = reviewed_case(who), staff_order(who), deposit(who)
    from smmatic.orders.actions import keep_file
    from smmatic.support.actions import post_message

    file = keep_file(who, name="a.txt", content=b"text")
    talk = post_message(who, None, "Hello").conversation_id
    from smmatic.policy.queries import current_policy

    values = {
        "version_id": current_policy().id, "case_id": case.id, "order_id": work.id, "deposit_id": asked.id, "file_id": file.id, "conversation_id": talk,
        "person_id": who.id,
    }  # fmt: skip
    return {
        name: reverse(
            f"desk:{name}", kwargs={key: value for key, value in values.items() if f"<int:{key}>" in str(p.pattern)}
        )
        for p in urlpatterns
        for name in [str(p.name)]
    }


def test_every_route_is_known_to_this_table():
    assert set(NEEDS) <= set(NAMES)


def test_customers_find_nothing_at_any_address_with_any_verb():
    stranger = customer(10)
    there = Browser(stranger)
    unknown = there.client.get("/desk/nothing-here")
    for name, address in addresses().items():
        for answer in (there.client.get(address), there.client.post(address, {}), there.client.put(address)):
            assert answer.status_code == 404, (name, answer.status_code)
        assert words_alike(there.client.get(address).content, unknown.content), name


def test_visitors_are_sent_to_sign_in_and_their_forms_refused():
    visitor = Browser(None)
    for name, address in addresses().items():
        answer = visitor.client.get(address)
        assert answer.status_code == 302, name
        assert answer["Location"].startswith("/account/login/"), name
        assert visitor.client.post(address, {}).status_code == 401, name


@pytest.mark.parametrize("role", [Role.AGENT, Role.APPROVER, Role.OPERATOR, Role.AUDITOR])
def test_each_role_reads_everything_and_writes_only_what_the_permission_table_gives(role):
    who = person(role)
    at_desk = Browser(who)
    for name, address in addresses().items():
        if name in READS:
            assert at_desk.client.get(address).status_code == 200, name
            assert at_desk.client.post(address, {}).status_code == 405, name
            continue
        assert at_desk.client.get(address).status_code == 405, name
        if not allows(role, NEEDS[name]):
            answer = at_desk.client.post(address, {})
            assert answer.status_code == 403, (name, answer.status_code)
            assert "Your role does not allow this." in answer.content.decode(), name


def test_an_auditors_forms_change_nothing():
    who, auditor = customer(500), Browser(person(Role.AUDITOR))
    case, asked = reviewed_case(who), deposit(who)
    before = ledger_of(who)
    auditor.post(f"/desk/cases/{case.id}/decide", 403, version="1")
    auditor.post(
        f"/desk/cases/{case.id}/claim", 403, version="1", claim="fulfilment_fault", proof="verified", evidence="x"
    )
    auditor.post(f"/desk/deposits/{asked.id}/confirm", 403, received=str(asked.money))
    auditor.post(f"/desk/people/{who.id}/give", 403, kind="bonus", credits="5", reason="x", key="12345678")
    assert ledger_of(who) == before


def test_buttons_that_a_role_may_not_press_are_not_there():
    who = customer(500)
    case, work, asked = reviewed_case(who), staff_order(who), deposit(who)
    pages = [
        f"/desk/cases/{case.id}", f"/desk/work/{work.id}", f"/desk/orders/{work.id}", "/desk/deposits", "/desk/people",
        f"/desk/people/{who.id}", "/desk/policy",
    ]  # fmt: skip
    auditor, agent = Browser(person(Role.AUDITOR)), Browser(person(Role.AGENT))
    for page in pages:
        main = auditor.get(page).split("<main", 1)[1].split("</main>", 1)[0]
        assert 'method="post"' not in main, page
    assert "/confirm" not in agent.get("/desk/deposits")
    assert "/give" not in agent.get(f"/desk/people/{who.id}")
    assert "/desk/people/add" not in agent.get("/desk/people")
    assert "/activate" not in agent.get("/desk/policy")
    assert asked.reference in agent.get("/desk/deposits")


def test_what_is_not_there_is_not_found():
    operator = Browser(person(Role.OPERATOR))
    for page in (
        "/desk/cases/999999",
        "/desk/work/999999",
        "/desk/orders/999999999999999999999",
        "/desk/people/999999",
    ):
        operator.get(page, 404)
    operator.post("/desk/cases/999999/decide", 404, version="1")


def words_alike(one: bytes, other: bytes) -> bool:
    """Whether two pages say the same, tokens of forms aside."""
    import re

    def said(page: bytes) -> str:
        return re.sub(r'value="[A-Za-z0-9]{20,}"|"X-CSRFToken": "[^"]+"|name="next" value="[^"]*"', "", page.decode())

    return said(one) == said(other)


def test_a_page_that_follows_by_itself_goes_to_sign_in_as_a_whole():
    answer = Browser(None).client.get(
        "/desk/cases", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/desk/cases"}
    )
    assert (answer.status_code, answer["HX-Redirect"]) == (200, "/account/login/?next=/desk/cases")
