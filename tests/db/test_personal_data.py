"""A customer takes all of theirs along, and asks to be forgotten: words go from every table, the ledger stays provable."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from typing import Any

import psycopg
import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.models import Session
from django.core import mail as django_mail
from django.db import DatabaseError
from django.test import Client

from smmatic.accounts.queries import Person, person
from smmatic.accounts.rules import Role
from smmatic.credits.queries import statement, wallet
from smmatic.kernel.amounts import UNITS
from smmatic.kernel.database import execute, fetch_all
from smmatic.kernel.refusals import Refusal
from smmatic.orders.queries import events_of
from smmatic.policy.explanations import explain
from smmatic.policy.queries import policy
from smmatic.privacy.actions import ask_erasure, confirm_erasure, erase_due, withdraw_erasure
from smmatic.privacy.queries import erasure_of, export
from smmatic.refunds.actions import cancel
from smmatic.refunds.queries import case as case_by_id
from smmatic.support.actions import post_message, staff_message
from smmatic.support.intake_actions import receive, sort_due
from tests import databases
from tests.builders import customer, new_key, placed, reread
from tests.builders import person as made_person
from tests.canaries import CANARY, NO_WORDS, found_in, unwritten
from tests.databases import Addresses
from tests.lives import lived
from tests.mail.writing import letter
from tests.trials.conftest import pointed_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(worker_id: str, django_db_setup: None, django_db_blocker: Any) -> Any:
    """A database of this test's own, since every table is searched."""
    with (
        databases.cloned(f"smmatic_private_{worker_id}") as addresses,
        pointed_at(addresses),
        django_db_blocker.unblock(),
    ):
        yield addresses


