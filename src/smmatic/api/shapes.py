"""From rows of the domains to the objects of the API. Nothing is decided here."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from smmatic.accounts.queries import Person
from smmatic.api.next_steps import next_step
from smmatic.api.outputs import (
    Amount,
    CancelOut,
    CaseOut,
    CaseSummary,
    ChargeOut,
    DecidedOut,
    DueOut,
    EventOut,
    ExplanationOut,
    FileOut,
    OrderOut,
    OrderSummary,
    PreviewOut,
    Problem,
    SkippedDay,
    StopOut,
)
from smmatic.api.problems import as_problem
from smmatic.credits.queries import ChargeRow, charges
from smmatic.kernel.amounts import format_credits
from smmatic.orders.queries import EventRow, FileRow, OrderRow, events_of, files_of
from smmatic.policy.business_time import DueDate
from smmatic.policy.explanations import Explanation
from smmatic.policy.queries import policy
from smmatic.refunds.actions import Decided, Preview, preview_cancel
from smmatic.refunds.explaining import explain_case, explain_plan
from smmatic.refunds.queries import CaseEventRow, CaseRow, case_of, cases_of_order, events_of_case
from smmatic.web.pages import language
from smmatic.web.timeline import lines
from smmatic.web.words import word

ROOT = "/api/v1"


def amount(units: int) -> Amount:
    """Credits as both forms."""
    return Amount(units=units, credits=format_credits(units))


def order_summaries(rows: Sequence[OrderRow]) -> list[OrderSummary]:
    """Orders of a list with what each holds and got back."""
    money = charges([row.id for row in rows])
    return [OrderSummary(**_summary(row, money[row.id])) for row in rows]


def order_out(person: Person, row: OrderRow) -> OrderOut:
    """One order with its timeline, what happens next, and what can be done."""
    cancelling = preview_cancel(person, row.id)
    cases = cases_of_order(row.id)
    held = cancelling.situation.charge
    return OrderOut(
        **_summary(row, held),
        brief=row.brief,
        texts=row.texts.split("\n") if row.texts else [],
        runs=row.runs,
        interval_minutes=row.interval_minutes,
        start_now=row.start_now,
        terms_version=int(row.terms["version"]),
        policy_version=cancelling.situation.policy.version,
        policy_version_id=row.policy_version_id,
        undo_until=row.accept_after if row.status == "pending" and not row.start_now else None,
        accepted_at=row.accepted_at,
        start_promised_at=row.start_promised_at,
        started_at=row.started_at,
        outcome_unknown=row.live and row.unknown_since is not None,
        charge=charge_out(held),
        next=next_step(row, held, cases),
        cancel=cancel_out(cancelling),
        stop=stop_out(row),
        files=[file_out(file) for file in files_of(row.id)],
        refunds=[case_summary(case) for case in cases],
        timeline=events_out(events_of(row.id), person.id),
    )


def cancel_out(preview: Preview) -> CancelOut:
    """What cancelling would give."""
    return CancelOut(**_preview(preview), stop=stop_out(preview.situation.order))


def preview_out(preview: Preview) -> PreviewOut:
    """What asking for a refund would give."""
    return PreviewOut(**_preview(preview))


def stop_out(row: OrderRow) -> StopOut:
    """Whether a stop can be asked for, by the conditions that asking checks again."""
    in_work = row.status in ("processing", "in_progress") and row.unknown_since is None
    return StopOut(
        offered=row.stop_offered,
        possible=row.stop_offered and in_work and row.stop_status not in ("asked", "confirmed"),
        status=row.stop_status,
        asked_at=row.stop_asked_at,
        answer_by=row.stop_deadline,
    )


def charge_out(row: ChargeRow) -> ChargeOut:
    """What an order holds and has taken."""
    return ChargeOut(
        amount=amount(row.amount),
        held=amount(row.open),
        captured=amount(row.captured),
        forfeited=amount(row.forfeited),
        released=amount(row.released),
        refunded=amount(row.refunded),
        returned=amount(row.returned),
    )


def decided_out(person: Person, decided: Decided) -> DecidedOut:
    """What was decided, with the case's own explanation."""
    case = case_of(person, decided.case_id) if decided.case_id is not None else None
    return DecidedOut(
        order_id=decided.order_id,
        case_id=decided.case_id,
        state=decided.state,
        decision=decided.decision,
        clause=decided.clause,
        returned=amount(decided.units_back),
        due_at=case.due_at if case and decided.due_at else None,
        explanation=explanation_out(explain_case(case, language())) if case else None,
    )


