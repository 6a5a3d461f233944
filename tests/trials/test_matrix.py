"""Who may come where: every route of the URL conf by every kind of person and both verbs, forms as our pages send them.

Another customer's object does not exist; for customers there is no desk; an auditor changes nothing; nobody gets a
fault. The table is generated, so that a new route is in it, or fails it, on the day it is added.
"""

from collections.abc import Iterator

import pytest
from django.test import Client

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission, Role, allows
from smmatic.desk import common as desk_common
from tests.databases import Addresses
from tests.trials.routes import BODIES, FORMS, Ground, Route, fingerprint, routes
from tests.web.desk.test_doors import NEEDS

OF_EVERYBODY = {"dashboard:services", "dashboard:service", "api:index", "api:docs", "api:openapi"}
PUBLIC_API = {"api:list_services", "api:read_service", "api:read_policy", "api:list_reasons", "api:list_kinds"}
LOOSE = {"mfa_index", "mfa_view_recovery_codes", "mfa_download_recovery_codes", "account_inactive"} | {
    "reseller_api", "reseller_api_slash", "provider_callback", "mail_hook",
}  # fmt: skip
"""Pages of others that read and answer POST like GET; API v2, which says every 'no' with status 200; signed calls of
providers and of mail services, which have a key in place of a form."""

HERE = [route for route in routes() if "rest" not in route.wants and not route.name.endswith("None")]


@pytest.fixture
def at(shared_ground: Addresses) -> Iterator[Ground]:
    made = Ground()
    yield made
    made.close()


def test_every_form_is_known(at: Ground) -> None:
    """A route that takes POST has a form here; one that has a form takes POST."""
    for route in HERE:
        if route.room == "api":
            continue
        visitor = at.client(at.staff[Role.OPERATOR] if route.room == "desk" else None)
        takes = visitor.post(at.address(route), {}).status_code != 405 and route.name not in LOOSE
        assert takes == (route.name in FORMS), route.name


def wrong(at: Ground, room: str, clients: dict[str, Client], *, only: str = "") -> list[str]:
    """Answers of a room that are not of the class that they must be of, and refusals that changed something."""
    found = []
    for route in HERE:
        if route.room != room or only not in route.name:
            continue
        address = at.address(route)
        body = next((BODIES[one.name] for one in HERE if one.name in BODIES and one.pattern == route.pattern), {})
        before = fingerprint()
        for who, client in clients.items():
            for verb in ("GET", "POST"):
                expected = EXPECTED[room](route, who, verb)
                if expected is None:
                    continue  # theirs to do: the tests of the rooms do it
                if verb == "GET":
                    answer = client.get(address)
                elif route.name == "api:upload_file":
                    answer = client.post(address, at.upload())
                elif room == "api":
                    answer = client.post(
                        address, body, content_type="application/json", headers={"Idempotency-Key": "a-key-of-mine"}
                    )
                else:
                    answer = client.post(address, at.form(route.name) if route.name in FORMS else {})
                if answer.status_code not in expected:
                    found.append(f"{who} {verb} {route.name}: {answer.status_code}, not {expected}")
        after = fingerprint()
        found += [f"{route.name}: {table} changed" for table in before if before[table] != after[table]]
    return found + at.trouble


def of_dashboard(route: Route, who: str, verb: str) -> tuple[int, ...] | None:
    """A customer's rooms: another's object is not there, visitors sign in, staff are sent to their desk."""
    form, thing = route.name in FORMS, set(route.wants) - {"code"}
    if route.name in OF_EVERYBODY:
        return (200,) if verb == "GET" else (405,)
    if verb == "POST" and not form:
        return (405,)
    if verb == "GET" and form:
        return (302, 405)  # to the page with the form, which says the same to everybody
    if who == "visitor":
        return (302,) if verb == "GET" else (401,)
    if who in ("agent", "approver", "operator", "auditor"):
        return (302,)
    if who == "stranger" and thing:
        return (404,)
    if route.name == "dashboard:notice":
        return (302,) if verb == "GET" else None  # it leads to the page that it is about
    return (200,) if verb == "GET" else None


