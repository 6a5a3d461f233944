"""Mass orders: every line checked and priced before anything is charged, confirmed once, placed in parts.

A confirmed mass order is a row of the database. Whoever carries it on (the page that confirmed it, or a worker after
it) leases it and places its parts under keys made of its own key, so that a process that ends in between costs nothing:
the next one asks for the same parts again and gets the same answers.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from smmatic.accounts.queries import Person
from smmatic.accounts.queries import person as person_by_id
from smmatic.catalogue.queries import ServiceRow, services_for
from smmatic.catalogue.rules import check_input
from smmatic.credits.idempotency import check_key
from smmatic.kernel.clock import elapsed, now
from smmatic.kernel.database import atomic
from smmatic.kernel.refusals import Refusal, RefusalCode, Refusals
from smmatic.kernel.sheets import Rows
from smmatic.orders.actions import OrderRequest, PlacedMany, place_many
from smmatic.orders.mass_queries import BatchRow, batch_of, open_on_links
from smmatic.orders.mass_rules import (
    MAX_LINES,
    Check,
    Line,
    check_of,
    kept_refusal,
    line_of,
    lines_of,
    refusals_of,
)
from smmatic.orders.models import Batch
from smmatic.policy.queries import current_policy

PART = 500
"""Lines that are placed in one statement where each stands for itself; all-or-nothing is one statement."""

DRAFTS = 20
DRAFT_LIFE = timedelta(days=7)
"""How many unconfirmed mass orders are kept for a customer, and for how long."""

LEASE = timedelta(seconds=120)


def check_batch(person: Person, rows: Rows, *, key: str, name: str = "") -> BatchRow:
    """Checks and prices every line of a table and keeps what was found; nothing is charged.

    The same key again gives the mass order that was made under it.

    Raises:
        Refusal: `sheet_empty`, `sheet_too_large`, `idempotency_key_*`.
    """
    check_key(key)
    if len(key) > 60:
        raise Refusal(RefusalCode.KEY_MALFORMED, "key")
    offered = {row.code: row for row in services_for(person.id)}
    lines = lines_of(rows, {code: row.type for code, row in offered.items()})
    if not lines:
        raise Refusal(RefusalCode.SHEET_EMPTY, "lines")
    if len(lines) > MAX_LINES:
        raise Refusal(RefusalCode.SHEET_TOO_LARGE, "lines", maximum=MAX_LINES, maximum_mb=10)
    checks = check_lines(person, lines, offered)
    with atomic():
        mine = Batch.objects.filter(customer_id=person.id)
        drafts = mine.filter(state="checked")
        kept = drafts.order_by("-id").values_list("id", flat=True)[: DRAFTS - 1]
        drafts.filter(Q(at__lt=now() - DRAFT_LIFE) | ~Q(id__in=list(kept))).delete()
        row, _ = mine.get_or_create(
            key=key,
            customer_id=person.id,
            defaults={
                "name": name[:120],
                "policy_version_id": current_policy().id,
                "lines": [line.kept() for line in lines],
                "checks": [check.kept() for check in checks],
                "total": len(lines),
                "wrong": sum(check.wrong for check in checks),
                "amount": sum(check.amount for check in checks),
            },
        )
    return batch_of(person, row.id)


def check_lines(person: Person, lines: Sequence[Line], offered: dict[str, ServiceRow]) -> list[Check]:
    """What is found of each line, by the same checks that placing makes; changes nothing.

    Args:
        person: the customer.
        lines: as read.
        offered: the services on sale by code, at this customer's prices.
    """
    terms = {code: row.terms() for code, row in offered.items()}
    found = [_checked(line, offered.get(line.service), terms.get(line.service)) for line in lines]
    cared = [
        (at, offered[lines[at].service], link)
        for at, (check, link) in enumerate(found)
        if link and not check.wrong and offered[lines[at].service].overlap != "allow"
    ]
    checks = [check for check, _link in found]
    already = open_on_links(person.id, list({link for _at, _row, link in cared})) if cared else {}
    first: dict[tuple[int, str], int] = {}
    for at, row, link in cared:
        earlier = first.setdefault((row.id, link), at)
        twice = lines[earlier].number if earlier != at else None
        checks[at] = _with_overlap(checks[at], row, already.get((row.id, link)), twice)
        if checks[at].wrong and earlier == at:
            del first[row.id, link]
    return checks


def _checked(line: Line, row: ServiceRow | None, terms: dict[str, Any] | None) -> tuple[Check, str]:
    if row is None or terms is None:
        return Check(refusals=(Refusal(RefusalCode.SERVICE_UNKNOWN, "service"),)), ""
    if not row.deliverable:
        return Check(refusals=(Refusal(RefusalCode.SERVICE_UNAVAILABLE, "service"),)), ""
    try:
        checked = check_input(
            terms,
            link=line.link,
            quantity=line.quantity or None,
            texts=line.texts,
            runs=line.runs or None,
            interval_minutes=line.interval_minutes or None,
            brief=line.brief,
        )
    except (Refusal, Refusals) as refused:
        return Check(refusals=refusals_of(refused)), ""
    link = checked.link.canonical
    return Check(row.id, row.version, row.price_id, checked.amount_units, link), link


def _with_overlap(check: Check, row: ServiceRow, order_id: int | None, twice: int | None) -> Check:
    if row.overlap == "refuse" and order_id is not None:
        return Check(refusals=(Refusal(RefusalCode.ORDER_OVERLAPS, "link", number=order_id),))
    if row.overlap == "refuse" and twice is not None:
        return Check(refusals=(Refusal(RefusalCode.LINE_TWICE, "link", line=twice),))
    return Check(check.service_id, check.version, check.price_id, check.amount, check.link, order_id, twice)


def confirm_batch(person: Person, batch_id: int, *, all_or_nothing: bool) -> BatchRow:
    """Confirms a mass order once, as it was shown; its lines are then placed by `carry_on`.

    Raises:
        Refusal: `not_found`; `batch_state` when it was confirmed before; `batch_wrong` when all are wanted and some are
            wrong. Nothing was charged.
    """
    seen = batch_of(person, batch_id)
    if seen.state != "checked":
        raise Refusal(RefusalCode.BATCH_STATE)
    if seen.good == 0 or (all_or_nothing and seen.wrong):
        raise Refusal(RefusalCode.BATCH_WRONG, wrong=seen.wrong)
    mine = Batch.objects.filter(id=batch_id, customer_id=person.id, state="checked")
    if not mine.update(state="placing", all_or_nothing=all_or_nothing, confirmed_at=Now()):
        raise Refusal(RefusalCode.BATCH_STATE)
    return batch_of(person, batch_id)


def carry_on(batch_id: int, *, seconds: float) -> bool:
    """Places the lines of a confirmed mass order that are not placed yet, part by part, for so many seconds.

    Whether it ended. Does nothing while somebody else is at it.
    """
    started = elapsed()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    if not Batch.objects.filter(free, id=batch_id, state="placing").update(lease_until=Now() + LEASE):
        return False
    row = Batch.objects.get(id=batch_id)
    person = person_by_id(row.customer_id)
    if person is None:
        raise RuntimeError(f"the customer of mass order {batch_id} is gone")
    lines, checks = [line_of(kept) for kept in row.lines], [check_of(kept) for kept in row.checks]
    size = len(lines) if row.all_or_nothing else PART
    results: list[Any] = list(row.results)
    charged = row.charged
    while len(results) < len(lines):
        if results and elapsed() - started >= seconds:
            Batch.objects.filter(id=batch_id).update(lease_until=None)
            return False
        start = len(results)
        part = range(start, min(start + size, len(lines)))
        answers, part_charged = _place_part(person, row, [(at, lines[at], checks[at]) for at in part])
        results += answers
        charged += part_charged
        _keep(batch_id, results, charged, ended=len(results) == len(lines))
    return True


def carry_on_due() -> int:
    """Carries on what a page or a worker left: the oldest confirmed mass orders first. How many were touched."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    waiting = Batch.objects.filter(free, state="placing", confirmed_at__lt=Now() - timedelta(seconds=2))
    found = list(waiting.order_by("id").values_list("id", flat=True)[:5])
    for batch_id in found:
        carry_on(batch_id, seconds=10.0)
    return len(found)


