"""A version is activated only when it is proven, applies from its date on, and stays as it was for ever."""

import base64
import hashlib
import io
import json
import os
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection
from django.test import Client

from smmatic.accounts.actions import create_person
from smmatic.accounts.rules import Role
from smmatic.api.application import description
from smmatic.kernel.clock import now
from smmatic.kernel.database import fetch_one
from smmatic.kernel.refusals import Refusal
from smmatic.ops.policy import main as command
from smmatic.policy import queries
from smmatic.policy.actions import activate_policy, add_calendar, ensure_calendar, ensure_policy
from smmatic.policy.compiler import compile_policy
from smmatic.policy.document import SHIPPED_FILE, PolicyError
from smmatic.policy.models import PolicyVersion
from smmatic.policy.prover import check_text
from smmatic.policy.vietnam import vietnam_days

pytestmark = pytest.mark.django_db
TEXT = SHIPPED_FILE.read_text(encoding="utf-8")
FAR = datetime(2090, 1, 1, tzinfo=UTC)


def operator():
    return create_person(email=f"{uuid4().hex}@example.org", role=Role.OPERATOR)


def draft(days=0):
    """The shipped text as another version, from a date far in the future, so that no other test meets it."""
    effective = (FAR + timedelta(days=days)).isoformat()
    text = TEXT.replace('version = "1.0"', f'version = "t-{uuid4().hex[:8]}"', 1)
    return text.replace("effective = 2026-01-01T00:00:00+07:00", f"effective = {effective}", 1)


def count():
    return fetch_one("SELECT count(*) AS n FROM policy_version")["n"]


def test_the_shop_starts_with_the_shipped_policy_and_calendar_and_loads_them_once():
    before = count()
    assert ensure_policy().version == queries.current_policy().version
    assert ensure_calendar().id == queries.current_calendar().id
    assert count() == before


def test_a_version_applies_from_its_date_on_and_keeps_who_and_why():
    person, current = operator(), queries.current_policy()
    row = activate_policy(draft(), person, "a clearer text")
    assert queries.current_policy().id == current.id
    assert queries.current_policy(FAR + timedelta(days=1)).id == row.id
    assert (row.activated_by_id, row.why) == (person.id, "a clearer text")
    assert queries.policy_by_version(row.version).id == row.id
    assert row.id in [line.id for line in queries.policy_history()]


def test_the_same_text_again_is_the_same_version():
    text, person = draft(), operator()
    first = activate_policy(text, person, "once")
    before = count()
    assert activate_policy(text, person, "twice").id == first.id
    assert count() == before


def test_another_text_under_an_active_version_is_refused():
    text, person = draft(), operator()
    activate_policy(text, person, "first")
    before = count()
    with pytest.raises(Refusal) as caught:
        activate_policy(text.replace("grace_days = 14", "grace_days = 15", 1), person, "second")
    assert caught.value.code == "policy_version_taken"
    assert count() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [('overrides = ["3.1"]\n', "\n"), ("grace_days = 14", "grace_days = -1"), ("[policy]", "[policy")],
    ids=["contradiction", "bad number", "bad TOML"],
)
def test_a_draft_with_an_error_is_not_activated(old, new):
    before, current = count(), queries.current_policy().id
    with pytest.raises(PolicyError) as caught:
        activate_policy(draft().replace(old, new, 1), operator(), "a mistake")
    assert caught.value.problems[0].remedy
    assert count() == before
    assert queries.current_policy().id == current


