"""A small client of the API over real requests, and a storm of them in threads."""

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection
from django.test import Client

from smmatic.accounts.actions import create_api_key
from smmatic.accounts.queries import Person
from smmatic.accounts.rules import SCOPES
from tests.builders import ADS_ACCOUNT, customer, new_key

ROOT = "/api/v1"
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])

    @property
    def field(self) -> str | None:
        return self.body["error"]["field"]


class Api:
    """Requests with one key, or with none."""

    def __init__(self, secret: str = "", **headers: str) -> None:
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        self.client = Client(headers=headers, raise_request_exception=False)

    def get(self, path: str, **headers: str) -> Answer:
        return _answer(self.client.get(ROOT + path, headers=_dashed(headers)))

    def post(self, path: str, body: object = None, *, key: str | None = None, **headers: str) -> Answer:
        if key is not None:
            headers["idempotency_key"] = key
        data = body if isinstance(body, (str, bytes)) else "" if body is None else json.dumps(body)
        response = self.client.post(
            ROOT + path, data, content_type=headers.pop("content_type", "application/json"), headers=_dashed(headers)
        )
        return _answer(response)

    def upload(self, name: str, content: bytes) -> Answer:
        from django.core.files.uploadedfile import SimpleUploadedFile

        return _answer(self.client.post(ROOT + "/files", {"file": SimpleUploadedFile(name, content)}))

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        data = "" if body is None else json.dumps(body)
        return _answer(
            self.client.generic(
                method.upper(), ROOT + path, data, content_type="application/json", headers=_dashed(headers)
            )
        )


def secret_of(person: Person, *scopes: str) -> str:
    """A new API key of a person, with all scopes unless some are named."""
    return create_api_key(person, label="test", scopes=scopes or SCOPES)[1]


def api_of(person: Person, *scopes: str, **headers: str) -> Api:
    """A client with a key of this person."""
    return Api(secret_of(person, *scopes), **headers)


def rich(credits: int = 1000) -> tuple[Person, Api]:
    """A new customer with Credits, and a client of theirs."""
    made = customer(credits)
    return made, api_of(made)


def order_body(**changes: object) -> dict[str, Any]:
    """An order of 100 units for 105 Credits, with changes."""
    return {"service": "TT-ADS", "quantity": 100, "link": ADS_ACCOUNT} | changes


def place(api: Api, **changes: object) -> int:
    """Places an order; its id."""
    answer = api.post("/orders", order_body(**changes), key=new_key())
    assert answer.status == 201, answer.body
    return int(answer.body["id"])


def storm(work: Sequence[Callable[[], T]]) -> list[T]:
    """Runs all at the same moment, each in a thread with a database connection of its own."""
    ready = threading.Barrier(len(work))

    def run(one: Callable[[], T]) -> T:
        try:
            connection.ensure_connection()
            ready.wait(timeout=60)
            return one()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def _answer(response: Any) -> Answer:
    kind = response.headers.get("Content-Type", "")
    body = json.loads(response.content) if kind.startswith("application/json") and response.content else {}
    if isinstance(body, dict) and response.status_code >= 400:
        assert kind == "application/json; charset=utf-8", (response.status_code, response.content[:300])
    return Answer(
        response.status_code, body, dict(response.headers) | {"raw": response.content.decode("utf-8", "replace")}
    )


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
