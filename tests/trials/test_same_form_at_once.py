"""Every form that takes POST, sent many times at the same moment as an impatient person or a broken proxy would: never a
fault, nobody waits for anybody in a circle, and what moves Credits moves them once."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from smmatic.accounts.rules import Role
from smmatic.credits import actions, idempotency
from smmatic.credits.rules import Posting
from smmatic.kernel.database import fetch_all
from tests.databases import Addresses
from tests.trials.checker import check, deadlocks
from tests.trials.routes import BODIES, FORMS, Ground, Route, routes

AT_ONCE = 8
LEFT_OUT = {
    "desk:policy_check", "desk:policy_live", "desk:policy_activate", "dashboard:price", "mfa_reauthenticate",
    "account_reauthenticate",
}  # fmt: skip
"""They change nothing, or have no version to activate twice."""

PROGRAMS = {
    "api:place_order", "api:cancel_order", "api:stop_order", "api:write_message", "api:ask_refund", "api:add_note",
    "api:withdraw_case", "api:make_deposit", "api:take_back_deposit",
}  # fmt: skip
"""Routes of the API that change something."""


@pytest.fixture
def at(shared_ground: Addresses) -> Iterator[Ground]:
    made = Ground()
    made.warm()
    yield made
    made.close()


def copy(client: Client) -> Client:
    """Another browser or program that is the same to the shop."""
    made = Client(raise_request_exception=False)
    made.defaults = dict(client.defaults)
    made.cookies.load(client.cookies.output(header=""))
    return made


def send(at: Ground, route: Route) -> list[int]:
    """Sends one and the same form many times at once; the statuses."""
    address, ready = at.address(route), threading.Barrier(AT_ONCE, timeout=120)
    form = at.form(route.name) if route.room != "api" else BODIES.get(route.name, {})
    form = {name: value for name, value in form.items() if name != "upload"}  # a file is read once
    signed_out = route.name in ("account_signup", "account_reset_password", "welcome")
    who = None if signed_out else at.staff[Role.OPERATOR] if route.room == "desk" else at.victim
    first = at.program(who) if route.room == "api" else at.client(who)
    clients = [copy(first) for _ in range(AT_ONCE)]
    headers = {"Idempotency-Key": f"one-key-{route.name}"}

    def one(number: int) -> int:
        try:
            connection.ensure_connection()
            ready.wait()
            if route.room == "api":
                return clients[number].post(address, form, content_type="application/json", headers=headers).status_code
            return clients[number].post(address, form).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def wrong(at: Ground, ground: Addresses, chosen: list[Route]) -> list[str]:
    """What is wrong after all forms of some routes were sent, each many times at once."""
    found = []
    for route in chosen:
        before = fetch_all("SELECT coalesce(max(id), 0) AS id FROM credits_transfer")[0]["id"]
        statuses = Counter(send(at, route))
        if any(status >= 500 for status in statuses):
            found.append(f"{route.name}: {dict(statuses)} {at.trouble[-1:]}")
        rows = fetch_all("SELECT kind, order_id FROM credits_transfer WHERE id > %s", [before])
        moved = Counter((row["kind"], row["order_id"]) for row in rows)
        found += [f"{route.name}: {key} was booked {count} times" for key, count in moved.items() if count > 1]
        if len({row["order_id"] for row in rows}) > 1:
            found.append(f"{route.name}: moved the Credits of {len({row['order_id'] for row in rows})} orders")
    found += check(ground.app)
    if deadlocks(ground.owner):
        found.append("they waited for each other in a circle")
    return found


def of_room(room: str) -> list[Route]:
    """The routes of a room that take forms."""
    known = PROGRAMS if room == "api" else set(FORMS) - LEFT_OUT
    return [route for route in routes() if route.room == room and route.name in known]


@pytest.mark.parametrize("room", ["dashboard", "desk", "api", "account", ""])
def test_a_form_that_is_sent_many_times_at_once(room: str, at: Ground, shared_ground: Addresses) -> None:
    assert wrong(at, shared_ground, of_room(room)) == []


def test_control_a_key_that_stands_for_nothing(
    at: Ground, shared_ground: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seeded bug: the key of a form is not looked at, so that each sending is a request of its own."""

    def each(account_id: int, key: str, *arguments: object) -> object:
        return idempotency.once(account_id, f"{key}:{threading.get_ident()}", *arguments)  # type: ignore[arg-type]

    def posting(**fields: object) -> Posting:
        key = f"{fields['business_key']}:{threading.get_ident()}"
        return Posting(**(fields | {"business_key": key}))  # type: ignore[arg-type]

    monkeypatch.setattr(actions, "once", each)
    monkeypatch.setattr(actions, "Posting", posting)
    found = wrong(at, shared_ground, [route for route in routes() if route.name == "desk:customer_give"])
    assert any("desk:customer_give: ('bonus', None) was booked" in one for one in found)