def case_summary(case: CaseRow) -> CaseSummary:
    """A case in a list."""
    return CaseSummary(**_case(case))


def case_out(case: CaseRow, person: Person) -> CaseOut:
    """A case with its decision, explained, and its history."""
    skipped = [(date.fromisoformat(day), why) for day, why in case.due_skipped]
    return CaseOut(
        **_case(case),
        words=case.words,
        policy_version=policy(case.policy_version_id).version,
        due=DueOut(at=case.due_at, counted_from=None, skipped=_skipped(skipped)) if case.due_at else None,
        explanation=explanation_out(explain_case(case, language())),
        events=events_out(events_of_case(case.id), person.id),
    )


def explanation_out(explanation: Explanation) -> ExplanationOut:
    """An explanation in the words of the policy."""
    return ExplanationOut.model_validate(explanation.as_dict())


def events_out(events: Sequence[EventRow] | Sequence[CaseEventRow], viewer_id: int) -> list[EventOut]:
    """A history in words, oldest first."""
    rows: list[EventRow | CaseEventRow] = list(events)
    return [
        EventOut(
            at=event.at,
            kind=event.kind,
            text=line.what,
            by=event.actor_kind,
            who=line.who,
            why=event.why,
            status_from=getattr(event, "status_from", ""),
            status_to=getattr(event, "status_to", ""),
            clause=line.clause,
        )
        for event, line in zip(rows, lines(rows, viewer_id=viewer_id), strict=True)
    ]


def file_out(row: FileRow) -> FileOut:
    """A file without its content."""
    return FileOut(
        id=row.id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        purpose=row.purpose,
        order_id=row.order_id,
        at=row.at,
        url=f"{ROOT}/files/{row.id}/content",
    )


def _summary(row: OrderRow, money: ChargeRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "service": row.service_code,
        "service_name": row.name(language()),
        "status": row.status,
        "status_text": str(word("order", row.status).label),
        "quantity": row.quantity,
        "delivered": row.delivered,
        "unit": row.unit(language()),
        "link": row.link,
        "link_kind": row.link_kind,
        "charged": amount(row.amount),
        "returned": amount(money.returned),
        "waiting_for_you": row.waiting_since is not None,
        "placed_at": row.placed_at,
        "ended_at": row.ended_at,
        "channel": row.channel,
    }


def _preview(preview: Preview) -> dict[str, Any]:
    plan, due = preview.plan, preview.due
    explained = explain_plan(preview.situation, plan, language(), due_at=due.at if due else None)
    return {
        "possible": preview.refusal is None,
        "refusal": Problem(**as_problem(preview.refusal)) if preview.refusal else None,
        "decision": plan.outcome.decision,
        "clause": plan.outcome.clause,
        "returns": amount(plan.units_back),
        "due": _due(due) if due else None,
        "explanation": explanation_out(explained),
    }


def _due(due: DueDate) -> DueOut:
    return DueOut(at=due.at, counted_from=due.counted_from, skipped=_skipped(due.skipped))


def _skipped(days: Sequence[tuple[date, Mapping[str, str]]]) -> list[SkippedDay]:
    return [SkippedDay(day=day, why=why.get(language(), why.get("en", ""))) for day, why in days]


def _case(case: CaseRow) -> dict[str, Any]:
    return {
        "id": case.id,
        "order_id": case.order_id,
        "ask": case.ask,
        "state": case.state,
        "state_text": str(word("case", case.state).label),
        "reason": case.reason,
        "decision": case.decision,
        "clause": case.clause,
        "returned": amount(case.units if case.state == "settled" else 0),
        "automatic": case.automatic,
        "opened_at": case.opened_at,
        "due_at": case.due_at,
        "settled_at": case.settled_at,
    }
