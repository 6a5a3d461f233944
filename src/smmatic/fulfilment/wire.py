"""Connections to checked addresses only: the wire below the outbound client."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

import httpcore2

from smmatic.fulfilment.addresses import refusal_reason

Resolver = Callable[[str, int], list[str]]


class GuardRefusal(Exception):
    """Raised inside the wire where the guard refuses; never a subclass of what httpcore maps."""


def resolve(host: str, port: int) -> list[str]:
    """Numeric addresses of a name, in the system's order. Raises ``OSError`` where there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Deadline(threading.local):
    """Until when the call of this thread may take, by the monotonic clock in seconds."""

    at: float = float("inf")

    def left(self, limit: float | None) -> float:
        """Seconds that one socket operation may still take; raises where the call's time is over."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("time for the whole call is over")
        return left if limit is None else min(left, limit)


class _TimedStream(httpcore2.NetworkStream):
    """A connection whose single reads and writes all count against the deadline of the call."""

    def __init__(self, inner: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        try:
            limit = self._deadline.left(timeout)
        except httpcore2.ReadTimeout as late:
            raise httpcore2.ConnectTimeout(str(late)) from late
        return _TimedStream(self._inner.start_tls(ssl_context, server_hostname, limit), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class GuardedBackend(httpcore2.NetworkBackend):
    """Resolves, checks, and connects to that very address. ``exceptions`` are the operator's (host, port) pairs."""

    def __init__(self, exceptions: frozenset[tuple[str, int]], resolver: Resolver, deadline: Deadline) -> None:
        self._exceptions = exceptions
        self._resolver = resolver
        self._deadline = deadline
        self._system = httpcore2.SyncBackend()
        # A lookup cannot be interrupted; it runs beside the call, which waits only as long as it may.
        self._lookups = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Open a connection. Raises ``GuardRefusal``, ``ConnectError`` or ``ConnectTimeout``."""
        end = time.monotonic() + (timeout if timeout is not None else 5.0)
        last: Exception = httpcore2.ConnectError("no address")
        for address in self._addresses(host, port, end):
            left = end - time.monotonic()
            if left <= 0:
                raise httpcore2.ConnectTimeout("no connection in time") from last
            try:
                stream = self._system.connect_tcp(address, port, left, local_address, socket_options)
                return _TimedStream(stream, self._deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                last = failed
        raise last

    def _addresses(self, host: str, port: int, end: float) -> list[str]:
        try:
            found = self._lookups.submit(self._resolver, host, port).result(max(0.0, end - time.monotonic()))
        except FutureTimeout as late:
            raise httpcore2.ConnectTimeout(f"{host} was not resolved in time") from late
        except (OSError, UnicodeError) as failed:
            raise httpcore2.ConnectError(f"{host} could not be resolved") from failed
        if (host.strip("[]").lower(), port) in self._exceptions:
            return found
        for address in found:
            reason = refusal_reason(address)
            if reason is not None:
                raise GuardRefusal(f"{host} leads to {address}: {reason}")
        return found
