"""The plain end of many orders at once: delivered in full, nobody asks for anything, the policy takes what was held.

Whatever else there is about an order (an open case, a stop request, an answer that needs a person or gives Credits
back) takes the way of one order, `refunds.actions.end_order`. The plan of each is made by the same rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import transaction

from smmatic.credits.queries import charges
from smmatic.credits.rules import Posting
from smmatic.credits.steps import post
from smmatic.kernel.clock import now
from smmatic.orders import many_steps as orders
from smmatic.orders.many_steps import Line
from smmatic.orders.queries import OrderRow
from smmatic.orders.steps import SYSTEM, Actor
from smmatic.policy import queries as policy
from smmatic.refunds import queries
from smmatic.refunds.models import OPEN_STATES, Case
from smmatic.refunds.situations import Situation, own_facts_of
from smmatic.refunds.steps import postings_of


def lock_orders(order_ids: Sequence[int]) -> tuple[dict[int, OrderRow], set[int]]:
    """Locks the open cases of these orders, then the orders; the orders as they are then, and which have a case.

    As `steps.lock_order`: where a case was opened meanwhile, all locks are given back and taken again.
    """
    cases = Case.objects.filter(order_id__in=order_ids, state__in=OPEN_STATES)
    while True:
        point = transaction.savepoint()
        locked = dict(cases.select_for_update(no_key=True).order_by("id").values_list("id", "order_id"))
        rows = orders.lock_orders(order_ids)
        if locked.keys() >= set(cases.values_list("id", flat=True)):
            transaction.savepoint_commit(point)
            return rows, set(locked.values())
        transaction.savepoint_rollback(point)


def complete_plainly(
    rows: Sequence[OrderRow], with_case: set[int], *, actor: Actor, words: Mapping[int, str]
) -> set[int]:
    """Ends locked orders in work as completed and settles them; the ids of those that this was possible for.

    `words` by order: what whoever delivered said. The others are as they were.
    """
    moment = now()
    plain = [row for row in rows if row.id not in with_case and row.stop_status == ""]
    money = charges([row.id for row in plain])
    claimed = queries.claims_of_orders([row.id for row in plain])
    done: list[OrderRow] = []
    postings: list[Posting] = []
    for row in plain:
        ended = replace(
            row, status="completed", delivered=row.quantity, ended_at=moment, unknown_since=None, waiting_since=None
        )
        version = policy.policy(row.policy_version_id)
        situation = Situation(ended, money[row.id], claimed.get(row.id, {}), version, own_facts_of(ended, version))
        situation = situation.governed("none")
        plan = situation.plan("none")
        if plan.review or plan.approved:
            continue
        done.append(row)
        postings += postings_of(situation, plan, SYSTEM, None)
    if not done:
        return set()
    orders.complete_many([row.id for row in done], moment)
    orders.record_many(
        [
            Line(
                row.id, "completed", actor, words.get(row.id, ""),
                {"delivered": row.quantity, "quantity": row.quantity}, notify=True,
                status_from=row.status, status_to="completed",
            )
            for row in done
        ]
    )  # fmt: skip
    post(postings)
    return {row.id for row in done}
