"""Orders: place, list, read, cancel, ask for a stop, and the files and messages that belong to them."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop as _
from ninja import File, Header, Query, Router, Status
from ninja.files import UploadedFile

from smmatic.api.inputs import Cursor, Limit, MessageIn, OrderIn
from smmatic.api.keys import person_of
from smmatic.api.outputs import (
    CancelOut,
    DecidedOut,
    FileOut,
    MessageList,
    MessageOut,
    OrderOut,
    OrderPage,
    PlacedOut,
)
from smmatic.api.rooms.catalogue import order_request
from smmatic.api.routes import ORDER, ORDER_OR_REFUND, READ, answers, cursor_parameter, limit_parameter, page_of
from smmatic.api.shapes import ROOT, amount, cancel_out, decided_out, file_out, order_out, order_summaries
from smmatic.credits.idempotency import check_key
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_line
from smmatic.orders.actions import keep_file, place
from smmatic.orders.queries import ENDED, LIVE, file_of, order_of, orders_of
from smmatic.refunds.actions import ask_stop, cancel, preview_cancel
from smmatic.support.actions import post_message
from smmatic.support.queries import MessageRow, messages_of_order
from smmatic.web.pages import download

router = Router(tags=[_("Orders")])

KEY_HEADER = "Idempotency-Key"
KEY_TEXT = _("8 to 100 letters, digits, '-', '_', '.' or ':'. Repeat it to repeat the request safely.")
Key = Annotated[str, Header(alias=KEY_HEADER, description=KEY_TEXT)]
"""The key of a request that spends Credits or asks for some: needed."""

OptionalKey = Annotated[str | None, Header(alias=KEY_HEADER, description=KEY_TEXT)]

MAX_SEARCH = 200


@router.post(
    "/orders",
    auth=ORDER,
    response=answers(201, PlacedOut, 400, 401, 402, 403, 404, 409, 413, 415, 422, 503),
    summary=_("Place an order"),
    description=_(
        "Checks, prices, charges and places in one step. Under the same Idempotency-Key the same request "
        "gives the same order and charges nothing more; another request under that key is refused."
    ),
)
def place_order(request: HttpRequest, response: HttpResponse, work: OrderIn, key: Key) -> Status[PlacedOut]:
    """Checks, prices, charges and places in one step."""
    checked = check_key(key)
    placed = place(person_of(request), order_request(work), key=checked, channel="api")
    if placed.replayed:
        response["Idempotent-Replayed"] = "true"
    response["Location"] = f"{ROOT}/orders/{placed.order_id}"
    body = PlacedOut(
        id=placed.order_id,
        service=work.service,
        charged=amount(placed.charged),
        available=amount(placed.available_after),
        url=f"{ROOT}/orders/{placed.order_id}",
    )
    return Status(201, body)


@router.get(
    "/orders",
    auth=READ,
    response=answers(200, OrderPage, 401, 403, 422),
    summary=_("Your orders"),
    description=_("Your orders, the newest first."),
)
def list_orders(
    request: HttpRequest,
    status: Annotated[str, Query(description=_("One status or several with commas, such as pending,processing."))] = "",
    search: Annotated[str, Query(description=_("An order's id, a service's code, or a part of a link."))] = "",
    cursor: Annotated[Cursor | None, cursor_parameter()] = None,
    limit: Annotated[Limit, limit_parameter(25)] = 25,
) -> OrderPage:
    """Your orders, the newest first."""
    statuses = [word for word in status.split(",") if word]
    if set(statuses) - set(LIVE + ENDED):
        raise Refusal(RefusalCode.FIELD_INVALID, "status")
    words = clean_line(search, "search", MAX_SEARCH)
    rows = orders_of(person_of(request).id, statuses=statuses, search=words, before_id=cursor, limit=limit + 1)
    shown, more = page_of(rows, limit)
    return OrderPage(items=order_summaries(shown), next_cursor=shown[-1].id if more else None)


@router.get(
    "/orders/{id:order_id}",
    auth=READ,
    response=answers(200, OrderOut, 401, 403, 404),
    summary=_("One order"),
    description=_(
        "One order: status, what happens next and until when, timeline, charge, files, and what can be done about it."
    ),
)
def read_order(request: HttpRequest, order_id: int) -> OrderOut:
    """One order: status, what happens next and until when, timeline, charge, files, and what can be done about it."""
    person = person_of(request)
    return order_out(person, order_of(person, order_id))


@router.get(
    "/orders/{id:order_id}/cancel",
    auth=READ,
    response=answers(200, CancelOut, 401, 403, 404),
    summary=_("What cancelling would give"),
    description=_("What cancelling gives now, with the clause and the exact Credits. Changes nothing."),
)
def read_cancel(request: HttpRequest, order_id: int) -> CancelOut:
    """What cancelling gives now, with the clause and the exact Credits."""
    return cancel_out(preview_cancel(person_of(request), order_id))


@router.post(
    "/orders/{id:order_id}/cancel",
    auth=ORDER,
    response=answers(200, DecidedOut, 400, 401, 403, 404, 409, 503),
    summary=_("Cancel a pending order"),
    description=_(
        "Cancels an order that is still pending: the full charge is back when this answers (clause 4.1). "
        "Once processing has begun it is refused with clause 4.2. An Idempotency-Key is welcome, not "
        "needed: a second cancel is refused."
    ),
)
def cancel_order(request: HttpRequest, response: HttpResponse, order_id: int, key: OptionalKey = None) -> DecidedOut:
    """Cancels an order that is still pending: the full charge is back when this answers (clause 4.1)."""
    person = person_of(request)
    decided = cancel(person, order_id, key=None if key is None else check_key(key))
    if decided.replayed:
        response["Idempotent-Replayed"] = "true"
    return decided_out(person, decided)


@router.post(
    "/orders/{id:order_id}/stop",
    auth=ORDER,
    response=answers(200, OrderOut, 401, 403, 404, 409, 503),
    summary=_("Ask for a stop"),
    description=_("Asks whoever delivers to stop an order in work (clause 4.2). It is a request, never a promise."),
)
def stop_order(request: HttpRequest, order_id: int) -> OrderOut:
    """Asks whoever delivers to stop an order in work (clause 4.2)."""
    person = person_of(request)
    return order_out(person, ask_stop(person, order_id))


@router.get(
    "/orders/{id:order_id}/messages",
    auth=READ,
    response=answers(200, MessageList, 401, 403, 404),
    summary=_("Messages about an order"),
    description=_("Everything that you and we wrote about an order, the oldest first."),
)
def list_messages(request: HttpRequest, order_id: int) -> MessageList:
    """Everything that you and we wrote about an order, the oldest first."""
    return MessageList(items=[_message(row) for row in messages_of_order(person_of(request), order_id)])


@router.post(
    "/orders/{id:order_id}/messages",
    auth=ORDER_OR_REFUND,
    response=answers(201, MessageOut, 400, 401, 403, 404, 422),
    summary=_("Write about an order"),
    description=_("Writes to the people who work on the order. An order that waits for you goes on."),
)
def write_message(request: HttpRequest, order_id: int, message: MessageIn) -> Status[MessageOut]:
    """Writes to the people who work on the order."""
    return Status(201, _message(post_message(person_of(request), order_id, message.text)))


@router.post(
    "/files",
    auth=ORDER_OR_REFUND,
    response=answers(201, FileOut, 400, 401, 403, 413, 415, 422),
    summary=_("Upload a file"),
    description=_(
        "Keeps a file for an order or a refund request that you send afterwards; only you see it until then."
    ),
)
def upload_file(
    request: HttpRequest,
    file: Annotated[
        UploadedFile, File(description=_("One file, up to 10 MB: image, video, PDF, office, text or ZIP."))
    ],
) -> Status[FileOut]:
    """Keeps a file for an order or a refund request that you send afterwards; only you see it until then."""
    others = [name for name in [*request.POST, *request.FILES] if name != "file"]
    if others or len(request.FILES.getlist("file")) != 1:
        raise Refusal(RefusalCode.FIELD_UNKNOWN, others[0][:60] if others else "file")
    return Status(201, file_out(keep_file(person_of(request), name=file.name or "", content=file.read())))


@router.get(
    "/files/{id:file_id}",
    auth=READ,
    response=answers(200, FileOut, 401, 403, 404),
    summary=_("One file"),
    description=_("What a file is: of your own, or delivered to you."),
)
def read_file(request: HttpRequest, file_id: int) -> FileOut:
    """What a file is: of your own, or delivered to you."""
    row, _content = file_of(person_of(request), file_id)
    return file_out(row)


@router.get(
    "/files/{id:file_id}/content",
    auth=READ,
    summary=_("A file's content"),
    description=_("The bytes of a file, as a download."),
)
def read_content(request: HttpRequest, file_id: int) -> HttpResponse:
    """The bytes of a file, as a download."""
    row, content = file_of(person_of(request), file_id)
    return download(row.name, row.media_type, content)


def _message(row: MessageRow) -> MessageOut:
    return MessageOut(id=row.id, by=row.author_kind, text=row.body, at=row.at, case_id=row.case_id)
