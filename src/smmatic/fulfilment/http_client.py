"""The one client for calls to the outside.

Every address is resolved by us, checked, and that very address is connected to, so a name that answers differently a
moment later changes nothing. No redirects, no proxies from the environment, no reused connections (a reused one that
the other side has just closed would turn a plain failure into an unknown outcome), ports 80 and 443, answers capped
in size and in total time. The operator's exceptions name a host and a port.
"""

from __future__ import annotations

import json as jsonlib
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpcore2
import httpx2
import stamina

from smmatic.fulfilment.wire import Deadline, GuardedBackend, GuardRefusal, Resolver, resolve


class Failure(StrEnum):
    """How a call failed."""

    REFUSED = "refused"
    """Our own guard refused it."""
    NOT_CONNECTED = "not_connected"
    """No connection came about; nothing was sent."""
    TIMEOUT = "timeout"
    LOST = "lost"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"


class OutboundError(Exception):
    """A call that brought no answer. ``sent`` is False where provably nothing reached the other side."""

    def __init__(self, failure: Failure, words: str) -> None:
        super().__init__(f"{failure}: {words}")
        self.failure = failure
        self.words = words

    @property
    def sent(self) -> bool:
        """Whether the call may have had an effect."""
        return self.failure not in (Failure.REFUSED, Failure.NOT_CONNECTED)


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of one call. Times in seconds, size in bytes.

    ``connect``: name and connection; ``total``: from the first step to the last byte of the answer.
    """

    connect: float = 5.0
    total: float = 20.0
    max_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete answer: status code, headers with lower-case names, raw body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Read the body as JSON.

        Raises ``ValueError`` for anything else, duplicate keys, NaN and endless numbers or nesting among it.
        """
        try:
            return jsonlib.loads(
                self.body.decode("utf-8"), parse_constant=_no_constant, parse_float=_bounded, object_pairs_hook=_unique
            )
        except RecursionError as deep:
            raise ValueError("nested too deep") from deep


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _bounded(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("number out of bounds")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def parse_exceptions(text: str) -> frozenset[tuple[str, int]]:
    """Read the operator's exceptions, ``host:port`` separated by commas or blanks.

    Raises ``ValueError`` for anything without a host or a port.
    """
    found = set()
    for word in text.replace(",", " ").split():
        host, colon, port = word.rpartition(":")
        if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"outbound exception {word!r}: write host:port")
        found.add((host.strip("[]").lower(), int(port)))
    return frozenset(found)


class _Body(httpx2.SyncByteStream):
    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts

    def close(self) -> None:
        close = getattr(self._parts, "close", None)
        if close is not None:
            close()


class _GuardedTransport(httpx2.BaseTransport):
    """httpx2's wire on a pool of ours: one connection a call, opened by the guarded backend."""

    def __init__(self, backend: httpcore2.NetworkBackend, tls: ssl.SSLContext | None) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls if tls is not None else httpx2.create_ssl_context(trust_env=False),
            max_connections=None,
            max_keepalive_connections=0,
            network_backend=backend,
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        assert isinstance(answer.stream, Iterable)
        return httpx2.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        self._pool.close()