def test_no_route_activates_a_draft_with_an_error(tmp_path):
    broken = draft().replace('overrides = ["3.1"]\n', "\n", 1)
    file = tmp_path / "draft.toml"
    file.write_text(broken, encoding="utf-8")
    before, current = count(), queries.current_policy().id
    assert command(["activate", str(file), "--why", "a mistake"], io.StringIO()) == 1
    client = Client()
    client.force_login(
        get_user_model().objects.get(id=operator().id), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    answer = client.post("/desk/policy/activate", {"source": broken, "why": "a mistake"})
    assert answer.status_code == 422
    upload = SimpleUploadedFile("draft.toml", broken.encode())
    assert client.post("/desk/policy/activate", {"upload": upload, "why": "a mistake"}).status_code == 422
    assert not [path for path in description("/api/v1")["paths"] if "activate" in path or "policy/" in path]
    assert (count(), queries.current_policy().id) == (before, current)


def test_another_process_sees_a_version_whole_or_not_at_all(monkeypatch):
    before = count()
    seen = []
    create = PolicyVersion.objects.create

    def interrupted(**values):
        row = create(**values)
        with psycopg.connect(os.environ["DATABASE_URL"]) as other:
            seen.append(other.execute("SELECT count(*) FROM policy_version").fetchone()[0])
        raise KeyboardInterrupt(row.id)

    monkeypatch.setattr(PolicyVersion.objects, "create", interrupted)
    with pytest.raises(KeyboardInterrupt):
        activate_policy(draft(), operator(), "interrupted")
    assert seen == [before]
    assert count() == before


def test_the_history_names_who_and_why():
    person = operator()
    row = activate_policy(draft(40), person, "a clearer text")
    out = io.StringIO()
    assert command(["history", "--json"], out) == 0
    line = next(line for line in json.loads(out.getvalue()) if line["version"] == row.version)
    assert (line["by"], line["why"], line["in_force"]) == (person.shown_name, "a clearer text", False)
    assert command(["history"], io.StringIO()) == 0


def test_the_back_test_command_takes_versions_and_files(tmp_path):
    file = tmp_path / "draft.toml"
    file.write_text(draft(), encoding="utf-8")
    out = io.StringIO()
    assert command(["backtest", "1.0", str(file), "--json"], out) == 0
    assert json.loads(out.getvalue())["changed"] == 0
    assert command(["backtest", "1.0", str(file), "--days", "30"], io.StringIO()) == 0
    file.write_text("format = 1", encoding="utf-8")
    assert command(["backtest", "1.0", str(file)], io.StringIO()) == 1


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.AGENT, Role.APPROVER, Role.AUDITOR])
def test_only_an_operator_activates(role):
    person = create_person(email=f"{uuid4().hex}@example.org", role=role)
    before = count()
    with pytest.raises(Refusal) as caught:
        activate_policy(draft(), person, "mine")
    assert caught.value.code == "role_missing"
    assert count() == before


def test_an_activation_says_why():
    with pytest.raises(Refusal) as caught:
        activate_policy(draft(), operator(), "  ")
    assert caught.value.code == "reason_missing"


@pytest.mark.parametrize("statement", ["UPDATE policy_version SET source = ''", "DELETE FROM policy_version"])
def test_a_version_can_be_neither_changed_nor_removed(statement):
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("table", ["policy_version", "policy_calendar", "refunds_event", "refunds_claim"])
def test_not_even_the_owner_empties_or_edits_what_decisions_rest_on(database_addresses, table):
    with psycopg.connect(database_addresses.owner, autocommit=True) as owner:
        with pytest.raises(psycopg.DatabaseError, match="is append-only"):
            owner.execute(f"TRUNCATE {table} CASCADE")
        if table.startswith("policy"):
            for statement in (f"UPDATE {table} SET why = 'x'", f"DELETE FROM {table}"):
                with pytest.raises(psycopg.DatabaseError, match=f"{table} is append-only"):
                    owner.execute(statement)


def test_an_older_version_is_not_brought_back_by_its_old_text():
    person, current, text = operator(), queries.current_policy(), draft()
    document, _proof = check_text(text, "an older policy")
    PolicyVersion.objects.create(
        policy_id=document.id,
        version=document.version,
        source=text,
        digest=hashlib.sha256(text.encode()).digest(),
        compiled=compile_policy(document).as_json(),
        effective_at=datetime(2015, 1, 1, tzinfo=UTC),
        why="the rules of 2015",
    )
    before = count()
    with pytest.raises(Refusal) as caught:
        activate_policy(text, person, "back to the old rules")
    assert (caught.value.code, caught.value.facts["version"]) == ("policy_version_taken", document.version)
    assert count() == before
    assert queries.current_policy().id == current.id
    assert activate_policy(PolicyVersion.objects.get(id=current.id).source, person, "the one in force").id == current.id


def test_the_database_reads_the_same_answer_from_the_stored_table():
    row = queries.current_policy()
    facts = row.document.complete(
        {"ask": "none", "stage": "halted", "delivered": "part", "fulfilment_fault": "verified"}
    )
    found = fetch_one(
        "SELECT compiled -> 'outcomes' -> get_byte(decode(compiled ->> 'table', 'base64'), %s) ->> 'clause' AS clause"
        " FROM policy_version WHERE id = %s",
        [row.compiled.cell(facts), row.id],
    )
    assert found["clause"] == row.compiled.decide(facts).clause == "2.1"
    assert len(base64.b64decode(row.compiled.as_json()["table"])) == row.compiled.space.size


def test_deciding_asks_the_database_nothing_once_a_version_is_read(django_assert_num_queries):
    queries.current_policy()
    queries.current_calendar()
    with django_assert_num_queries(0):
        for _ in range(3):
            queries.current_policy()
            queries.current_calendar()


def test_the_same_calendar_again_is_the_same_version():
    days = vietnam_days()
    first = add_calendar(days, None, "as shipped")
    assert add_calendar(days, operator(), "again").id == first.id
    assert first.calendar.days == days


def test_no_policy_before_the_first_effective_date():
    with pytest.raises(queries.NoPolicy):
        queries.current_policy(datetime(2001, 1, 1, tzinfo=UTC))
    assert queries.current_policy(now()).document.id == "smmatic"
