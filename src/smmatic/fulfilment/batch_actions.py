"""What the worker writes for many orders at once: the right to call, answers to submissions and to status questions.

Each batch is one transaction of a handful of statements, however many orders are in it. What ends an order in any other
way than delivered in full, and what meets a stop request, is left to `actions`, which takes one order at a time; both
ask the same rules. Locks: open cases, orders, attempts, ids ascending.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from smmatic.fulfilment import steps
from smmatic.fulfilment.models import Attempt
from smmatic.fulfilment.protocol import StatusAnswer, Submission, SubmitAnswer, Submitted, Unknown
from smmatic.fulfilment.queries import AttemptRow, ProviderRow, attempts_by_id
from smmatic.fulfilment.rules import (
    NEEDS_PERSON,
    AttemptState,
    StatusPlan,
    SubmissionPlan,
    after_status,
    after_submit,
    next_check,
)
from smmatic.fulfilment.wording import with_meaning
from smmatic.kernel.database import atomic, execute
from smmatic.orders import many_steps as orders
from smmatic.orders.many_steps import Line
from smmatic.orders.queries import OrderRow
from smmatic.orders.steps import PROVIDER, SYSTEM
from smmatic.policy import queries as policy
from smmatic.refunds import many_steps as refunds

LIVE = ("processing", "in_progress")


def begin_calls(attempt_ids: Sequence[int], known: Mapping[int, ProviderRow]) -> dict[int, Submission]:
    """Takes the right to make the calls of prepared attempts: what to send for each, by attempt.

    One that is left out must not be called: it is no longer prepared, or its order has ended or is to be stopped
    (`actions.stop_unsent` and the next round see to that). The update prepared -> sent decides between workers.
    """
    with atomic():
        rows, locked = _locked(attempt_ids)
        going = [
            row
            for row in rows.values()
            if row.state == AttemptState.PREPARED
            and locked[row.order_id].status in LIVE
            and locked[row.order_id].stop_status not in ("asked", "unknown")
        ]
        ended = [row.id for row in rows.values() if row.state == "prepared" and locked[row.order_id].status not in LIVE]
        if ended:
            Attempt.objects.filter(id__in=ended).update(state="refused", code="order_ended")
        chosen = [row.id for row in going]
        if chosen:
            Attempt.objects.filter(id__in=chosen, state="prepared").update(state="sent", sent_at=Now())
    return {row.id: _submission(locked[row.order_id], row, known[row.provider_id]) for row in going}


def record_submissions(answers: Mapping[int, SubmitAnswer], provider: ProviderRow) -> list[int]:
    """Records answers to submissions, by attempt: taken, or not known. Gives the attempts that need their own way:
    refused ones, those that nothing was sent for, and numbers that belong to another order."""
    plain = {number: answer for number, answer in answers.items() if isinstance(answer, Submitted | Unknown)}
    left = [number for number in answers if number not in plain]
    if not plain:
        return left
    numbers = [answer.remote_id for answer in plain.values() if isinstance(answer, Submitted)]
    with atomic():
        rows, locked = _locked(list(plain))
        taken = _taken(provider, numbers, rows)
        batch = _Submissions(provider)
        for number, answer in plain.items():
            row = rows[number]
            plan = after_submit(AttemptState(row.state), answer)
            twice = plan.remote_id in taken or numbers.count(plan.remote_id) > 1
            if plan.attempt is None or twice or locked[row.order_id].status not in LIVE:
                left.append(number)
            else:
                batch.add(locked[row.order_id], row, plan)
        batch.write()
    return left


def record_statuses(answers: Mapping[int, StatusAnswer], provider: ProviderRow) -> list[int]:
    """Records answers to status questions, by attempt: nothing new, progress, and orders delivered in full. Gives the
    attempts that need their own way: other ends, stop requests, orders that have ended."""
    steps.hear(provider, answers.values())
    read = {number: with_meaning(answer, provider.meanings) for number, answer in answers.items()}
    with atomic():
        rows, locked, with_case = _locked_with_cases(list(read))
        batch, left, full = _Statuses(provider), [], {}
        for number, answer in read.items():
            row = rows[number]
            order = locked[row.order_id]
            plan = after_status(steps.view(order, row), answer)
            if row.state != "confirmed" or order.status not in LIVE or plan.stop_status is not None:
                left.append(number)
            elif plan.status == "completed":
                full[order.id] = (order, row, plan, answer)
            elif plan.ends:
                left.append(number)
            else:
                batch.add(order, row, plan, answer)
        words = {order_id: plan.words for order_id, (_, _, plan, _) in full.items()}
        done = refunds.complete_plainly(
            [order for order, _, _, _ in full.values()], with_case, actor=PROVIDER, words=words
        )
        for order_id, (order, row, plan, answer) in full.items():
            if order_id in done:
                batch.add(order, row, plan, answer)
            else:
                left.append(row.id)
        batch.write()
    return left


def _locked(attempt_ids: Sequence[int]) -> tuple[dict[int, AttemptRow], dict[int, OrderRow]]:
    """Locks the orders of these attempts, then the attempts; both as they are then."""
    ids = Attempt.objects.filter(id__in=attempt_ids).values_list("order_id", flat=True)
    locked = orders.lock_orders(sorted(set(ids)))
    list(Attempt.objects.select_for_update(no_key=True).filter(id__in=attempt_ids).order_by("id").values_list("id"))
    return attempts_by_id(attempt_ids), locked


def _locked_with_cases(
    attempt_ids: Sequence[int],
) -> tuple[dict[int, AttemptRow], dict[int, OrderRow], set[int]]:
    """As `_locked`, with the open cases of the orders locked before them; and which orders have one."""
    ids = Attempt.objects.filter(id__in=attempt_ids).values_list("order_id", flat=True)
    locked, with_case = refunds.lock_orders(sorted(set(ids)))
    list(Attempt.objects.select_for_update(no_key=True).filter(id__in=attempt_ids).order_by("id").values_list("id"))
    return attempts_by_id(attempt_ids), locked, with_case


def _taken(provider: ProviderRow, numbers: Sequence[str], rows: Mapping[int, AttemptRow]) -> set[str]:
    """The provider's numbers among these that other attempts have."""
    same = Attempt.objects.filter(provider_id=provider.id, remote_id__in=numbers).exclude(id__in=list(rows))
    return set(same.values_list("remote_id", flat=True))