class GuardedClient:
    """Calls to the outside under the rules of this module. Safe to share between threads.

    ``exceptions`` are the operator's ``(host, port)`` pairs that may be non-public or on another port.
    ``read_attempts`` is how often a safe read is tried in all; what can have an effect is tried once.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        exceptions: frozenset[tuple[str, int]] = frozenset(),
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
        read_attempts: int = 2,
    ) -> None:
        self._limits = limits if limits is not None else Limits()
        self._exceptions = exceptions
        self._read_attempts = read_attempts
        self._deadline = Deadline()
        transport = _GuardedTransport(GuardedBackend(exceptions, resolver, self._deadline), tls)
        self._client = httpx2.Client(
            transport=transport,
            follow_redirects=False,
            trust_env=False,
            timeout=httpx2.Timeout(self._limits.total, connect=self._limits.connect),
            headers={"Accept-Encoding": "identity", "User-Agent": "smmatic"},
        )

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """Read from an address; a failure is tried again shortly after.

        Raises ``OutboundError``.
        """
        pause = min(0.2, self._limits.total / 10)
        for attempt in stamina.retry_context(
            on=_worth_another_read,
            attempts=self._read_attempts,
            timeout=None,
            wait_initial=pause,
            wait_max=pause,
            wait_jitter=pause,
        ):
            with attempt:
                return self._call("GET", url, headers or {}, None)
        raise AssertionError("unreachable")  # pragma: no cover

    def post(
        self,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Send to an address, exactly once.

        Raises ``OutboundError``; its ``sent`` says whether the call may have had an effect.
        """
        lines = dict(headers or {})
        if form is not None:
            return self._call("POST", url, lines, httpx2.Request("POST", url, data=dict(form)))
        body = jsonlib.dumps(json, ensure_ascii=False, allow_nan=False).encode()
        lines["Content-Type"] = "application/json"
        return self._call("POST", url, lines, httpx2.Request("POST", url, content=body))

    def close(self) -> None:
        """Give back what the client holds."""
        self._client.close()

    def _check(self, text: str) -> httpx2.URL:
        try:
            url = httpx2.URL(text)
        except (httpx2.InvalidURL, TypeError, ValueError) as bad:
            raise OutboundError(Failure.REFUSED, "the address cannot be read") from bad
        if url.scheme not in ("http", "https") or not url.host:
            raise OutboundError(Failure.REFUSED, "only http and https addresses with a host are called")
        if url.userinfo:
            raise OutboundError(Failure.REFUSED, "credentials in an address are refused")
        port = url.port or (443 if url.scheme == "https" else 80)
        host = url.raw_host.decode("ascii").strip("[]").lower()
        if port not in (80, 443) and (host, port) not in self._exceptions:
            raise OutboundError(Failure.REFUSED, f"port {port} is not among 80, 443 and the operator's exceptions")
        return url

    def _call(self, method: str, text: str, headers: Mapping[str, str], made: httpx2.Request | None) -> HttpAnswer:
        url = self._check(text)
        merged = {**({k: v for k, v in made.headers.items() if k.startswith("content-")} if made else {}), **headers}
        self._deadline.at = time.monotonic() + self._limits.total
        try:
            content = made.content if made else None
            request = self._client.build_request(method, url, content=content, headers=merged)
            with _mapped():
                response = self._client.send(request, stream=True)
                try:
                    return self._read(response)
                finally:
                    response.close()
        finally:
            self._deadline.at = float("inf")

    def _read(self, response: httpx2.Response) -> HttpAnswer:
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise OutboundError(Failure.UNREADABLE, "the answer is compressed although we did not offer that")
        body = bytearray()
        for part in response.iter_raw():
            body += part
            if len(body) > self._limits.max_bytes:
                raise OutboundError(Failure.TOO_LARGE, f"the answer is longer than {self._limits.max_bytes} bytes")
        return HttpAnswer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, bytes(body))


def _worth_another_read(failed: Exception) -> bool:
    return isinstance(failed, OutboundError) and failed.failure not in (Failure.REFUSED, Failure.TOO_LARGE)


@contextmanager
def _mapped() -> Iterator[None]:
    """Turns what the wire raises into ``OutboundError``."""
    try:
        yield
    except OutboundError:
        raise
    except GuardRefusal as raised:
        raise OutboundError(Failure.REFUSED, str(raised)) from raised
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as raised:
        raise OutboundError(Failure.NOT_CONNECTED, str(raised) or "no connection") from raised
    except (httpcore2.TimeoutException, httpx2.TimeoutException) as raised:
        raise OutboundError(Failure.TIMEOUT, str(raised) or "no answer in time") from raised
    except httpcore2.RemoteProtocolError as raised:
        raise OutboundError(Failure.UNREADABLE, str(raised)) from raised
    except Exception as raised:
        raise OutboundError(Failure.LOST, f"{type(raised).__name__}: {raised}") from raised
