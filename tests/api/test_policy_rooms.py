"""The policy's rooms of the API: the installation's own address, and services that the policy in force does not know."""

from dataclasses import replace

import pytest
from django.test import override_settings

from smmatic.api.rooms import catalogue
from smmatic.policy.queries import current_policy
from tests.api.clients import Api

pytestmark = pytest.mark.django_db


def test_the_policy_names_the_installations_own_support_address():
    with override_settings(SMMATIC_SUPPORT_ADDRESS="help@shop.example"):
        body = Api().get("/policy").body
    assert body["support_address"] == "help@shop.example"
    clause = next(one for one in body["clauses"] if one["number"] == "6.1")
    assert "help@shop.example" in clause["text"]
    assert "support@smmatic.com" not in str(body)


def test_a_service_of_a_class_that_the_policy_does_not_know_gets_its_longest_time(monkeypatch):
    row = current_policy()
    classes = row.document.service_classes
    shorter = replace(row, document=replace(row.document, service_classes=classes[:-1]))
    monkeypatch.setattr(catalogue, "current_policy", lambda: shorter)
    answer = Api().get("/services")
    assert answer.status == 200
    days = {one["service_class"]: one["decision_days"] for one in answer.body["items"]}
    assert days[classes[-1].id] == max(one.business_days for one in classes[:-1])