def test_after_an_erasure_no_word_is_left_in_any_table_and_everything_still_explains_itself(
    own: Addresses, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "smmatic.notices.backend.StoreBackend"
    agent, operator = made_person(Role.AGENT), made_person(Role.OPERATOR)
    made = customer(5000)
    execute("UPDATE accounts_user SET email = %s WHERE id = %s", [f"{CANARY}@example.test", made.id])
    who = person(made.id)
    assert who is not None
    things = lived(who, agent, operator)
    who = person(made.id) or who
    before = found_in(own)
    left_out = unwritten(own, before)
    assert left_out == [], f"the canary stands in every column that can hold words, or the column is named: {left_out}"
    assert [name for name in before if name in NO_WORDS] == []
    assert sessions_of(who) == 1
    story, said = statement(who.id, limit=500), explained(things["case"])
    statuses = fetch_all(
        "SELECT id, status, delivered, amount FROM orders_order WHERE customer_id = %s ORDER BY id", [who.id]
    )
    kinds = [(event.kind, event.at) for event in events_of(things["order"], all_of_them=True)]
    left = wallet(who.id).available
    ask_erasure(who, email=f" {CANARY.upper()}@example.test", credits=f"{left / UNITS:.4f}")
    confirm_erasure(operator, who.id)
    assert found_in(own) == [], found_in(own)
    assert erasure_of(who.id).state == "done"
    assert sessions_of(who) == 0
    after = statement(who.id, limit=500)
    assert [(row.id, row.kind, row.change, row.order_id, row.clause, row.reason) for row in after] == [
        (row.id, row.kind, row.change, row.order_id, row.clause, row.reason) for row in story
    ]
    assert explained(things["case"]) == said
    assert statuses == fetch_all(
        "SELECT id, status, delivered, amount FROM orders_order WHERE customer_id = %s ORDER BY id", [who.id]
    )
    assert kinds == [(event.kind, event.at) for event in events_of(things["order"], all_of_them=True)]
    assert reread(things["order"]).amount
    proof = subprocess.run(
        [sys.executable, "-m", "smmatic", "prove"], env=own.environment(), capture_output=True, text=True
    )
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert not get_user_model().objects.get(id=who.id).is_active
    with pytest.raises(Refusal):
        placed(who)


def test_an_address_that_is_only_claimed_and_somebody_elses_takes_none_of_their_mails_along(settings: Any) -> None:
    settings.EMAIL_BACKEND = "smmatic.notices.backend.StoreBackend"
    thief, victim, operator = customer(0), customer(0), made_person(Role.OPERATOR)
    EmailAddress.objects.create(user_id=thief.id, email=victim.email.upper(), verified=False, primary=False)
    django_mail.send_mail("Your link", "A link", None, [victim.email])
    receive(letter(victim.email, f"Words of {victim.name}").as_bytes(), "page")
    sort_due(10_000)
    ask_erasure(thief, email=thief.email)
    confirm_erasure(operator, thief.id)
    kept = fetch_all('SELECT subject, customer_id FROM notices_mail WHERE "to" = %s', [victim.email])
    assert kept == [{"subject": "Your link", "customer_id": victim.id}]
    assert fetch_all("SELECT body FROM support_message WHERE sender = %s", [victim.email]) == [
        {"body": f"Words of {victim.name}"}
    ]


def sessions_of(who: Person) -> int:
    """How many sessions name the person."""
    return sum(one.get_decoded().get(SESSION_KEY) == str(who.id) for one in Session.objects.all())


def explained(case_id: int) -> tuple[str, str, str]:
    """A decision in the policy's own words."""
    row = case_by_id(case_id)
    assert row is not None
    words = explain(policy(row.policy_version_id).compiled, row.facts, {}, "en", None)
    return row.decision, row.clause, words.sentence


def test_the_search_for_words_finds_one_that_an_erasure_forgot(own: Addresses) -> None:
    """The control: an erasure that leaves one column out is noticed."""
    operator, who = made_person(Role.OPERATOR), customer(1000)
    order = placed(who, brief=CANARY)
    cancel(who, order.id, key=new_key())
    with psycopg.connect(own.owner, autocommit=True) as owner:
        source = owner.execute("SELECT pg_get_functiondef('orders_erase_v1'::regproc)").fetchone()
        assert source is not None
        owner.execute(str(source[0]).replace("brief = kernel_erased_v1(brief), ", ""))
    ask_erasure(who, email=who.email, credits=f"{wallet(who.id).available / UNITS:.4f}")
    confirm_erasure(operator, who.id)
    assert found_in(own) == ["orders_order.brief"]


def test_what_is_open_or_left_is_said_before_anything_is_erased() -> None:
    who, operator = customer(1000), made_person(Role.OPERATOR)
    order = placed(who)
    for email, credits, code in (
        ("other@example.test", "", "field_invalid"), (who.email, "", "erasure_standing"),
    ):  # fmt: skip
        with pytest.raises(Refusal) as caught:
            ask_erasure(who, email=email, credits=credits)
        assert caught.value.code == code
    cancel(who, order.id, key=new_key())
    for credits in ("", "999", "1000.01"):
        with pytest.raises(Refusal) as caught:
            ask_erasure(who, email=who.email, credits=credits)
        assert caught.value.code == "erasure_credits"
    ask_erasure(who, email=who.email, credits="1000")
    with pytest.raises(Refusal) as caught:
        ask_erasure(who, email=who.email, credits="1000")
    assert caught.value.code == "erasure_asked"
    withdraw_erasure(who)
    with pytest.raises(Refusal) as caught:
        confirm_erasure(operator, who.id)
    assert caught.value.code == "not_found"
    assert person(who.id).email == who.email


def test_it_happens_by_itself_at_its_date_unless_something_has_begun_since() -> None:
    who, busy = customer(0), customer(1000)
    ask_erasure(who, email=who.email)
    ask_erasure(busy, email=busy.email, credits="1000")
    placed(busy)
    erase_due(1000)
    assert person(who.id).email == who.email
    execute("UPDATE privacy_erasure SET due_at = now() WHERE customer_id IN (%s, %s)", [who.id, busy.id])
    erase_due(1000)
    assert person(who.id).email.startswith("erased-")
    assert person(busy.id).email == busy.email


def test_only_an_operator_confirms_and_never_for_themselves() -> None:
    who = customer(0)
    ask_erasure(who, email=who.email)
    for role in (Role.AGENT, Role.APPROVER, Role.AUDITOR, Role.CUSTOMER):
        with pytest.raises(Refusal) as caught:
            confirm_erasure(made_person(role), who.id)
        assert caught.value.code == "role_missing"
    assert person(who.id).email == who.email


def test_histories_can_be_emptied_of_words_and_changed_in_no_other_way(database_addresses: Addresses) -> None:
    who, agent = customer(1000), made_person(Role.AGENT)
    order = placed(who)
    staff_message(agent, order.id, "Hello")
    with psycopg.connect(database_addresses.owner, autocommit=True) as owner:
        for statement_ in (
            "UPDATE support_message SET body = 'other'",
            "UPDATE support_message SET body = '[erased]', author_id = 1",
            "UPDATE orders_event SET kind = 'x'",
            """UPDATE orders_event SET facts = '{"units_back": 5}' WHERE kind = 'placed'""",
            "UPDATE refunds_event SET why = 'other'",
            "UPDATE credits_note SET words = 'other'",
            "DELETE FROM support_message", "DELETE FROM orders_event", "DELETE FROM credits_note",
        ):  # fmt: skip
            rows = owner.execute(
                f"SELECT count(*) FROM {statement_.split()[2 if 'FROM' in statement_ else 1]}"
            ).fetchone()
            if rows and rows[0]:
                with pytest.raises(psycopg.errors.DatabaseError):
                    owner.execute(statement_)
    for table in ("support_message", "orders_event", "credits_note"):
        with pytest.raises(DatabaseError):
            execute(
                f"UPDATE {table} SET {'why' if table == 'orders_event' else 'words' if table == 'credits_note' else 'body'} = ''"
            )


def test_no_words_of_people_get_into_the_chain_of_the_ledger() -> None:
    from smmatic.credits.rules import Posting

    for words in ("Sorry, Lan", "lan@example.test", "x" * 61, "ngày"):
        with pytest.raises(ValueError, match="code"):
            Posting(1, "goodwill", 1, "k", "staff:1", reason=words)
    constraint = fetch_all("SELECT 1 FROM pg_constraint WHERE conname = 'credits_transfer_reason_is_code'")
    assert constraint


def test_the_export_holds_everything_of_the_customer_and_nothing_of_others(settings: Any) -> None:
    who, other, agent = customer(1000), customer(1000), made_person(Role.AGENT)
    order, theirs = placed(who, brief="=cmd|calc"), placed(other)
    post_message(who, order.id, "My words")
    post_message(other, theirs.id, "Their words")
    staff_message(agent, order.id, "A secret note", internal=True)
    settings.EMAIL_BACKEND = "smmatic.notices.backend.StoreBackend"
    django_mail.send_mail("Sign in", "A link that gives access", None, [who.email])
    with zipfile.ZipFile(export(who)) as archive:
        names = archive.namelist()
        data = json.loads(archive.read("data.json"))
        orders = list(csv.DictReader(io.StringIO(archive.read("csv/orders.csv").decode("utf-8-sig"))))
        whole = b"".join(archive.read(name) for name in names).decode("utf-8", "replace")
    assert [row["id"] for row in data["orders"]] == [order.id]
    assert [row["body"] for row in data["messages"]] == ["My words"]
    assert data["profile"][0]["email"] == who.email
    assert orders[0]["brief"].startswith("'="), "no spreadsheet takes it for a formula"
    assert [(row["subject"], row["words"]) for row in data["mails"]] == [("Sign in", "")]
    for secret in ("Their words", "A secret note", "gives access", other.email):
        assert secret not in whole
    assert {f"csv/{name}.csv" for name in data} <= set(names)


def test_the_pages_export_and_erase() -> None:
    who = customer(0)
    client = Client()
    client.force_login(get_user_model().objects.get(id=who.id))
    answer = client.get("/settings/data/export")
    assert answer["Content-Type"] == "application/zip"
    assert b"".join(answer.streaming_content)[:2] == b"PK"
    assert client.post("/settings/data/erase", {"email": "wrong@example.test"}).status_code == 422
    assert client.post("/settings/data/erase", {"email": who.email}).status_code == 302
    operator = Client()
    operator.force_login(get_user_model().objects.get(id=made_person(Role.OPERATOR).id))
    assert f"/desk/people/{who.id}/erase" in operator.get("/desk/people/erasures").content.decode()
    assert operator.post(f"/desk/people/{who.id}/erase").status_code == 302
    assert client.get("/settings/data").status_code == 302, "nobody is signed in as them any more"