def of_desk(route: Route, who: str, verb: str) -> tuple[int, ...] | None:
    """The desk: nothing there for customers; staff read all of it and write what the permission table gives."""
    name = route.name.partition(":")[2]
    if who == "visitor":
        return (302,) if verb == "GET" else (401,)
    if who in ("stranger", "victim"):
        return (404,)
    if (verb == "POST") != (route.name in FORMS):
        return (405,)
    if verb == "GET":
        return (200,)
    return None if allows(who, NEEDS.get(name, Permission.DESK_READ)) else (403,)


def of_api(route: Route, who: str, verb: str) -> tuple[int, ...] | None:
    """The API: a key, of a customer; another's object is not there."""
    if route.name in OF_EVERYBODY | PUBLIC_API:
        return (200, 405)
    if who == "visitor":
        return (401, 405)
    if who in ("agent", "approver", "operator", "auditor"):
        return (403, 405)
    if who == "stranger" and set(route.wants) - {"code"}:
        return (404, 405)
    return (200, 405) if verb == "GET" and route.name != "api:read_refund" else None


def of_public(route: Route, who: str, verb: str) -> tuple[int, ...] | None:
    """Pages that are nobody's: for everybody, and never a fault. What they take is in the trial of bad input."""
    return (200, 302, 301, 403, 404, 405, 503) if verb == "GET" else None


EXPECTED = {"dashboard": of_dashboard, "desk": of_desk, "api": of_api, "": of_public, "notices": of_public,
            "account": of_public}  # fmt: skip


def browsers(at: Ground) -> dict[str, Client]:
    """Everybody's browser."""
    people: dict[str, Person | None] = {"visitor": None, "stranger": at.stranger, "victim": at.victim}
    return {who: at.client(one) for who, one in people.items()} | {
        str(role): at.client(one) for role, one in at.staff.items()
    }


def test_the_rooms_of_customers(at: Ground) -> None:
    assert wrong(at, "dashboard", browsers(at)) == []


def test_the_desk(at: Ground) -> None:
    assert wrong(at, "desk", browsers(at)) == []


def test_the_api(at: Ground) -> None:
    programs = {"visitor": at.program(None), "stranger": at.program(at.stranger), "victim": at.program(at.victim)}
    programs |= {str(role): at.program(one) for role, one in at.staff.items()}
    assert wrong(at, "api", programs) == []


@pytest.mark.parametrize("room", ["", "account", "notices"])
def test_pages_that_are_nobodys(at: Ground, room: str) -> None:
    clients = browsers(at)
    assert wrong(at, room, {who: clients[who] for who in ("visitor", "stranger", "auditor")}) == []


def test_what_another_customer_has_looks_like_nothing(at: Ground) -> None:
    """The 404 of an object that is there is the 404 of one that is not, word for word."""
    client = at.client(at.stranger)
    for route in HERE:
        things = set(route.wants) & {"order_id", "case_id", "deposit_id", "file_id", "key_id", "batch_id"}
        if route.room != "dashboard" or not things:
            continue
        there, nowhere = at.address(route), at.address(route, **dict.fromkeys(things, 9_000_000_000))
        for one, other in ((client.get(there), client.get(nowhere)), (client.post(there), client.post(nowhere))):
            assert one.status_code == other.status_code, route.name
            if one.status_code == 404:
                assert _said(one.content, there) == _said(other.content, nowhere), route.name


def _said(page: bytes, address: str) -> str:
    import re

    text = page.decode().replace(address, "ADDRESS")
    return re.sub(r'value="[A-Za-z0-9]{20,}"|"X-CSRFToken": "[^"]+"', "", text)


def test_control_a_desk_that_forgets_to_ask_what_somebody_may(at: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Person, "need", lambda *_: None)
    found = wrong(at, "desk", {"auditor": at.client(at.staff[Role.AUDITOR])}, only="case_")
    assert any("auditor POST desk:case_approve: 302" in one for one in found), found
    assert any(one.endswith("credits_transfer changed") for one in found), found


def test_control_a_room_that_forgets_to_ask_whose_an_order_is(at: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Person, "may", lambda *_: True)
    assert wrong(at, "dashboard", {"stranger": at.client(at.stranger)}, only="dashboard:order")


def test_control_a_desk_for_everybody(at: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_common, "person_of", lambda _: at.staff[Role.AUDITOR])
    assert wrong(at, "desk", {"stranger": at.client(at.stranger)}, only="desk:orders")
