"""The same order sent many times at once under one key: one order, one charge, one answer."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import connection

from smmatic.accounts.queries import Person
from smmatic.catalogue.queries import service_by_code
from smmatic.kernel.database import fetch_all
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.actions import OrderRequest, Placed, place
from tests.builders import ADS_ACCOUNT, customer, new_key
from tests.databases import Addresses
from tests.trials.checker import check

SAME = 50
"""How often each order is sent, each time over a database connection of its own."""


@dataclass(frozen=True)
class Sent:
    """One sending: the quantity asked for, and what was answered."""

    quantity: int
    placed: Placed | None
    refusal: Refusal | None


def storm(who: Person, quantities: Sequence[int], key: str) -> list[Sent]:
    """Sends one order for each quantity under one key, all at the same moment."""
    service = service_by_code("TT-ADS")
    assert service is not None
    ready = threading.Barrier(len(quantities), timeout=120)

    def send(quantity: int) -> Sent:
        try:
            connection.ensure_connection()
            ready.wait()
            request = OrderRequest(service.id, quantity=quantity, link=ADS_ACCOUNT)
            return Sent(quantity, place(who, request, key=key, channel="page"), None)
        except Refusal as refusal:
            return Sent(quantity, None, refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(quantities)) as pool:
        return list(pool.map(send, quantities))


def wrong(who: Person, sent: Sequence[Sent], database: Addresses) -> list[str]:
    """What is wrong after a storm: sentences, or nothing."""
    found = []
    winners = {one.quantity for one in sent if one.placed}
    answers = {(one.placed.order_id, one.placed.charged, one.placed.available_after) for one in sent if one.placed}
    refused = [one.refusal.code for one in sent if one.refusal]
    if len(winners) != 1 or len(answers) != 1:
        found.append(f"{len(winners)} bodies won with {len(answers)} different answers")
    if sum(one.placed is not None and not one.placed.replayed for one in sent) != 1:
        found.append("not exactly one sending was the first")
    if set(refused) - {RefusalCode.KEY_REUSED} or len(refused) != sum(one.quantity not in winners for one in sent):
        found.append(f"other bodies were refused with {set(refused)}, {len(refused)} times")
    rows = fetch_all(
        "SELECT o.id, t.amount FROM orders_order o LEFT JOIN credits_transfer t ON t.order_id = o.id AND t.kind = 'hold'"
        " WHERE o.customer_id = %s", [who.id],
    )  # fmt: skip
    if [(row["id"], row["amount"]) for row in rows] != [answer[:2] for answer in answers]:
        found.append(f"{len(rows)} orders are there, and {len(answers)} were answered")
    return found + check(database.app)


def test_one_order_whatever_is_sent_under_its_key(ground: Addresses) -> None:
    for quantities in ([100] * SAME, [100, 101] * (SAME // 2), list(range(100, 100 + SAME))):
        who, key = customer(100_000), new_key()
        sent = storm(who, quantities, key)
        assert wrong(who, sent, ground) == []
        late = storm(who, [*{one.quantity for one in sent if one.placed}, 999], key)
        assert wrong(who, [*sent, *late], ground) == []


def test_control_without_the_check_of_the_key(ground: Addresses, plant: Callable[..., Any]) -> None:
    plant("credits_idempotency_begin_v1", r"(?s)BEGIN.*END", "BEGIN RETURN NULL; END")
    plant("credits_idempotency_end_v1", r"(?s)BEGIN.*END", "BEGIN RETURN p_answer; END")
    who = customer(100_000)
    assert wrong(who, storm(who, [100] * SAME, new_key()), ground)


def test_control_a_key_that_is_looked_up_before_it_is_taken(ground: Addresses, plant: Callable[..., Any]) -> None:
    """Seeded bug: the key is read first and written with the answer, so that twins in flight don't see each other."""
    read = "BEGIN SELECT * INTO v_row FROM credits_idempotency WHERE account_id = p_account_id AND key = p_key;"
    read += " IF v_row.key IS NULL THEN RETURN NULL; END IF;"
    plant("credits_idempotency_begin_v1", r"(?s)BEGIN.*?SELECT \* INTO STRICT v_row[^;]*;", read)
    write = "BEGIN INSERT INTO credits_idempotency (account_id, key, request_hash, answer)"
    write += " VALUES (p_account_id, p_key, sha256('x'), p_answer) ON CONFLICT DO NOTHING; RETURN p_answer; END"
    plant("credits_idempotency_end_v1", r"(?s)BEGIN.*END", write)
    who = customer(100_000)
    assert wrong(who, storm(who, [100] * SAME, new_key()), ground)
