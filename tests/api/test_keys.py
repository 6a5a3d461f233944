"""Who may ask: keys, scopes, cookies, addresses, and how often."""

import pytest
from django.test import Client, override_settings

from smmatic.accounts.actions import create_api_key, revoke_api_key
from smmatic.accounts.rules import Role
from smmatic.api import limits
from smmatic.kernel.database import fetch_one
from tests.api.clients import ROOT, Api, api_of, order_body, rich, secret_of, storm
from tests.builders import customer, new_key, person

pytestmark = pytest.mark.django_db

PUBLIC = ("/services", "/services/SP-LIST", "/policy", "/refund-reasons", "/transfer-kinds")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer smm_",
        "Basic c21tX3g6eA==",
        "smm_abc",
        "Bearer smm_\x00",
        "Bearer smm_２",
        "Bearer " + "smm_" + "a" * 5000,
    ],
)
def test_without_a_valid_key_nothing_is_answered_and_all_causes_look_alike(header):
    answer = Api(**({"Authorization": header} if header else {})).get("/me")
    assert (answer.status, answer.code) == (401, "api_key_invalid")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_ends_when_it_is_revoked_or_expired_or_its_owner_is_shut_out():
    who = customer(0)
    number, secret = create_api_key(who, label="x", days=1)
    api = Api(secret)
    assert api.get("/me").body["id"] == who.id
    fetch_one("UPDATE accounts_api_key SET expires_at = now() WHERE id = %s RETURNING id", [number])
    assert api.get("/me").code == "api_key_invalid"
    number, secret = create_api_key(who, label="y")
    api = Api(secret)
    assert api.get("/me").status == 200
    revoke_api_key(who, number)
    assert api.get("/me").code == "api_key_invalid"
    api = api_of(who)
    fetch_one("UPDATE accounts_user SET is_active = false WHERE id = %s RETURNING id", [who.id])
    assert api.get("/me").code == "api_key_invalid"


def test_scopes_are_what_a_key_may_do():
    who, _api = rich()
    read, order, refund = (api_of(who, scope) for scope in ("read", "order", "refund"))
    assert read.get("/orders").status == 200
    refused = read.post("/orders", order_body(), key=new_key())
    assert (refused.status, refused.code) == (403, "scope_missing")
    assert "'order'" in refused.body["error"]["next"]
    assert order.get("/orders").code == "scope_missing"
    assert order.post("/orders", order_body(), key=new_key()).status == 201
    assert order.post("/orders/999999999/refunds", {"reason": "changed_mind"}, key=new_key()).code == "scope_missing"
    assert refund.post("/orders/999999999/refunds", {"reason": "changed_mind"}, key=new_key()).code == "not_found"
    assert refund.post("/orders/1/cancel").code == "scope_missing"
    assert refund.upload("a.txt", b"evidence").status == order.upload("b.txt", b"brief").status == 201


def test_staff_have_no_business_at_the_api():
    for role in (Role.AGENT, Role.APPROVER, Role.OPERATOR, Role.AUDITOR):
        answer = api_of(person(role)).get("/orders")
        assert (answer.status, answer.code) == (403, "customers_only")


def test_a_signed_in_browser_is_nobody_here_and_gets_no_cookie():
    who = customer(1000)
    client = Client(raise_request_exception=False)
    from django.contrib.auth import get_user_model

    client.force_login(
        get_user_model().objects.get(id=who.id), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    assert client.get("/wallet").status_code == 200, "the session is a good one"
    for response in (
        client.get(f"{ROOT}/balance"),
        client.post(f"{ROOT}/orders", "{}", content_type="application/json"),
        client.get(f"{ROOT}/services"),
    ):
        assert response.status_code in (401, 200)
        assert not response.cookies
    assert client.get(f"{ROOT}/balance").json()["error"]["code"] == "api_key_invalid"


@pytest.mark.parametrize("name", ["key", "api_key", "KEY", "token", "access_token", "Authorization", "anything"])
@pytest.mark.parametrize("path", ["/balance", "/services", "/nothing/here", "/orders"])
def test_a_key_in_an_address_is_refused_even_where_none_is_needed(name, path):
    secret = secret_of(customer(0))
    answer = Api(secret).get(f"{path}?{name}={secret}")
    assert (answer.status, answer.code) == (400, "api_key_in_address")
    assert secret not in answer.headers["raw"]
    assert Api().get(f"/{secret}").code == "api_key_in_address"


def test_what_is_public_needs_no_key():
    for path in PUBLIC:
        assert Api().get(path).status == 200
        assert Api("smm_wrong").get(path).status == 200


def test_every_other_route_needs_one():
    from smmatic.api.application import description

    for path, methods in description("").get("paths", {}).items():
        for method in methods:
            if path.replace("{code}", "SP-LIST") in PUBLIC:
                continue
            answer = Api().call(
                method,
                path.replace("{", "")
                .replace("}", "")
                .replace("order_id", "1")
                .replace("case_id", "1")
                .replace("file_id", "1")
                .replace("deposit_id", "1"),
                {} if method == "post" and path != "/files" else None,
            )
            assert answer.status in (401, 415), (method, path, answer.body)
            assert answer.code in ("api_key_invalid", "body_type")


def test_a_key_is_counted_over_all_threads_and_refused_above_its_limit():
    api = rich(0)[1]
    with override_settings(SMMATIC_API_CALLS_PER_MINUTE=30):
        # Two windows at most lie under these requests.
        answers = storm([lambda: [api_of_again(api) for _ in range(10)] for _ in range(8)])
    flat = [answer for group in answers for answer in group]
    assert sum(answer.status == 200 for answer in flat) in range(30, 61)
    refused = [answer for answer in flat if answer.status == 429]
    assert len(refused) >= 20
    assert refused[0].code == "rate_limited"
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 60


def api_of_again(api: Api) -> object:
    other = Api()
    other.client.defaults.update(api.client.defaults)
    return other.get("/me")


def test_a_window_ends_and_keys_do_not_share_one():
    from datetime import UTC, datetime, timedelta

    moment = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
    with override_settings(SMMATIC_API_CALLS_PER_MINUTE=2):
        assert limits.count_call(-1, moment).remaining == 1
        assert limits.count_call(-1, moment).remaining == 0
        with pytest.raises(Exception, match="rate_limited") as refused:
            limits.count_call(-1, moment)
        assert refused.value.facts == {"seconds": 30}
        assert limits.count_call(-2, moment).remaining == 1
        assert limits.count_call(-1, moment + timedelta(seconds=30)).first


def test_the_count_is_not_written_to_the_log_of_the_database():
    row = fetch_one("SELECT relpersistence AS kind FROM pg_class WHERE relname = 'api_window'")
    assert row == {"kind": "u"}


def test_the_day_of_a_keys_last_use_is_noted():
    who, api = rich(0)
    api.get("/me")
    row = fetch_one("SELECT last_used_on FROM accounts_api_key WHERE user_id = %s", [who.id])
    assert row is not None
    assert row["last_used_on"] is not None
