"""One answer for one key: the same request twice has one effect and gets the same answer."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from smmatic.kernel.database import atomic, fetch_one, refusal_from_answer
from smmatic.kernel.refusals import Refusal, RefusalCode

_KEY = re.compile(r"[A-Za-z0-9_.:\-]{8,100}", re.ASCII)

# Not answers to the request but to the moment: a repeat may well succeed.
_NEVER_KEPT = {RefusalCode.BUSY, RefusalCode.RATE_LIMITED, RefusalCode.NOT_SIGNED_IN, RefusalCode.API_KEY_INVALID}


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered; `replayed` says that it was given before."""

    body: dict[str, Any]
    replayed: bool


def check_key(key: object, field: str = "Idempotency-Key") -> str:
    """The key, if it is one.

    Raises:
        Refusal: `idempotency_key_missing`, `idempotency_key_malformed`.
    """
    if key is None or key == "":
        raise Refusal(RefusalCode.KEY_MISSING, field)
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise Refusal(RefusalCode.KEY_MALFORMED, field)
    return key


def request_hash(request: object) -> bytes:
    """SHA-256 of what the client sent, whatever the order of its fields."""
    text = json.dumps(request, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()  # refused later, as no text of a person


def once(account_id: int, key: str, request: object, work: Callable[[], dict[str, Any]]) -> Answer:
    """Runs `work` at most once for a customer's key, in one transaction with keeping its answer.

    A refusal raised by `work` undoes what it wrote, is kept, and is raised again at each repeat.

    Raises:
        Refusal: `idempotency_key_reused` for another request under the key, or what `work` refuses.
    """
    digest = request_hash(request)
    with atomic():
        row = fetch_one("SELECT credits_idempotency_begin_v1(%s, %s, %s) AS answer", [account_id, key, digest])
        prior = row["answer"] if row else None
        if prior is None:
            answer = _attempt(work)
            fetch_one(
                "SELECT credits_idempotency_end_v1(%s, %s, %s::jsonb)",
                [account_id, key, json.dumps(answer, default=str)],
            )
        else:
            answer = json.loads(prior) if isinstance(prior, str) else prior
    if "refusal" in answer:
        raise refusal_from_answer(answer["refusal"])
    replayed = bool(answer.pop("replayed", False))
    return Answer(answer, replayed)


def kept_answer(account_id: int, key: str, digest: bytes) -> dict[str, Any] | None:
    """What was answered to this very request under a customer's key, or None; for requests whose checks would fail now
    because they were carried out before.

    Raises:
        Refusal: `idempotency_key_reused` when the key was used for another request.
    """
    row = fetch_one(
        "SELECT request_hash, answer::text AS answer FROM credits_idempotency WHERE account_id = %s AND key = %s",
        [account_id, key],
    )
    if row is None or row["answer"] is None:
        return None
    if bytes(row["request_hash"]) != digest:
        raise Refusal(RefusalCode.KEY_REUSED)
    answer: dict[str, Any] = json.loads(row["answer"])
    return answer | {"replayed": True}


def _attempt(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        with atomic():
            return work()
    except Refusal as refusal:
        if refusal.code in _NEVER_KEPT:
            raise
        facts = {name: str(value) for name, value in refusal.facts.items()}
        kept: dict[str, Any] = facts | {"code": refusal.code.value, "field": refusal.field, "clause": refusal.clause}
        return {"refusal": kept}
