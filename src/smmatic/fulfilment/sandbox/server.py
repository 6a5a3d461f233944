"""The sandbox provider as a real HTTP server in its own process.

    POST /v1/orders {reference, service, link, quantity, ...}   GET /v1/orders?reference=R   GET /v1/orders?ids=1,2
    POST /v1/orders/N/stop          GET /v1/balance
    GET /v1/truth                   POST /v1/clock {"forward": seconds}                        (for tests)

Every call needs ``Authorization: Bearer KEY``, ``/health`` excepted. Its behaviours are in ``scripts.py``.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from smmatic.fulfilment.sandbox.book import Book, Entry
from smmatic.fulfilment.sandbox.scripts import Lookup, Read, Stop, Submit, pick, reported

DEFAULT_PORT = 8900
DEFAULT_KEY = "sandbox-key"
_HTML = b"<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>"
_STOP_ANSWERS = {Stop.REFUSE: "refused", Stop.TOO_LATE: "too_late", Stop.SILENT: "asked"}


class SandboxServer(ThreadingHTTPServer):
    """The server and what its handlers share. ``stall`` is how many seconds an answer that never comes is held."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], book: Book, key: str, stall: float) -> None:
        super().__init__(address, Handler)
        self.book = book
        self.key = key
        self.stall = stall
        self.closing = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """One call."""

    server: SandboxServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: the truth log is the log."""

    def do_GET(self) -> None:
        """Answer a question."""
        url = urlsplit(self.path)
        if url.path == "/health":
            self._answer(200, {"status": "ok"})
        elif self._authorised():
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            if url.path == "/v1/orders" and "reference" in asked:
                self._lookup(asked["reference"])
            elif url.path == "/v1/orders" and "ids" in asked:
                self._status(asked["ids"])
            elif url.path == "/v1/balance":
                self._answer(200, {"balance": f"{self.server.book.balance()}.00", "currency": "USD"})
            elif url.path == "/v1/truth":
                self._answer(200, self.server.book.report())
            else:
                self._error(404, "not_found", "No such page.")

    def do_POST(self) -> None:
        """Take an order, a stop request or a move of the clock."""
        raw = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 1_000_000))
        if not self._authorised():
            return None
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            return self._error(400, "bad_request", "The body is not JSON.")
        parts = urlsplit(self.path).path.strip("/").split("/")
        if parts == ["v1", "orders"]:
            return self._submit(body)
        if len(parts) == 4 and parts[:2] == ["v1", "orders"] and parts[2].isdigit() and parts[3] == "stop":
            return self._stop(int(parts[2]))
        if parts == ["v1", "clock"]:
            self.server.book.forward(float(body["forward"]))
            return self._answer(200, {"now": self.server.book.now()})
        return self._error(404, "not_found", "No such page.")

    def _authorised(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {self.server.key}":
            return True
        self._error(401, "not_authorised", "Invalid API key.")
        return False

    def _submit(self, body: dict[str, Any]) -> None:
        book = self.server.book
        reference, service, link = (str(body.get(name) or "") for name in ("reference", "service", "link"))
        quantity = body.get("quantity")
        if not reference or not service or type(quantity) is not int or quantity < 1:
            return self._error(422, "bad_quantity", "reference, service and a quantity of at least 1 are needed.")
        script = pick(link)
        how = script.submit
        odd = book.calls(link) % 2 == 1
        if how == Submit.REFUSE:
            book.refuse(reference, quantity)
            return self._error(422, script.code, script.words)
        if how == Submit.RATE_LIMITED and odd:
            return self._error(429, "rate_limited", "Too many requests.")
        if how == Submit.TIMEOUT_ALWAYS or (how == Submit.TIMEOUT_BEFORE and odd):
            return self._hold()
        if how == Submit.ERROR_BEFORE and odd:
            return self._error(500, "internal", "Internal error.")
        if book.balance() < quantity:
            book.refuse(reference, quantity)
            return self._error(422, "no_balance", "Not enough funds on balance.")
        entry, known = book.accept(reference, service, link, quantity)
        return self._submitted(how, {**self._told(entry), "duplicate": known})

    def _submitted(self, how: Submit, answer: dict[str, Any]) -> None:
        if how == Submit.TIMEOUT_AFTER:
            self._hold()
        elif how == Submit.CUT_AFTER:
            self._cut()
        elif how == Submit.ERROR_AFTER:
            self._error(500, "internal", "Internal error.")
        elif how == Submit.HTML_AFTER:
            self._raw(200, _HTML, "text/html")
        elif how == Submit.TRUNCATED_AFTER:
            text = json.dumps(answer).encode()
            self._raw(200, text[: len(text) // 2], "application/json")
        elif how == Submit.SHAPE_AFTER:
            self._answer(200, ["ok", {"order": None}])
        else:
            self._answer(201, answer)

    def _lookup(self, reference: str) -> None:
        entry = self.server.book.by_reference(reference)
        if entry is not None and entry.script.lookup == Lookup.ERROR:
            return self._error(500, "internal", "Internal error.")
        late = entry is not None and entry.script.lookup == Lookup.LATE
        if entry is None or (late and self.server.book.truth(entry)[1] < 1):
            return self._error(404, "unknown_reference", "No order with this reference.")
        return self._answer(200, self._told(entry))

    def _status(self, text: str) -> None:
        ids = [int(word) for word in text.split(",") if word.isdigit()][:500]
        found = self.server.book.by_ids(ids)
        answers: dict[str, Any] = {str(number): {"error": "unknown_order"} for number in ids}
        for number, entry in found.items():
            answers[str(number)] = self._told(entry)
            if entry.script.read == Read.OK or self.server.book.count_read(number) > entry.script.faulty_reads:
                continue
            if entry.script.read == Read.MISSING:
                del answers[str(number)]
            else:
                return self._spoil(entry.script.read)
        return self._answer(200, {"orders": answers})

    def _spoil(self, how: Read) -> None:
        if how == Read.ERROR:
            self._error(500, "internal", "Internal error.")
        elif how == Read.HTML:
            self._raw(200, _HTML, "text/html")
        elif how == Read.TRUNCATED:
            self._raw(200, b'{"orders": {"1": {"id": 1, "sta', "application/json")
        elif how == Read.RATE_LIMITED:
            self._error(429, "rate_limited", "Too many requests.")
        else:
            self._hold()

    def _stop(self, number: int) -> None:
        found = self.server.book.by_ids([number])
        if number not in found:
            return self._error(404, "unknown_order", "No such order.")
        script = found[number].script
        entry = self.server.book.stop(number, _STOP_ANSWERS.get(script.stop, "confirmed")) or found[number]
        if script.stop == Stop.TIMEOUT_AFTER and entry.stop == "confirmed":
            return self._hold()
        return self._answer(200, {"stop": entry.stop or "too_late", "order": self._told(entry)})

    def _told(self, entry: Entry) -> dict[str, Any]:
        truth, share = self.server.book.truth(entry)
        answer: dict[str, Any] = {"id": entry.id, "reference": entry.reference, "stop": entry.stop}
        answer.update(reported(entry.script, entry.quantity, truth, share))
        if truth.state in ("failed", "partial"):
            answer.update(fault=entry.script.fault, alleges=entry.script.alleges, message=entry.script.words)
        return answer

    def _answer(self, status: int, value: Any) -> None:
        self._raw(status, json.dumps(value).encode(), "application/json")

    def _error(self, status: int, code: str, message: str) -> None:
        self._answer(status, {"error": {"code": code, "message": message}})

    def _raw(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _hold(self) -> None:
        self.server.closing.wait(self.server.stall)
        self._cut()

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.close()


def serve(argv: list[str] | None = None) -> SandboxServer:
    """Read the options and open the port; the caller runs and closes the server. Port 0 takes any free one."""
    reader = argparse.ArgumentParser(prog="smmatic sandbox", description="A provider that delivers by script.")
    reader.add_argument("--host", default="127.0.0.1")
    reader.add_argument("--port", type=int, default=DEFAULT_PORT)
    reader.add_argument("--truth", default="sandbox.sqlite3", help="file of its orders and its truth log")
    reader.add_argument("--key", default=DEFAULT_KEY, help="the API key that callers must send")
    reader.add_argument("--seconds", type=float, default=1.5, help="how long a delivery takes")
    reader.add_argument("--stall", type=float, default=30.0, help="how long an answer that never comes is held")
    reader.add_argument("--idempotent", action="store_true", help="one order for each reference, however often sent")
    chosen = reader.parse_args(argv)
    book = Book(chosen.truth, seconds=chosen.seconds, idempotent=chosen.idempotent)
    return SandboxServer((chosen.host, chosen.port), book, chosen.key, chosen.stall)


def main(argv: list[str] | None = None) -> int:
    """Run the sandbox provider until it is told to end. Prints its address once it takes calls."""
    server = serve(argv)

    def end(number: int, frame: object) -> None:
        server.closing.set()
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    host, port = server.server_address[:2]
    sys.stdout.write(f"sandbox provider at http://{host!s}:{port}\n")
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()
        server.book.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
