"""Refunds: what the policy gives, asking for it, and following the case."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop as _
from ninja import Query, Router, Status

from smmatic.api.inputs import AppealIn, Cursor, Limit, NoteIn, RefundIn, given
from smmatic.api.keys import person_of
from smmatic.api.outputs import CaseOut, CasePage, DecidedOut, PreviewOut
from smmatic.api.rooms.orders import Key
from smmatic.api.routes import READ, REFUND, answers, cursor_parameter, limit_parameter, page_of
from smmatic.api.shapes import case_out, case_summary, decided_out, preview_out
from smmatic.credits.idempotency import check_key
from smmatic.refunds.actions import add_to_case, preview_refund, request_refund
from smmatic.refunds.appeal_actions import appeal
from smmatic.refunds.queries import case_of, cases_of
from smmatic.refunds.review_actions import withdraw

router = Router(tags=[_("Refunds")])


@router.get(
    "/orders/{id:order_id}/refund",
    auth=READ,
    response=answers(200, PreviewOut, 401, 403, 404, 422),
    summary=_("What a refund would give"),
    description=_(
        "What the policy answers to this reason now: decision, clause, exact Credits, explanation, and "
        "the due date where a person has to look. Changes nothing."
    ),
)
def read_refund(
    request: HttpRequest,
    order_id: int,
    reason: Annotated[str, Query(description=_("Code of one of the refund reasons."), max_length=60)],
) -> PreviewOut:
    """What the policy answers to this reason now, and by when where a person has to look."""
    return preview_out(preview_refund(person_of(request), order_id, reason))


@router.post(
    "/orders/{id:order_id}/refunds",
    auth=REFUND,
    response=answers(201, DecidedOut, 400, 401, 403, 404, 409, 422, 503),
    summary=_("Ask for a refund"),
    description=_(
        "Asks for a refund. What the policy can answer by itself is answered and settled when this "
        "answers; the rest becomes a case with a due date. Credits come back as Credits, spendable in "
        "the same second (clauses 1.2, 1.3)."
    ),
)
def ask_refund(
    request: HttpRequest, response: HttpResponse, order_id: int, refund: RefundIn, key: Key
) -> Status[DecidedOut]:
    """Asks for a refund."""
    person = person_of(request)
    decided = request_refund(
        person,
        order_id,
        reason_code=refund.reason,
        words=refund.words,
        file_ids=tuple(dict.fromkeys(refund.files or ())),
        key=check_key(key),
    )
    if decided.replayed:
        response["Idempotent-Replayed"] = "true"
    return Status(201, decided_out(person, decided))


@router.get(
    "/refunds",
    auth=READ,
    response=answers(200, CasePage, 401, 403, 422),
    summary=_("Your refund cases"),
    description=_("Your refund cases, cancellations among them, the newest first."),
)
def list_refunds(
    request: HttpRequest,
    cursor: Annotated[Cursor | None, cursor_parameter()] = None,
    limit: Annotated[Limit, limit_parameter(25)] = 25,
) -> CasePage:
    """Your refund cases, cancellations among them, the newest first."""
    rows = cases_of(person_of(request).id, before_id=cursor, limit=limit + 1)
    shown, more = page_of(rows, limit)
    return CasePage(items=[case_summary(case) for case in shown], next_cursor=shown[-1].id if more else None)


@router.get(
    "/refunds/{id:case_id}",
    auth=READ,
    response=answers(200, CaseOut, 401, 403, 404),
    summary=_("One case"),
    description=_("One case: state, due date, decision with its explanation, and history."),
)
def read_case(request: HttpRequest, case_id: int) -> CaseOut:
    """One case: state, due date, decision with its explanation, and history."""
    person = person_of(request)
    return case_out(case_of(person, case_id), person)


@router.post(
    "/refunds/{id:case_id}/notes",
    auth=REFUND,
    response=answers(200, CaseOut, 400, 401, 403, 404, 409, 422),
    summary=_("Add to an open case"),
    description=_("Adds what you know to a case that is not decided yet."),
)
def add_note(request: HttpRequest, case_id: int, note: NoteIn) -> CaseOut:
    """Adds what you know to a case that is not decided yet."""
    person = person_of(request)
    add_to_case(person, case_id, reason_code=given(note.reason), words=note.words)
    return case_out(case_of(person, case_id), person)


@router.post(
    "/refunds/{id:case_id}/appeal",
    auth=REFUND,
    response=answers(201, CaseOut, 400, 401, 403, 404, 409, 422),
    summary=_("Contest a denial"),
    description=_("Contests a denial once, within the days that the policy names; a person looks at it again."),
)
def contest_case(request: HttpRequest, case_id: int, note: AppealIn, key: Key) -> Status[CaseOut]:
    """Contests a denial once, within the days that the policy names; a person looks at it again."""
    person = person_of(request)
    files = tuple(dict.fromkeys(note.files or ()))
    made = appeal(person, case_id, words=note.words, file_ids=files, key=check_key(key))
    return Status(201, case_out(made, person))


@router.post(
    "/refunds/{id:case_id}/withdraw",
    auth=REFUND,
    response=answers(200, CaseOut, 401, 403, 404, 409),
    summary=_("Take back a request"),
    description=_("Takes back your own request while nobody has decided it."),
)
def withdraw_case(request: HttpRequest, case_id: int) -> CaseOut:
    """Takes back your own request while nobody has decided it."""
    person = person_of(request)
    return case_out(withdraw(person, case_id), person)
