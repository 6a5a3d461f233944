"""A service that nobody delivers is not sold: its column is kept by fulfilment, and placing looks at it."""

from collections.abc import Iterator

import pytest

from smmatic.catalogue import queries as catalogue
from smmatic.catalogue.steps import keep_deliverable
from smmatic.fulfilment.actions import ensure_provider, switch_off
from smmatic.fulfilment.models import Provider
from smmatic.kernel.database import fetch_one
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders import actions as orders
from smmatic.orders.actions import OrderRequest
from tests.builders import ADS_ACCOUNT, customer, ledger_of, new_key, placed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _everything_afterwards() -> Iterator[None]:
    Provider.objects.update(active=False)
    yield
    Provider.objects.update(active=False)
    keep_deliverable(None)  # as in every test: services can be ordered


def deliverable(code: str) -> bool:
    row = catalogue.service_by_code(code)
    assert row is not None
    return row.deliverable


def test_only_what_an_active_provider_delivers_can_be_ordered() -> None:
    who = customer()
    ours = ensure_provider(f"p-{new_key()}", adapter="sandbox", base_url="http://127.0.0.1:9", services=["GG-ADS"])
    before = ledger_of(who)
    with pytest.raises(Refusal) as refused:
        placed(who, "TT-ADS")
    assert refused.value.code == RefusalCode.SERVICE_UNAVAILABLE
    assert ledger_of(who) == before
    assert deliverable("GG-ADS")
    switch_off(ours.code)
    assert not deliverable("GG-ADS")
    ensure_provider(f"p-{new_key()}", adapter="sandbox", base_url="http://127.0.0.1:9")
    assert placed(who, "TT-ADS").status == "pending"


def test_what_staff_deliver_and_the_versions_of_terms_stay_as_they_are() -> None:
    staffed = [row for row in catalogue.services() if row.delivery == "staff"]
    before = {row.code: row.version for row in catalogue.services()}
    ensure_provider(f"p-{new_key()}", adapter="sandbox", base_url="http://127.0.0.1:9", services=["GG-ADS"])
    assert staffed
    assert all(deliverable(row.code) for row in staffed)
    assert {row.code: row.version for row in catalogue.services()} == before


def test_the_database_says_why_a_service_cannot_be_ordered() -> None:
    row = catalogue.service_by_code("TT-ADS")
    assert row is not None

    def said(version: int) -> object:
        found = fetch_one("SELECT catalogue_service_refusal_v1(%s, %s) AS code", [row.id, version])
        return found and found["code"]

    keep_deliverable(None)
    assert (said(row.version), said(row.version + 1)) == (None, "terms_changed")
    keep_deliverable({"GG-ADS"})
    assert said(row.version) == "service_unavailable"


@pytest.mark.parametrize("several", [False, True])
def test_placing_in_the_database_refuses_a_service_that_lost_its_provider_since_it_was_priced(
    several: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, who = catalogue.service_by_code("TT-ADS"), customer()
    assert row is not None
    request = OrderRequest(row.id, quantity=100, link=ADS_ACCOUNT)
    keep_deliverable(None)
    priced = orders.quote(who, request)
    monkeypatch.setattr(orders, "quote", lambda *_: priced)
    keep_deliverable({"GG-ADS"})
    before = ledger_of(who)
    if several:
        told = orders.place_many(who, [request, request], key=new_key(), channel="api", all_or_nothing=False)
        refusals = [line.refusal for line in told.rows]
        assert [one.code for one in refusals if isinstance(one, Refusal)] == [RefusalCode.SERVICE_UNAVAILABLE] * 2
    else:
        with pytest.raises(Refusal) as refused:
            orders.place(who, request, key=new_key(), channel="page")
        assert refused.value.code == RefusalCode.SERVICE_UNAVAILABLE
    assert ledger_of(who) == before
