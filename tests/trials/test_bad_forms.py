"""Bad input in every field of every form that takes POST: a 4xx that says what to do, never a fault, nothing changed.

A page may let a value pass where it is harmless there (words that look like numbers are words). It may never let pass
what no page of ours sends: NUL, letters that turn the direction of text, texts beyond all bounds.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from smmatic.accounts.rules import Role
from smmatic.kernel.refusals import Refusal, RefusalCode
from tests.databases import Addresses
from tests.trials.routes import FORMS, Ground, Route, fingerprint, routes

SEED = 20261123

NEVER = {
    "NUL": "a\x00b",
    "turned": "abc\u202edef",
    "invisible": "a\u200bb",
    "endless": "x" * 60_000,
}
"""What no field takes that reads text at all."""

ODD = {
    "5,000": "y" * 5_000,
    "300": "z" * 300,
    "address of 300": "a@" + "b." * 147 + "test",
    "full width": "\uff11\uff12",
    "huge": "9" * 30,
    "bigint": str(2**63),
    "negative": "-1",
    "exponent": "1e400",
    "grouped": "1_000",
    "fraction": "1.23456789",
    "Arabic digits": "\u0661\u0662",
    "empty": "",
    "spaces": "   ",
    "lines": "a\r\nb\nc",
    "markup": "<script>alert(1)</script>{{ 7 * 7 }}",
    "quotes": "'; DROP TABLE accounts_user; --",
    "surrogate": "a\ud800b",
    "format": "%s %(x)s {0} {x}",
    "list": "1,2",
    "true": "true",
}
"""What some fields take and others refuse; none may fail on it."""

READS_NO_TEXT = {
    # Fields that stand for one of a few words, where every other word is the same as leaving them out; and passwords,
    # which are nobody's to read.
    "start_now", "remove_file", "file_ids", "terms_version", "policy_version_id", "scopes", "upload", "next", "remember",
    "action_add", "language", "kind", "password1", "password2", "oldpassword",
}  # fmt: skip

PART_OF_THE_PAGE = {
    "dashboard:price",
    "dashboard:upload",
    "desk:policy_check",
    "desk:policy_live",
    "mfa_activate_totp",
    "account_confirm_login_code",
}
"""They show what is wrong with what is typed as their answer, or lead to where it must begin; they change nothing."""

SIGNED_OUT = {"account_signup", "account_reset_password", "account_reset_password_from_key", "account_confirm_login_code",
              "welcome", "language"}  # fmt: skip
LEFT_OUT = {"account_logout", "account_login", "mfa_authenticate", "mfa_reauthenticate", "account_reauthenticate"}
"""Doors: they count failures and shut; their own tests try them."""


@dataclass(frozen=True)
class Sending:
    """One form with one thing wrong."""

    route: Route
    field: str
    what: str
    form: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.route.name}, {self.field or 'no field'}: {self.what}"


@pytest.fixture
def at(shared_ground: Addresses) -> Iterator[Ground]:
    made = Ground()
    yield made
    made.close()


def sendings(at: Ground, room: str, draw: random.Random, each: int) -> Iterator[Sending]:
    """For every field of every form of a room: everything that never passes, and a draw of what is odd."""
    for route in routes():
        if route.room != room or route.name not in FORMS or route.name in LEFT_OUT:
            continue
        for field in at.form(route.name):
            known = NEVER | ODD
            chosen = ["NUL", draw.choice(("turned", "invisible", "endless")), *draw.sample(sorted(ODD), each)]
            for what, value in ((name, known[name]) for name in chosen):
                yield Sending(route, field, what, at.form(route.name) | {field: value})
            yield Sending(route, field, "missing", {k: v for k, v in at.form(route.name).items() if k != field})
            if draw.random() < 0.3:
                yield Sending(route, field, "twice", at.form(route.name) | {field: ["1", "a\x00"]})
        yield Sending(route, "", "nothing at all", {})
        yield Sending(route, "", "200 fields more", at.form(route.name) | {f"f{n}": "1" for n in range(201)})
    for route in routes():
        if route.room == room and route.name in FORMS and "upload" in at.form(route.name):
            for name, content in FILES.items():
                file = SimpleUploadedFile(name, content)
                yield Sending(route, "upload", name, at.form(route.name) | {"upload": file})


FILES = {
    "large.txt": b"a" * (10 * 1024 * 1024 + 1),
    "empty.txt": b"",
    "no extension": b"MZ\x90",
    "a\x00b\u202etxt.exe": b"MZ\x90\x00",
    "../../etc/passwd": b"root:x:0:0",
    "picture.png": b"<svg onload=alert(1)>",
    "n" * 500 + ".txt": b"text",
}


def wrong(at: Ground, room: str, sent: Iterator[Sending]) -> list[str]:
    """Forms that failed, that were refused without a word, or that changed something though they were refused."""
    found: list[str] = []
    client = at.client(at.staff[Role.OPERATOR] if room == "desk" else at.victim)
    at.warm()
    before = fingerprint()
    for one in sent:
        form = {name: value for name, value in one.form.items() if value is not None}
        if room in ("", "account"):  # a new browser each time: one of these forms signs in, others count failures
            client = at.client(None if one.route.name in SIGNED_OUT else at.victim)
        answer = _send(client, at.address(one.route), form)
        text = answer.content.decode("utf-8", "replace")
        after = fingerprint() if answer.status_code < 400 or one.what in NEVER else before
        if answer.status_code >= 500:
            found.append(f"{one}: {answer.status_code} {at.trouble[-1:]}")
        elif answer.status_code >= 400:
            if not _says(text):
                found.append(f"{one}: {answer.status_code} without a sentence")
            if after != before:
                found.append(f"{one}: {answer.status_code}, and {changed(before, after)} changed")
        elif _passed(one, text, room):
            found.append(f"{one}: let pass with {answer.status_code}")
        before = after
    return found


def _passed(one: Sending, page: str, room: str) -> bool:
    if one.what not in NEVER or one.field in READS_NO_TEXT or one.route.name in PART_OF_THE_PAGE:
        return False
    return room != "account" or not _says(page)  # the forms of others show their errors with 200


def changed(before: dict[str, str], after: dict[str, str]) -> str:
    """Which tables are not as they were."""
    return ", ".join(table for table in before if before[table] != after[table])


def _send(client: Client, address: str, form: dict[str, Any]) -> Any:
    """Sends a form as a browser would; a lone surrogate goes as the bytes that a program could send."""
    if any("\ud800" in str(value) for value in form.values()):
        from urllib.parse import quote

        body = "&".join(f"{name}={quote(str(value).encode('utf-8', 'surrogatepass'))}" for name, value in form.items())
        return client.post(address, body, content_type="application/x-www-form-urlencoded")
    return client.post(address, form)


def _says(page: str) -> bool:
    """Whether a page says what is wrong: at a field, above the form, or as a page of its own."""
    return bool(re.search(r'data-refusal="|class="field-error"|class="errorlist|<p class="small mt-3 mb-0">', page))


@pytest.mark.parametrize("room", ["dashboard", "desk", "account", ""])
def test_no_field_of_any_form_breaks_it(at: Ground, room: str) -> None:
    draw = random.Random(SEED)
    assert wrong(at, room, sendings(at, room, draw, 1)) == []


@pytest.mark.parametrize("room", ["dashboard", "desk", ""])
def test_no_address_breaks_a_page(at: Ground, room: str) -> None:
    """Names in addresses, cursors and searches: NUL, numbers beyond the database, words that nobody types."""
    client = at.client(at.staff[Role.OPERATOR] if room == "desk" else at.victim)
    numbers = ("0", "9223372036854775807", "9223372036854775808", "9" * 40, "00001")
    words = ("%00", "a%00b", "%e2%80%ae", "%ff%fe", "x" * 3_000, "%ed%a0%80", "..%2f..%2f", "%27%3b--")
    queries = ("after=%00", "after=-1", "after=9223372036854775808", "q=%00", "q=%ed%a0%80&show=%00&by=%00", "page=1e400",
               "reason=%00", "clause=%00", "days=%00&prove=%00", "lang=%00", "to=%00", "category=%00&platform=%00",
               "credits=%ef%bc%91", "link=%00&quantity=%00&texts=%00&runs=%00&interval_minutes=%00")  # fmt: skip
    found = []
    for route in routes():
        if route.room != room or route.name.endswith("None"):
            continue
        there = at.address(route)
        addresses = [f"{there}?{query}" for query in queries]
        for name, value in at.values(route).items():
            wild = words if isinstance(value, str) else numbers
            addresses += [there.replace(f"/{value}", f"/{one}", 1) for one in wild if name]
        for address in addresses:
            answer = client.get(address)
            if answer.status_code >= 500 and not (route.name == "readyz" and answer.status_code == 503):
                found.append(f"GET {address[:200]}: {answer.status_code} {at.trouble[-1:]}")
    assert found == []


def test_the_doors_refuse_odd_input_without_failing(at: Ground) -> None:
    """Signing in with whatever: told the same as for a wrong password, until the door asks to wait."""
    client = at.client(None)
    for value in [*NEVER.values(), *ODD.values()]:
        for field in ("login", "password"):
            form = {"login": "nobody@example.test", "password": "a wrong one"} | {field: value}
            answer = _send(client, "/account/login/", form)
            assert answer.status_code in (200, 400, 429), (value[:20], answer.status_code, at.trouble)
            assert "_auth_user_id" not in client.session


def test_control_a_field_that_trusts_what_it_is_sent(at: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded bug: texts are stored as they come; PostgreSQL takes no NUL, and the page fails."""
    from smmatic.support import actions as support

    monkeypatch.setattr(support, "_body", lambda body: str(body))
    draw = random.Random(SEED)
    tried = [one for one in sendings(at, "dashboard", draw, 1) if one.route.name == "dashboard:help_write"]
    turned = Sending(tried[0].route, "body", "turned", {"body": NEVER["turned"]})
    found = wrong(at, "dashboard", iter([*tried, turned]))
    assert any("help_write, body: NUL: 500" in one for one in found)
    assert any("help_write, body: turned: let pass" in one for one in found)


def test_control_a_refusal_that_charged(at: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded bug: a refused order is charged all the same."""
    from smmatic.dashboard import place as room
    from tests.builders import give

    def charging(person: Any, *_arguments: Any, **_named: Any) -> None:
        give(person, 1)
        raise Refusal(RefusalCode.FIELD_MISSING, "link")

    monkeypatch.setattr(room, "place", charging)
    draw = random.Random(SEED)
    found = wrong(
        at, "dashboard", (one for one in sendings(at, "dashboard", draw, 1) if one.route.name == "dashboard:place")
    )
    assert any("credits_transfer" in one and one.endswith("changed") for one in found)
