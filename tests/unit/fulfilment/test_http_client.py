"""The guarded outbound client against a real local server: one test for each guard, with its control."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpcore2
import pytest

from smmatic.fulfilment import wire
from smmatic.fulfilment.http_client import Failure, GuardedClient, Limits, OutboundError, parse_exceptions

QUICK = Limits(connect=0.5, total=0.4, max_bytes=10_000)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.released = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def exceptions(self, host: str = "127.0.0.1") -> frozenset[tuple[str, int]]:
        return frozenset({(host, self.port)})


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        path = self.path.strip("/")
        if path == "redirect":
            self._send(302, b"", {"Location": f"{self.server.base}/target"})
        elif path == "big":
            self._send(200, b"x" * 20_000)
        elif path == "endless":
            self.send_response(200)
            self.end_headers()
            self._drip(b"x" * 4096, 0.0)
        elif path == "drip":
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self._drip(b"x", 0.02)
        elif path == "drip-header":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            self._drip(b"y", 0.02)
        elif path == "silent":
            self.server.released.wait(20)
        elif path == "cut":
            self.close_connection = True
            self.connection.close()
        elif path == "gzip":
            self._send(200, b"\x1f\x8b\x08", {"Content-Encoding": "gzip"})
        elif path == "rubbish":
            self.wfile.write(b"I am no HTTP server\r\n\r\n")
            self.close_connection = True
        elif path == "second-time-lucky" and len(self.server.seen) == 1:
            self.close_connection = True
            self.connection.close()
        else:
            self._send(200, b'{"ok": true}')

    do_POST = do_GET

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self, part: bytes, pause: float) -> None:
        self.close_connection = True
        try:
            while not self.server.released.wait(pause):
                self.wfile.write(part)
        except OSError:
            pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    made.released.set()
    made.shutdown()
    made.server_close()


def failure(client: GuardedClient, url: str, method: str = "get") -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        getattr(client, method)(url)
    return caught.value


def test_loopback_is_refused_and_never_called(server: Server) -> None:
    raised = failure(GuardedClient(limits=QUICK), f"{server.base}/")
    assert (raised.failure, raised.sent) == (Failure.REFUSED, False)
    assert server.seen == []


def test_the_operators_exception_opens_exactly_one_host_and_port(server: Server) -> None:
    client = GuardedClient(limits=QUICK, exceptions=server.exceptions())
    assert client.get(f"{server.base}/").json() == {"ok": True}
    raised = failure(client, f"http://localhost:{server.port}/")
    assert raised.failure == Failure.REFUSED
    assert failure(client, f"http://127.0.0.1:{server.port + 1}/").failure == Failure.REFUSED


@pytest.mark.parametrize("host", ["provider.test", "rebound.test"])
def test_a_public_name_with_an_inner_address_is_refused(host: str, server: Server) -> None:
    answers = ["93.184.216.34", "127.0.0.1"] if host == "rebound.test" else ["127.0.0.1"]
    client = GuardedClient(limits=QUICK, resolver=lambda name, port: answers)
    raised = failure(client, f"http://{host}/")
    assert raised.failure == Failure.REFUSED
    assert "127.0.0.1" in raised.words


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433", "127.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"])
def test_other_spellings_of_inner_addresses_are_refused(host: str) -> None:
    raised = failure(GuardedClient(limits=QUICK), f"http://{host}/")
    assert raised.failure in (Failure.REFUSED, Failure.NOT_CONNECTED)
    assert not raised.sent


def test_the_checked_address_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers differently a moment later changes nothing: it is resolved once, by us."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    connected: list[str] = []

    def connect(self: object, host: str, *rest: object) -> httpcore2.NetworkStream:
        connected.append(host)
        raise httpcore2.ConnectError("not today")

    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", connect)
    client = GuardedClient(limits=QUICK, resolver=lambda name, port: next(answers), read_attempts=1)
    assert failure(client, "http://rebinding.test/").failure == Failure.NOT_CONNECTED
    assert connected == ["93.184.216.34"]


def test_the_name_stays_in_the_host_header(server: Server) -> None:
    client = GuardedClient(
        limits=QUICK, exceptions=server.exceptions("provider.test"), resolver=lambda name, port: ["127.0.0.1"]
    )
    assert client.get(f"http://provider.test:{server.port}/").status == 200
    assert server.seen[0][2]["host"] == f"provider.test:{server.port}"


def test_redirects_are_not_followed(server: Server) -> None:
    answer = GuardedClient(limits=QUICK, exceptions=server.exceptions()).get(f"{server.base}/redirect")
    assert answer.status == 302
    assert [seen[1] for seen in server.seen] == ["/redirect"]


@pytest.mark.parametrize("url", ["ftp://example.com/", "file:///etc/passwd", "http://", "http://u:p@example.com/", "x"])
def test_only_plain_web_addresses(url: str) -> None:
    assert failure(GuardedClient(limits=QUICK), url).failure == Failure.REFUSED


@pytest.mark.parametrize("port", [22, 25, 5432, 6379, 8080])
def test_other_ports_are_refused(port: int) -> None:
    assert failure(GuardedClient(limits=QUICK), f"http://example.com:{port}/").failure == Failure.REFUSED


@pytest.mark.parametrize("path", ["big", "endless"])
def test_size_is_capped(path: str, server: Server) -> None:
    raised = failure(GuardedClient(limits=QUICK, exceptions=server.exceptions()), f"{server.base}/{path}")
    assert (raised.failure, raised.sent) == (Failure.TOO_LARGE, True)


@pytest.mark.parametrize("path", ["silent", "drip", "drip-header"])
def test_total_time_is_capped_even_where_bytes_keep_coming(path: str, server: Server) -> None:
    client = GuardedClient(limits=QUICK, exceptions=server.exceptions(), read_attempts=1)
    raised = failure(client, f"{server.base}/{path}")
    assert (raised.failure, raised.sent) == (Failure.TIMEOUT, True)


def test_a_name_that_does_not_resolve_in_time_has_no_effect() -> None:
    held = threading.Event()

    def slow(name: str, port: int) -> list[str]:
        held.wait(20)
        return ["93.184.216.34"]

    raised = failure(GuardedClient(limits=Limits(connect=0.1, total=0.3), resolver=slow), "http://slow.test/", "post")
    held.set()
    assert (raised.failure, raised.sent) == (Failure.NOT_CONNECTED, False)


@pytest.mark.parametrize(("path", "kind"), [("cut", Failure.UNREADABLE), ("rubbish", Failure.UNREADABLE)])
def test_lost_and_unreadable_answers_may_have_had_an_effect(path: str, kind: Failure, server: Server) -> None:
    raised = failure(GuardedClient(limits=QUICK, exceptions=server.exceptions()), f"{server.base}/{path}", "post")
    assert raised.sent
    assert raised.failure in (kind, Failure.LOST)


def test_compressed_answers_are_unreadable(server: Server) -> None:
    raised = failure(GuardedClient(limits=QUICK, exceptions=server.exceptions()), f"{server.base}/gzip")
    assert raised.failure == Failure.UNREADABLE
    assert server.seen[0][2]["accept-encoding"] == "identity"


def test_a_closed_port_has_no_effect(server: Server) -> None:
    free = Server()
    free.server_close()
    raised = failure(GuardedClient(limits=QUICK, exceptions=free.exceptions()), f"{free.base}/", "post")
    assert (raised.failure, raised.sent) == (Failure.NOT_CONNECTED, False)


def test_proxies_of_the_environment_are_ignored(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = GuardedClient(limits=QUICK, exceptions=server.exceptions())
    assert client.get(f"{server.base}/").status == 200


def test_reads_are_tried_again_and_sends_are_not(server: Server) -> None:
    client = GuardedClient(limits=QUICK, exceptions=server.exceptions())
    assert client.get(f"{server.base}/second-time-lucky").status == 200
    assert len(server.seen) == 2
    server.seen.clear()
    failure(client, f"{server.base}/second-time-lucky", "post")
    assert len(server.seen) == 1


def test_form_and_json_bodies(server: Server) -> None:
    client = GuardedClient(limits=QUICK, exceptions=server.exceptions())
    client.post(f"{server.base}/", json={"name": "Đơn hàng"})
    client.post(f"{server.base}/", form={"key": "a b", "action": "add"})
    assert server.seen[0][2]["content-type"] == "application/json"
    assert server.seen[0][3].decode() == '{"name": "Đơn hàng"}'
    assert server.seen[1][2]["content-type"] == "application/x-www-form-urlencoded"
    assert server.seen[1][3] == b"key=a+b&action=add"


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"a": 1, "a": 2}', b"NaN", b"1e400", b"\xff", b"", b'{"a": ', b"[" * 100_000]
)
def test_json_is_read_strictly(body: bytes) -> None:
    from smmatic.fulfilment.http_client import HttpAnswer

    with pytest.raises(ValueError):
        HttpAnswer(200, {}, body).json()


def test_exceptions_are_read_strictly() -> None:
    assert parse_exceptions("127.0.0.1:8900, [::1]:80") == {("127.0.0.1", 8900), ("::1", 80)}
    for bad in ("localhost", ":80", "x:0", "x:99999", "x:８０"):
        with pytest.raises(ValueError):
            parse_exceptions(bad)


def test_control_without_the_guard_the_inner_server_is_called(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded bug: a guard that lets everything through. The refusal test above must fail with it."""
    monkeypatch.setattr(wire, "refusal_reason", lambda address: None)
    client = GuardedClient(limits=QUICK, exceptions=server.exceptions("other.test"))
    client._exceptions = server.exceptions()
    assert client.get(f"{server.base}/").status == 200