def _keep(batch_id: int, results: list[Any], charged: int, *, ended: bool) -> None:
    placed = sum(isinstance(one, int) and one > 0 for one in results)
    columns: dict[str, Any] = {"results": results, "placed": placed, "charged": charged, "lease_until": Now() + LEASE}
    if ended:
        columns |= {"state": "placed" if placed else "refused", "ended_at": Now(), "lease_until": None}
    Batch.objects.filter(id=batch_id, state="placing").update(**columns)


def _place_part(person: Person, row: Batch, part: list[tuple[int, Line, Check]]) -> tuple[list[Any], int]:
    """The results of one part, by line: an order's id, 0 for a line that was wrong before, or a kept refusal."""
    good = [(at, line, check) for at, line, check in part if not check.wrong]
    if not good:
        return [0] * len(part), 0
    answers, charged = _placed(person, row, good)
    by_line = dict(zip((at for at, _line, _check in good), answers, strict=True))
    return [by_line.get(at, 0) for at, _line, _check in part], charged


def _placed(person: Person, row: Batch, good: list[tuple[int, Line, Check]]) -> tuple[list[Any], int]:
    requests = [_request(row, line, check) for _at, line, check in good]
    key = f"{row.key}:{good[0][0]}-{len(good)}"
    try:
        done = place_many(person, requests, key=key, channel="page", all_or_nothing=row.all_or_nothing)
    except (Refusal, Refusals) as refused:
        first = refusals_of(refused)[0]
        if first.code == RefusalCode.BUSY:
            raise
        if len(good) > 1 and not row.all_or_nothing and first.code in _OF_ONE_LINE:
            halves = (good[: len(good) // 2], good[len(good) // 2 :])
            parts = [_placed(person, row, half) for half in halves]
            return parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]
        return [kept_refusal(first)] * len(good), 0
    return [_result(one, done) for one in done.rows], done.charged


_OF_ONE_LINE = {RefusalCode.ORDER_OVERLAPS, RefusalCode.TERMS_CHANGED}
"""What the database refuses of a whole statement though it is about one of its lines: that line is looked for."""


def _result(row: Any, done: PlacedMany) -> Any:
    if row.order_id is not None:
        return row.order_id
    if row.refusal is not None:
        return kept_refusal(refusals_of(row.refusal)[0])
    why = next((one.refusal for one in done.rows if one.refusal is not None), None)
    return (
        kept_refusal(Refusal(RefusalCode.BATCH_WRONG, wrong=sum(one.refusal is not None for one in done.rows)))
        if why
        else 0
    )


def _request(row: Batch, line: Line, check: Check) -> OrderRequest:
    return OrderRequest(
        check.service_id,
        quantity=line.quantity or None,
        link=line.link,
        brief=line.brief,
        texts=line.texts,
        runs=line.runs or None,
        interval_minutes=line.interval_minutes or None,
        start_now=line.start_now,
        terms_version=check.version,
        policy_version_id=row.policy_version_id,
        price_id=check.price_id,
    )