@dataclass
class _Submissions:
    """Answers to submissions, gathered and then written in four statements."""

    provider: ProviderRow
    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    waits: dict[int, float] = field(default_factory=dict)
    unknown: dict[int, timedelta] = field(default_factory=dict)
    known: list[int] = field(default_factory=list)

    def add(self, order: OrderRow, row: AttemptRow, plan: SubmissionPlan) -> None:
        assert plan.attempt is not None
        facts: dict[str, Any] = {"provider": self.provider.code, "code": plan.code}
        self.rows.append(
            {"id": row.id, "state": plan.attempt.value, "code": plan.code, "remote_id": plan.remote_id,
             "answer": {"words": plan.words}}
        )  # fmt: skip
        self.waits[order.id] = self.provider.poll_shortest
        if plan.attempt == AttemptState.UNKNOWN:
            hours = policy.policy(order.policy_version_id).document.deadlines.unknown_hours
            self.unknown[order.id] = timedelta(hours=hours)
            facts |= {"hours": hours, "words": plan.words}
            self.lines.append(Line(order.id, "unknown", SYSTEM, facts=facts))
            return
        if order.unknown_since is not None:
            self.known.append(order.id)
            self.lines.append(Line(order.id, "outcome_known", PROVIDER, facts=facts | {"next": plan.next.value}))
        facts["remote_id"] = plan.remote_id
        self.lines.append(Line(order.id, "submitted", SYSTEM, facts=facts, visible=False))

    def write(self) -> None:
        if not self.rows:
            return
        execute(
            """UPDATE fulfilment_attempt a SET state = r.state, code = r.code, answer = r.answer, quiet = 0,
                   remote_id = CASE WHEN r.state = 'confirmed' THEN r.remote_id ELSE a.remote_id END,
                   flags = CASE WHEN r.state = 'confirmed' THEN '[]'::jsonb ELSE a.flags END,
                   answered_at = CASE WHEN r.state = 'confirmed' THEN clock_timestamp() ELSE a.answered_at END,
                   unknown_at = CASE WHEN r.state = 'unknown' THEN clock_timestamp() ELSE a.unknown_at END
               FROM jsonb_to_recordset(%s::jsonb)
                   AS r(id bigint, state text, code text, remote_id text, answer jsonb)
               WHERE a.id = r.id""",
            [json.dumps(self.rows)],
        )
        orders.outcomes_unknown(self.unknown)
        orders.outcomes_known(self.known)
        orders.give_back_many(self.waits)
        orders.record_many(self.lines)


