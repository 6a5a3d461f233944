"""Requests to API v2: in this process, and over a real socket for the field's own clients."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import urlencode
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.db import connection
from django.test import Client

from smmatic.accounts.queries import Person
from smmatic.catalogue.queries import service_by_code
from tests.api.clients import secret_of
from tests.builders import ADS_ACCOUNT, customer

URL = "/api/v2"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Reseller:
    """A customer whose program speaks API v2; every answer must be JSON with status 200."""

    person: Person
    secret: str

    def __post_init__(self) -> None:
        self.client = Client(raise_request_exception=False)

    def form(self, action: str, **fields: object) -> Any:
        """One call with a form, as most of the field's clients send it."""
        return self.body(urlencode({"key": self.secret, "action": action, **fields}), FORM)

    def json(self, action: str, **fields: object) -> Any:
        """One call with a JSON body."""
        return self.body(json.dumps({"key": self.secret, "action": action, **fields}), "application/json")

    def body(self, body: str | bytes, kind: str = FORM) -> Any:
        """One call with this very body."""
        return self.raw(self.client.post(URL, body, content_type=kind))

    def raw(self, response: Any) -> Any:
        """What an answer says, after what holds for every answer was checked."""
        assert response.status_code == 200, (response.status_code, response.content[:300])
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in response.headers
        return json.loads(response.content)


def reseller(credits: int = 1000, *scopes: str, language: str = "en") -> Reseller:
    """A new customer with Credits and a key."""
    made = customer(credits, language=language)
    return Reseller(made, secret_of(made, *scopes))


def number_of(code: str) -> int:
    """The number of a service in the list."""
    found = service_by_code(code)
    assert found is not None
    return found.id


def ads(**changes: object) -> dict[str, object]:
    """100 units for 105 Credits."""
    return {"service": number_of("TT-ADS"), "link": ADS_ACCOUNT, "quantity": 100} | changes


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    """The shop of this process on a socket of loopback; its address."""
    from smmatic.wsgi import application

    def closing(environ: dict[str, Any], start: Any) -> Any:
        try:
            yield from application(environ, start)
        finally:
            connection.close()

    with make_server("127.0.0.1", 0, closing, server_class=_Server, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
