"""Speaks to the sandbox provider; the pattern for every adapter: read strictly, conclude nothing from rubbish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

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


class SandboxProvider:
    """The sandbox behind ``base_url``. ``settles_after``: from when on its 'no such order' is final, in seconds."""

    def __init__(
        self, base_url: str, api_key: str, client: GuardedClient, *, settles_after: float | None = 60.0
    ) -> None:
        self._base = base_url.rstrip("/")
        self._client = client
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._abilities = Abilities(
            lookup=True, lookup_settles_after=settles_after, stop=True, batch=100, balance=True, prices=True
        )

    @property
    def abilities(self) -> Abilities:
        """It can be looked up and stopped."""
        return self._abilities

    def submit(self, order: Submission) -> SubmitAnswer:
        """Hand over one order, in one call."""
        answer = self._post("/v1/orders", {**asdict(order), "texts": list(order.texts)})
        if not isinstance(answer, HttpAnswer):
            return answer
        read = read_object(answer)
        if isinstance(read, Unknown):
            return read
        if answer.status in (200, 201):
            number = number_of(read)
            return Submitted(number, words_of(read)) if number else unreadable("no order number")
        code = error_code(read)
        if code in set(RefusalWord) and 400 <= answer.status < 500:
            return RefusedBeforeWork(RefusalWord(code), error_words(read))
        return unreadable(f"status {answer.status}, code {code!r}")

    def lookup(self, reference: str) -> LookupAnswer:
        """Ask for the order with our reference."""
        answer = self._get("/v1/orders?" + urlencode({"reference": reference}))
        if not isinstance(answer, HttpAnswer):
            return answer
        read = read_object(answer)
        if isinstance(read, Unknown):
            return read
        if answer.status == 404 and error_code(read) == "unknown_reference":
            return NotFound(error_words(read))
        if answer.status != 200:
            return unreadable(f"status {answer.status}")
        status = read_status(read)
        if isinstance(status, ProviderStatus) and status.reference != reference:
            return unreadable("the answer is about another reference")
        return status

    def status(self, remote_ids: Sequence[str]) -> Mapping[str, StatusAnswer]:
        """Ask for the state of many orders; every id asked for is in the answer."""
        answer = self._get("/v1/orders?" + urlencode({"ids": ",".join(remote_ids)}))
        if not isinstance(answer, HttpAnswer):
            return dict.fromkeys(remote_ids, answer)
        read = read_object(answer)
        orders = read.get("orders") if isinstance(read, dict) else None
        if answer.status != 200 or not isinstance(orders, dict):
            failed = read if isinstance(read, Unknown) else unreadable(f"status {answer.status}")
            return dict.fromkeys(remote_ids, failed)
        return {number: self._one(number, orders.get(number)) for number in remote_ids}

    def request_stop(self, remote_id: str) -> StopRequestAnswer:
        """Ask to stop the work."""
        answer = self._post(f"/v1/orders/{remote_id}/stop", {})
        if not isinstance(answer, HttpAnswer):
            return answer
        read = read_object(answer)
        if isinstance(read, Unknown):
            return read
        if answer.status == 404 and error_code(read) == "unknown_order":
            return NotFound(error_words(read))
        state = stop_of(read)
        if answer.status != 200 or state is None:
            return unreadable(f"status {answer.status}")
        told = read_status(read.get("order"))
        return StopAnswer(state, words_of(read), told if isinstance(told, ProviderStatus) else None)

    def balance(self) -> BalanceAnswer:
        """Ask for our balance."""
        answer = self._get("/v1/balance")
        if not isinstance(answer, HttpAnswer):
            return answer
        read = read_object(answer)
        if isinstance(read, Unknown):
            return read
        amount, currency = read.get("balance"), read.get("currency")
        if answer.status != 200 or not isinstance(amount, str) or not isinstance(currency, str):
            return unreadable(f"status {answer.status}")
        return Balance(amount[:40], currency[:10])

    def price_list(self) -> PriceListAnswer:
        """Ask what its services cost."""
        answer = self._get("/v1/services")
        if not isinstance(answer, HttpAnswer):
            return answer
        read = read_object(answer)
        if isinstance(read, Unknown):
            return read
        listed = read.get("services")
        if answer.status != 200 or not isinstance(listed, list):
            return unreadable(f"status {answer.status}")
        found = [row for row in listed if isinstance(row, dict) and isinstance(row.get("service"), str)]
        return tuple(Price(row["service"][:64], str(row.get("name"))[:200], str(row.get("cost"))[:40]) for row in found)

    def _one(self, number: str, value: Any) -> StatusAnswer:
        if value is None:
            return unreadable("left out of the answer")
        if isinstance(value, dict) and value.get("error") == "unknown_order":
            return NotFound()
        status = read_status(value)
        if isinstance(status, ProviderStatus) and status.remote_id != number:
            return unreadable("the answer is about another order")
        return status

    def _get(self, path: str) -> HttpAnswer | NotReached | Unknown:
        try:
            return self._client.get(self._base + path, headers=self._headers)
        except OutboundError as failed:
            return failed_call(failed)

    def _post(self, path: str, body: dict[str, Any]) -> HttpAnswer | NotReached | Unknown:
        try:
            return self._client.post(self._base + path, json=body, headers=self._headers)
        except OutboundError as failed:
            return failed_call(failed)