@dataclass
class _Statuses:
    """Answers to status questions, gathered and then written in four statements."""

    provider: ProviderRow
    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    waits: dict[int, float] = field(default_factory=dict)
    delivered: dict[int, int] = field(default_factory=dict)
    begun: list[int] = field(default_factory=list)

    def add(self, order: OrderRow, row: AttemptRow, plan: StatusPlan, answer: StatusAnswer) -> None:
        quiet = 0 if plan.changes(steps.view(order, row)) else row.quiet + 1
        flags = steps.kept_flags(row, plan.flags)
        self.rows.append(
            {"id": row.id, "quiet": quiet, "flags": sorted(flags), "answer": steps.kept_answer(answer),
             "needs": bool(flags & NEEDS_PERSON) and not plan.ends, "closed": plan.ends,
             "charged": steps.charged(answer, self.provider)}
        )  # fmt: skip
        new = steps.new_flags(row, plan)
        if new:
            facts = {"flags": new, "answer": steps.kept_answer(answer)}
            self.lines.append(Line(order.id, "flagged", PROVIDER, plan.words, facts, visible=False))
        if plan.ends:
            return
        self.waits[order.id] = next_check(
            quiet, shortest=self.provider.poll_shortest, longest=self.provider.poll_longest
        )
        counted = {"delivered": plan.delivered, "quantity": order.quantity}
        if plan.status == "in_progress":
            self.begun.append(order.id)
            self.lines.append(
                Line(order.id, "started", PROVIDER, facts=counted, status_from=order.status, status_to="in_progress")
            )
        elif plan.delivered != order.delivered:
            self.lines.append(Line(order.id, "progress", PROVIDER, facts=counted))
        if plan.status == "in_progress" or plan.delivered != order.delivered:
            self.delivered[order.id] = plan.delivered

    def write(self) -> None:
        if not self.rows:
            return
        execute(
            """UPDATE fulfilment_attempt a SET quiet = r.quiet, flags = r.flags, answer = r.answer,
                   answered_at = clock_timestamp(), charged_nano = coalesce(r.charged, a.charged_nano),
                   flagged_at = CASE WHEN r.needs THEN coalesce(a.flagged_at, clock_timestamp()) END,
                   closed_at = CASE WHEN r.closed THEN clock_timestamp() ELSE a.closed_at END
               FROM jsonb_to_recordset(%s::jsonb) AS r(id bigint, quiet int, flags jsonb, answer jsonb, needs boolean,
                   closed boolean, charged bigint)
               WHERE a.id = r.id""",
            [json.dumps(self.rows)],
        )
        orders.progress_many(self.delivered, self.begun)
        orders.give_back_many(self.waits)
        orders.record_many(self.lines)


def _submission(order: OrderRow, attempt: AttemptRow, provider: ProviderRow) -> Submission:
    return Submission(
        reference=str(attempt.reference),
        service=provider.remote_service(order.service_code),
        link=order.link,
        quantity=order.quantity,
        texts=tuple(line for line in order.texts.splitlines() if line.strip()),
        runs=order.runs or 1,
        interval_minutes=order.interval_minutes or 0,
        brief=order.brief,
        kind=str(order.terms.get("type", "counted")),
    )


def give_back_many(order_ids: Iterable[int], seconds: float) -> None:
    """Gives back leases; the next check of each is due after `seconds`."""
    waits = dict.fromkeys(sorted(order_ids), seconds)
    if waits:
        with atomic():
            orders.give_back_many(waits)
