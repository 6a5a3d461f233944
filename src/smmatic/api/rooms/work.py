"""After the delivery: what was handed over, accepting it, and asking for it to be done again."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop as _
from ninja import Router, Status

from smmatic.accounts.queries import Person
from smmatic.api.inputs import ReworkIn
from smmatic.api.keys import person_of
from smmatic.api.outputs import Problem
from smmatic.api.problems import as_problem
from smmatic.api.rooms.orders import Key
from smmatic.api.routes import ORDER, READ, answers
from smmatic.api.shapes import file_out
from smmatic.api.work_outputs import DeliveryList, DeliveryOut, ReworkOut, ReworkPreviewOut
from smmatic.credits.idempotency import check_key
from smmatic.fulfilment.rework_actions import accept_work, accepted, ask_rework_once
from smmatic.fulfilment.rework_queries import ReworkRow, preview_rework, rework_of, reworks_of_order
from smmatic.fulfilment.work_queries import Given, handed_over
from smmatic.orders.queries import events_of, files_of, order_of

router = Router(tags=[_("Deliveries and rework")])


@router.get(
    "/orders/{id:order_id}/deliveries",
    auth=READ,
    response=answers(200, DeliveryList, 401, 403, 404),
    summary=_("What was handed over"),
    description=_("Notes, links, files and proof that came with the work on an order, the newest first."),
)
def list_deliveries(request: HttpRequest, order_id: int) -> DeliveryList:
    """Notes, links, files and proof that came with the work on an order, the newest first."""
    return _deliveries(person_of(request), order_id)


@router.post(
    "/orders/{id:order_id}/accept",
    auth=ORDER,
    response=answers(200, DeliveryList, 401, 403, 404, 409, 503),
    summary=_("Accept what was delivered"),
    description=_(
        "Records that the work is what you ordered. It takes no right away: within its days you can still ask "
        "for rework."
    ),
)
def accept_delivery(request: HttpRequest, order_id: int) -> DeliveryList:
    """Records that the work is what the customer ordered."""
    person = person_of(request)
    accept_work(person, order_id)
    return _deliveries(person, order_id)


@router.get(
    "/orders/{id:order_id}/rework",
    auth=READ,
    response=answers(200, ReworkPreviewOut, 401, 403, 404),
    summary=_("Whether rework can be asked for"),
    description=_("Whether you can ask for rework now and until when, and how every earlier one stands."),
)
def read_rework(request: HttpRequest, order_id: int) -> ReworkPreviewOut:
    """Whether rework can be asked for now and until when, and how every earlier one stands."""
    person = person_of(request)
    plan = preview_rework(person, order_id)
    return ReworkPreviewOut(
        possible=plan.refusal is None,
        refusal=Problem(**as_problem(plan.refusal)) if plan.refusal else None,
        days=plan.days,
        until=plan.until,
        start_by=plan.start_by if plan.refusal is None else None,
        items=[_rework(row) for row in reworks_of_order(order_id)],
    )


@router.post(
    "/orders/{id:order_id}/rework",
    auth=ORDER,
    response=answers(201, ReworkOut, 400, 401, 403, 404, 409, 422, 503),
    summary=_("Ask for rework"),
    description=_(
        "Asks for what was delivered to be done again, within the days that the service's terms gave when you "
        "ordered. "
        "One rework is open at a time. No Credits move."
    ),
)
def ask_again(
    request: HttpRequest, response: HttpResponse, order_id: int, rework: ReworkIn, key: Key
) -> Status[ReworkOut]:
    """Asks for what was delivered to be done again."""
    person = person_of(request)
    asked = ask_rework_once(person, order_id, rework.reason, key=check_key(key))
    if asked.replayed:
        response["Idempotent-Replayed"] = "true"
    return Status(201, _rework(rework_of(person, asked.rework_id)))


def _deliveries(person: Person, order_id: int) -> DeliveryList:
    order = order_of(person, order_id)
    events = events_of(order.id)
    given = handed_over(events, files_of(order.id))
    return DeliveryList(
        items=[_delivery(one) for one in given], accepted=order.status == "completed" and accepted(order.id)
    )


def _delivery(one: Given) -> DeliveryOut:
    return DeliveryOut(
        at=one.at,
        note=one.note,
        links=list(one.links),
        files=[file_out(file) for file in one.files],
        proof=one.proof,
        proof_files=[file_out(file) for file in one.proof_files],
        rework_id=one.rework_id,
    )


def _rework(row: ReworkRow) -> ReworkOut:
    return ReworkOut(
        id=row.id,
        order_id=row.order_id,
        state=row.state,
        reason=row.reason,
        asked_at=row.asked_at,
        start_by=row.start_by,
        began_at=row.began_at,
        ended_at=row.ended_at,
        answer=row.answer,
    )
