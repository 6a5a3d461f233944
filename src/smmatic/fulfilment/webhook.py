"""Speaks to a provider that takes signed messages at one address and answers by signed callbacks.

Every call is a POST of ``{"type": ..., "data": {...}}`` signed by the Standard Webhooks form. ``order.submit`` has to
be answered; ``order.lookup``, ``order.status``, ``order.stop``, ``balance`` and ``services`` may be: what a provider
does not offer it answers with status 501. The id of a submission's message is our reference, so a receiver knows it
again. The wire format is in docs/reference/providers.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from smmatic.fulfilment.http_client import GuardedClient, HttpAnswer, OutboundError
from smmatic.fulfilment.protocol import (
    Abilities,
    Balance,
    BalanceAnswer,
    LookupAnswer,
    NotFound,
    NotReached,
    Price,
    PriceListAnswer,
    ProviderStatus,
    RefusalWord,
    RefusedBeforeWork,
    StatusAnswer,
    StopAnswer,
    StopRequestAnswer,
    Submission,
    SubmitAnswer,
    Submitted,
    Unknown,
)
from smmatic.fulfilment.reading import (
    error_code,
    error_words,
    failed_call,
    number_of,
    read_object,
    read_status,
    stop_of,
    unreadable,
    words_of,
)
from smmatic.fulfilment.signing import signed_headers
from smmatic.kernel.clock import now
from smmatic.kernel.ids import new_reference


class WebhookProvider:
    """The provider behind one address. ``settles_after``: from when on its 'no such order' is final, in seconds;
    ``None`` for one that can't be asked about a reference."""

    def __init__(
        self, url: str, secrets: Sequence[str], client: GuardedClient, *, settles_after: float | None = None
    ) -> None:
        self._url = url
        self._secrets = secrets
        self._client = client
        self._abilities = Abilities(
            lookup=settles_after is not None, lookup_settles_after=settles_after, stop=True, batch=100, balance=True,
            prices=True,
        )  # fmt: skip

    @property
    def abilities(self) -> Abilities:
        """It calls back; it can be asked as well, where it offers that."""
        return self._abilities

    def submit(self, order: Submission) -> SubmitAnswer:
        """Hand over one order, in one call."""
        data = {**asdict(order), "texts": list(order.texts)}
        answer = self._send("order.submit", data, message_id=order.reference)
        if not isinstance(answer, HttpAnswer):
            return answer
        read = read_object(answer)
        if isinstance(read, Unknown):
            return read
        if answer.status in (200, 201, 202):
            number = number_of(read)
            return Submitted(number, words_of(read)) if number else unreadable("no order number")
        code = error_code(read)
        if code and 400 <= answer.status < 500:
            word = RefusalWord(code) if code in set(RefusalWord) else RefusalWord.OTHER
            return RefusedBeforeWork(word, error_words(read) or code)
        return unreadable(f"status {answer.status}")

    def lookup(self, reference: str) -> LookupAnswer:
        """Ask for the order with our reference."""
        read = self._ask("order.lookup", {"reference": reference}, missing="unknown_reference")
        if not isinstance(read, dict):
            return read
        status = read_status(read)
        if isinstance(status, ProviderStatus) and status.reference != reference:
            return unreadable("the answer is about another reference")
        return status

    def status(self, remote_ids: Sequence[str]) -> Mapping[str, StatusAnswer]:
        """Ask for the state of many orders; every id asked for is in the answer."""
        read = self._ask("order.status", {"ids": list(remote_ids)})
        if not isinstance(read, dict):
            return dict.fromkeys(remote_ids, read)
        orders = read.get("orders")
        if not isinstance(orders, dict):
            return dict.fromkeys(remote_ids, unreadable("no orders"))
        return {number: _one(number, orders.get(number)) for number in remote_ids}

    def request_stop(self, remote_id: str) -> StopRequestAnswer:
        """Ask to stop the work."""
        read = self._ask("order.stop", {"id": remote_id}, missing="unknown_order")
        if not isinstance(read, dict):
            return read
        state = stop_of(read)
        if state is None:
            return unreadable("no answer to the stop request")
        told = read_status(read.get("order"))
        return StopAnswer(state, words_of(read), told if isinstance(told, ProviderStatus) else None)

    def balance(self) -> BalanceAnswer:
        """Ask for our balance."""
        read = self._ask("balance", {})
        if isinstance(read, NotFound):
            return unreadable("not found")
        if not isinstance(read, dict):
            return read
        amount, currency = read.get("balance"), read.get("currency")
        if not isinstance(amount, str) or not isinstance(currency, str):
            return unreadable("no balance")
        return Balance(amount[:40], currency[:10])

    def price_list(self) -> PriceListAnswer:
        """Ask what its services cost."""
        read = self._ask("services", {})
        if isinstance(read, NotFound):
            return unreadable("not found")
        if not isinstance(read, dict):
            return read
        listed = read.get("services")
        if not isinstance(listed, list):
            return unreadable("no services")
        found = [row for row in listed if isinstance(row, dict) and isinstance(row.get("service"), str)]
        return tuple(Price(row["service"][:64], str(row.get("name"))[:200], str(row.get("cost"))[:40]) for row in found)

    def _ask(
        self, kind: str, data: dict[str, Any], *, missing: str = ""
    ) -> dict[str, Any] | NotFound | NotReached | Unknown:
        answer = self._send(kind, data)
        if not isinstance(answer, HttpAnswer):
            return answer
        read = read_object(answer)
        if isinstance(read, Unknown):
            return read
        if answer.status == 404 and missing and error_code(read) == missing:
            return NotFound(error_words(read))
        return read if answer.status == 200 else unreadable(f"status {answer.status}")

    def _send(self, kind: str, data: dict[str, Any], *, message_id: str = "") -> HttpAnswer | NotReached | Unknown:
        body = json.dumps({"type": kind, "data": data}, ensure_ascii=False, allow_nan=False).encode()
        moment = int(now().timestamp())
        try:
            headers = signed_headers(self._secrets, message_id or str(new_reference()), moment, body)
        except ValueError as bad:
            return NotReached(f"our secret cannot be used: {bad}")
        try:
            return self._client.post(self._url, body=body, headers=headers)
        except OutboundError as failed:
            return failed_call(failed)


def _one(number: str, value: Any) -> StatusAnswer:
    if value is None:
        return unreadable("left out of the answer")
    if isinstance(value, dict) and value.get("error") == "unknown_order":
        return NotFound()
    status = read_status(value)
    if isinstance(status, ProviderStatus) and status.remote_id != number:
        return unreadable("the answer is about another order")
    return status
