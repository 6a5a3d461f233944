"""Signed callbacks of providers: forged, old, replayed, reordered and late ones change nothing, and are told apart."""

import base64
import json
import secrets
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from standardwebhooks import Webhook

from smmatic.fulfilment.actions import ensure_provider
from smmatic.fulfilment.models import Attempt, Callback, Provider
from smmatic.fulfilment.queries import ProviderRow
from smmatic.fulfilment.signing import secret_of
from smmatic.kernel.database import execute
from tests.builders import begun, customer, ledger_of, new_key, reread

pytestmark = pytest.mark.django_db
OLD, NEW = secret_of(secrets.token_bytes(24)), secret_of(secrets.token_bytes(24))


@pytest.fixture
def provider() -> Iterator[ProviderRow]:
    Provider.objects.update(active=False)
    yield ensure_provider(
        f"p-{new_key()}", adapter="webhook", base_url="https://provider.example/hook", settles_after=None, secret=NEW,
        previous_secret=OLD, previous_until=datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    Provider.objects.update(active=False)


def out_at(provider: ProviderRow, state: str = "confirmed") -> Attempt:
    """An order in work that this provider has, or may have."""
    order = begun(customer())
    made = Attempt.objects.create(
        order_id=order.id, provider_id=provider.id, number=1, reference=uuid.uuid4(), state=state,
        remote_id=new_key() if state == "confirmed" else "",
    )  # fmt: skip
    if state == "unknown":
        execute(
            "UPDATE orders_order SET unknown_since = now(), unknown_deadline = now() + interval '1 day' WHERE id = %s",
            [order.id],
        )
    return made


def message(attempt: Attempt, status: str, delivered: int, *, at: datetime | None = None, **more: Any) -> bytes:
    data = {
        "id": attempt.remote_id or "R-1", "reference": str(attempt.reference), "status": status,
        "delivered": delivered, **more,
    }  # fmt: skip
    moment = (at or datetime.now(UTC)).isoformat()
    return json.dumps({"type": "order.updated", "timestamp": moment, "data": data}).encode()


def send(provider: ProviderRow, body: bytes, *, secret: str = NEW, at: float | None = None, **headers: str) -> Any:
    """As the public library signs it."""
    number = headers.pop("id", f"msg_{new_key()}")
    moment = datetime.fromtimestamp(time.time() if at is None else at, UTC)
    signed = {
        "webhook-id": number,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(number, moment, body.decode()),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    return Client().post(f"/api/callbacks/{provider.code}", body, content_type="application/json", headers=signed)


def test_a_callback_moves_an_order_as_a_status_answer_would(provider: ProviderRow) -> None:
    out = out_at(provider)
    assert send(provider, message(out, "working", 30)).json() == {"outcome": "applied"}
    assert reread(out.order_id).delivered == 30
    assert send(provider, message(out, "completed", 100), secret=OLD).json() == {"outcome": "applied"}
    assert reread(out.order_id).status == "completed"


def test_a_replay_counts_once(provider: ProviderRow) -> None:
    out = out_at(provider)
    body = message(out, "working", 30)
    assert send(provider, body, id="msg_same").json() == {"outcome": "applied"}
    before = reread(out.order_id)
    assert send(provider, body, id="msg_same").json() == {"outcome": "replayed"}
    assert reread(out.order_id) == before
    assert Callback.objects.filter(provider_id=provider.id).count() == 1


def test_what_is_older_than_what_is_known_changes_nothing(provider: ProviderRow) -> None:
    out = out_at(provider)
    moment = datetime.now(UTC)
    assert send(provider, message(out, "working", 60, at=moment)).json() == {"outcome": "applied"}
    before = reread(out.order_id)
    late = message(out, "failed", 10, at=moment - timedelta(seconds=5))
    assert send(provider, late).json() == {"outcome": "stale"}
    assert reread(out.order_id) == before


def test_after_the_end_a_callback_changes_nothing_and_is_kept(provider: ProviderRow) -> None:
    out = out_at(provider)
    send(provider, message(out, "completed", 100))
    ended, who = reread(out.order_id), reread(out.order_id).customer_id
    before = ledger_of(type("P", (), {"id": who})())
    assert send(provider, message(out, "failed", 0, message="We changed our mind.")).json() == {"outcome": "late"}
    assert reread(out.order_id) == ended
    assert ledger_of(type("P", (), {"id": who})()) == before
    kept = Callback.objects.get(provider_id=provider.id, outcome="late")
    assert kept.order_id == out.order_id
    assert "changed our mind" in kept.body


def test_a_callback_with_our_reference_settles_an_unknown_outcome(provider: ProviderRow) -> None:
    out = out_at(provider, "unknown")
    assert send(provider, message(out, "working", 20)).json() == {"outcome": "applied"}
    order = reread(out.order_id)
    out.refresh_from_db()
    assert (out.state, out.remote_id, order.unknown_since, order.delivered) == ("confirmed", "R-1", None, 20)


@pytest.mark.parametrize(
    "spoil",
    [
        {"webhook_signature": "v1,bm90IHRoZSBzaWduYXR1cmU="},
        {"webhook_signature": "v1"},
        {"webhook_signature": "v1,%%%not base64%%%"},
        {"webhook_signature": "v2,abc v1a,def"},
        {"webhook_signature": ""},
        {"webhook_signature": "x" * 9000},
        {"webhook_timestamp": "yesterday"},
        {"webhook_timestamp": "-5"},
        {"webhook_timestamp": "9" * 30},
        {"webhook_id": ""},
        {"webhook_id": "x" * 500},
    ],
    ids=lambda spoil: str(spoil)[:40],
)
def test_a_malformed_signature_is_a_401(spoil: dict[str, str], provider: ProviderRow) -> None:
    out = out_at(provider)
    before = reread(out.order_id)
    assert send(provider, message(out, "completed", 100), **spoil).status_code == 401
    assert reread(out.order_id) == before
    assert not Callback.objects.filter(provider_id=provider.id).exists()


def test_old_early_foreign_and_altered_messages_are_a_401(provider: ProviderRow) -> None:
    out = out_at(provider)
    body = message(out, "completed", 100)
    other = secret_of(secrets.token_bytes(24))
    assert send(provider, body, at=time.time() - 302).status_code == 401
    assert send(provider, body, at=time.time() + 302).status_code == 401
    assert send(provider, body, secret=other).status_code == 401
    Provider.objects.filter(id=provider.id).update(previous_until=datetime.now(UTC) - timedelta(seconds=1))
    assert send(provider, body, secret=OLD).status_code == 401
    signed = Webhook(NEW).sign("m", datetime.now(UTC), body.decode())
    altered = body.replace(b"completed", b"partial  ")
    assert send(provider, altered, id="m", webhook_signature=signed).status_code == 401
    assert reread(out.order_id).live


def test_nobody_learns_which_providers_there_are(provider: ProviderRow) -> None:
    answers = {Client().post(f"/api/callbacks/{code}", b"{}", content_type="application/json").status_code
               for code in (provider.code, "nobody", "x" * 300, "%00")}  # fmt: skip
    assert answers == {401}
    assert Client().get(f"/api/callbacks/{provider.code}").status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"type": "order.updated"}',
        b'{"type": "order.updated", "data": {"id": true}}',
        b"\xff\xfe",
        b"[" * 9000,
    ],
)
def test_what_cannot_be_read_is_kept_and_changes_nothing(body: bytes, provider: ProviderRow) -> None:
    number = f"msg_{new_key()}"
    moment = datetime.now(UTC)
    key = base64.b64decode(NEW.removeprefix("whsec_"))
    import hashlib
    import hmac

    signed = f"{number}.{int(moment.timestamp())}.".encode() + body
    mark = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    answer = Client().post(
        f"/api/callbacks/{provider.code}", body, content_type="application/json",
        headers={"webhook-id": number, "webhook-timestamp": str(int(moment.timestamp())),
                 "webhook-signature": f"v1,{mark}"},
    )  # fmt: skip
    assert answer.json() == {"outcome": "unreadable"}
    assert Callback.objects.get(webhook_id=number).outcome == "unreadable"


def test_a_callback_about_an_order_of_nobody_is_kept(provider: ProviderRow) -> None:
    out = out_at(provider)
    out.reference = uuid.uuid4()
    assert send(provider, message(out, "completed", 100)).json() == {"outcome": "stranger"}
    assert reread(out.order_id).live
