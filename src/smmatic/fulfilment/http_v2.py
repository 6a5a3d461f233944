"""Speaks the reseller API v2 of the field to whoever offers it: another installation of this shop, or any other panel.

`add` knows no key there in general: after a lost answer the outcome is unknown, and nothing is ever added again to find
out. Another installation of this shop does know ours: it gets our reference as `idempotency_key`, and `status` with
that key says what became of the `add` without placing anything. Its 'no such order' is believed only where it repeats
that very key; another panel's error proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smmatic.fulfilment.http_client import Failure, GuardedClient, HttpAnswer, OutboundError
from smmatic.fulfilment.http_v2_reading import (
    error_of,
    found_status,
    number_text,
    price_of,
    read_json,
    refusal_word,
    says_nothing,
    stop_entry,
    tells_no_effect,
)
from smmatic.fulfilment.protocol import (
    Abilities,
    Balance,
    BalanceAnswer,
    LookupAnswer,
    NotFound,
    NotReached,
    PriceListAnswer,
    RefusedBeforeWork,
    StatusAnswer,
    StopAnswer,
    StopRequestAnswer,
    StopState,
    Submission,
    SubmitAnswer,
    Submitted,
    Unknown,
    UnknownWhy,
)

BATCH = 100
_WHY = {
    Failure.TIMEOUT: UnknownWhy.TIMEOUT,
    Failure.LOST: UnknownWhy.CONNECTION_LOST,
    Failure.TOO_LARGE: UnknownWhy.TOO_LARGE,
    Failure.UNREADABLE: UnknownWhy.UNREADABLE,
}


class HttpV2Provider:
    """The panel at ``base_url``, the whole address of its API.

    ``settles_after``: set where the panel finds orders by our reference, as another installation of this shop does:
    the seconds from which its 'no such order' is final. ``None`` for every other panel: it cannot be looked up.
    """

    def __init__(self, base_url: str, api_key: str, client: GuardedClient, *, settles_after: float | None) -> None:
        self._url = base_url
        self._key = api_key
        self._client = client
        self._abilities = Abilities(
            lookup=settles_after is not None,
            lookup_settles_after=settles_after,
            stop=True,
            batch=BATCH,
            balance=True,
            prices=True,
        )

    @property
    def abilities(self) -> Abilities:
        """It tells balance and prices, takes stop requests, and can be looked up where the provider's row says so."""
        return self._abilities

    def submit(self, order: Submission) -> SubmitAnswer:
        """Hand over one order, in one call that is never repeated."""
        read = self._ask(_add_fields(order))
        if isinstance(read, NotReached | Unknown):
            return read
        number = number_text(read.get("order")) if isinstance(read, dict) else ""
        words = error_of(read)
        if number and not words:
            return Submitted(number)
        if not words:
            return _unreadable("neither an order nor an error")
        if tells_no_effect(read):
            return NotReached(words)
        if number or says_nothing(read):
            return Unknown(UnknownWhy.SERVER_ERROR, words)
        return RefusedBeforeWork(refusal_word(words), words)

    def lookup(self, reference: str) -> LookupAnswer:
        """Ask what became of the `add` with our reference. Places nothing."""
        read = self._ask({"action": "status", "idempotency_key": reference, "details": "1"})
        if isinstance(read, NotReached | Unknown):
            return read
        if not isinstance(read, dict) or read.get("idempotency_key") != reference:
            return _unreadable(error_of(read) or "the answer is not about our reference")
        number = number_text(read.get("order"))
        if number:
            return found_status(number, read, reference)
        return NotFound(error_of(read)) if error_of(read) and not says_nothing(read) else _unreadable("no order number")

    def status(self, remote_ids: Sequence[str]) -> Mapping[str, StatusAnswer]:
        """Ask for the state of many orders; every id asked for is in the answer."""
        read = self._ask({"action": "status", "orders": ",".join(remote_ids), "details": "1"})
        if isinstance(read, NotReached | Unknown):
            return dict.fromkeys(remote_ids, read)
        if isinstance(read, dict) and len(remote_ids) == 1 and "status" in read:
            read = {remote_ids[0]: read}  # some panels answer a list of one as one
        if not isinstance(read, dict) or isinstance(read.get("error"), str):
            return dict.fromkeys(remote_ids, _unreadable(error_of(read) or "JSON of another shape"))
        return {number: _one(number, read.get(number)) for number in remote_ids}

    def request_stop(self, remote_id: str) -> StopRequestAnswer:
        """Ask to cancel the order or to stop the work. 'Taken' says only that: the status tells what came of it."""
        read = self._ask({"action": "cancel", "orders": remote_id})
        if isinstance(read, NotReached | Unknown):
            return read
        entry = stop_entry(read, remote_id)
        if entry is True:
            return StopAnswer(StopState.ASKED)
        words = error_of(entry)
        if words == "Incorrect order ID":
            return NotFound(words)
        if isinstance(entry, dict) and entry.get("code") == "order_ended":
            return StopAnswer(StopState.TOO_LATE, words)
        if "cancel" in words.lower():
            return StopAnswer(StopState.REFUSED, words)
        return _unreadable(words or "JSON of another shape")

    def balance(self) -> BalanceAnswer:
        """Ask for our balance."""
        read = self._ask({"action": "balance"})
        if isinstance(read, NotReached | Unknown):
            return read
        amount = read.get("balance") if isinstance(read, dict) else None
        if isinstance(amount, int | float) and not isinstance(amount, bool):
            amount = str(amount)
        if not isinstance(amount, str) or not amount or error_of(read):
            return _unreadable(error_of(read) or "no balance")
        return Balance(amount[:40], str(read.get("currency") or "")[:10])

    def price_list(self) -> PriceListAnswer:
        """Ask what its services cost; what cannot be read is left out."""
        read = self._ask({"action": "services"})
        if isinstance(read, NotReached | Unknown):
            return read
        if not isinstance(read, list):
            return _unreadable(error_of(read) or "no list of services")
        return tuple(price for row in read if (price := price_of(row)) is not None)

    def _ask(self, fields: Mapping[str, str]) -> Any | NotReached | Unknown:
        """One POST with our key in its body; JSON of any shape, or why there is none."""
        try:
            answer: HttpAnswer = self._client.post(self._url, form={"key": self._key, **fields})
        except OutboundError as failed:
            words = failed.words[:500]
            return Unknown(_WHY.get(failed.failure, UnknownWhy.UNEXPECTED), words) if failed.sent else NotReached(words)
        return read_json(answer)


def _one(number: str, value: Any) -> StatusAnswer:
    if isinstance(value, dict) and "status" in value:
        return found_status(number, value)
    words = error_of(value)
    if words == "Incorrect order ID":
        return NotFound(words)
    return _unreadable(words or "left out of the answer")


def _add_fields(order: Submission) -> dict[str, str]:
    fields = {
        "action": "add",
        "service": order.service,
        "link": order.link,
        "idempotency_key": order.reference,
        "start_now": "1",
    }
    # The time in which our customer can undo it is over: another one upstream would only be lost.
    if order.kind == "custom_comments":
        fields["comments"] = "\n".join(order.texts)
    elif order.kind == "counted_runs":
        fields |= {"runs": str(order.quantity), "quantity": "1", "interval": str(order.interval_minutes)}
    elif order.kind != "package":
        fields["quantity"] = str(order.quantity)
    if order.brief:
        fields["brief"] = order.brief
    return {name: value for name, value in fields.items() if value}


def _unreadable(words: str) -> Unknown:
    return Unknown(UnknownWhy.UNREADABLE, words[:500])
