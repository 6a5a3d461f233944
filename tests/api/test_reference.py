"""The description of the API is true, complete and readable without a script."""

import json
import re

import pytest
from django.test import Client

from smmatic.api.application import description
from smmatic.kernel.refusals import RefusalCode
from tests.api.clients import Api, order_body, place, rich
from tests.builders import begun, new_key

pytestmark = pytest.mark.django_db


def test_the_page_lists_every_route_object_and_code_with_an_example():
    page = Client().get("/api/v1/docs").content.decode()
    whole = description("/api/v1")
    for path, methods in whole["paths"].items():
        for found in methods.values():
            assert found["summary"] in page.replace("&#x27;", "'")
            assert found["description"]
        assert path in page
    for code in RefusalCode:
        assert f"<code>{code.value}</code>" in page
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets <= set(re.findall(r'id="([^"]+)"', page)), "a link that leads nowhere"
    assert page.count("curl ") == sum(len(methods) for methods in whole["paths"].values()) + 1


def test_the_page_needs_no_script_of_its_own_and_nothing_from_elsewhere():
    response = Client().get("/api/v1/docs")
    page = response.content.decode()
    assert "'unsafe-inline'" not in response.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


def test_the_page_and_the_description_come_in_vietnamese_too():
    client = Client()
    assert client.get("/api/v1/docs", headers={"accept-language": "vi"}).headers["Content-Language"] == "vi"
    found = client.get("/api/v1/openapi.json", headers={"accept-language": "vi"}).json()
    assert found["paths"].keys() == description("/api/v1")["paths"].keys()


def test_the_description_is_openapi_whose_references_all_resolve():
    whole = Api().get("/openapi.json").body
    assert whole["openapi"].startswith("3.1")
    names = set(whole["components"]["schemas"])
    assert set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(whole))) <= names
    for methods in whole["paths"].values():
        for found in methods.values():
            assert found["operationId"]
            if "post" in methods and found is methods["post"]:
                assert "security" in found
    assert set(whole["components"]["securitySchemes"]) == {"ReadKey", "OrderKey", "RefundKey", "OrderOrRefundKey"}
    needed = [
        item for item in whole["paths"]["/api/v1/orders"]["post"]["parameters"] if item["name"] == "Idempotency-Key"
    ]
    assert needed[0]["required"] is True


def test_answers_have_exactly_the_fields_that_are_described():
    whole = description("/api/v1")["components"]["schemas"]
    who, api = rich()
    row = begun(who, delivered=40)
    asked = api.post(f"/orders/{row.id}/refunds", {"reason": "not_delivered", "words": "missing"}, key=new_key()).body
    samples = {
        "ServiceOut": api.get("/services/SP-LIST").body,
        "QuoteOut": api.post("/quotes", order_body()).body,
        "PlacedOut": api.post("/orders", order_body(), key=new_key()).body,
        "OrderOut": api.get(f"/orders/{row.id}").body,
        "OrderPage": api.get("/orders").body,
        "CancelOut": api.get(f"/orders/{place(api)}/cancel").body,
        "PreviewOut": api.get(f"/orders/{row.id}/refund?reason=defective").body,
        "DecidedOut": asked,
        "CaseOut": api.get(f"/refunds/{asked['case_id']}").body,
        "BalanceOut": api.get("/balance").body,
        "StatementPage": api.get("/statement").body,
        "PolicyOut": api.get("/policy").body,
        "MeOut": api.get("/me").body,
        "KindList": api.get("/transfer-kinds").body,
        "Refused": api.get("/orders/999999999").body,
    }
    for name, body in samples.items():
        assert set(body) == set(whole[name]["properties"]), name


def test_the_example_of_the_page_is_an_order_that_goes_through():
    properties = description("/api/v1")["components"]["schemas"]["OrderIn"]["properties"]
    body = {name: field["examples"][0] for name, field in properties.items() if "examples" in field}
    assert set(body) == {"service", "quantity", "link"}
    answer = rich()[1].post("/orders", body, key=new_key())
    assert (answer.status, answer.body["charged"]["credits"]) == (201, "12.50")


def test_every_amount_is_the_same_in_both_forms():
    _who, api = rich()

    def amounts(part):
        if isinstance(part, dict):
            if set(part) == {"units", "credits"}:
                yield part
            for value in part.values():
                yield from amounts(value)
        elif isinstance(part, list):
            for value in part:
                yield from amounts(value)

    found = [
        *amounts(api.get(f"/orders/{place(api)}").body),
        *amounts(api.get("/statement").body),
        *amounts(api.get("/services").body),
    ]
    assert len(found) > 20
    for item in found:
        whole, _, fraction = item["credits"].lstrip("-").partition(".")
        units = int(whole) * 10_000 + int(fraction.ljust(4, "0"))
        assert item["units"] == (-units if item["credits"].startswith("-") else units)


def test_moments_are_utc_and_answers_are_never_cached():
    _who, api = rich()
    answer = api.get(f"/orders/{place(api)}")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", answer.body["placed_at"])
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_policy_is_whole_and_without_gaps_in_both_languages():
    for language in ("en", "vi"):
        body = Api().get("/policy", accept_language=language).body
        assert body["clauses"][0]["number"] == "1.1"
        assert len(body["clauses"]) == 16
        assert all(clause["text"] and "{" not in clause["text"] for clause in body["clauses"])
        assert body["language"] == language
    assert {item["service_class"]: item["business_days"] for item in body["times"]}["top_up"] == 1
