"""Services, prices and the policy: what is offered, what it would cost, and by which rules."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Router

from smmatic.api.inputs import OrderIn, WorkIn, given, text_with_break
from smmatic.api.keys import person_of
from smmatic.api.money_outputs import ClassTime, ClauseOut, PolicyOut
from smmatic.api.outputs import Amount, QuoteOut, ReasonList, ReasonOut, ServiceList, ServiceOut
from smmatic.api.routes import ORDER, answers
from smmatic.api.shapes import amount
from smmatic.catalogue.queries import ServiceRow, service_by_code, services
from smmatic.credits.queries import wallet
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.orders.actions import OrderRequest, quote
from smmatic.policy.page import with_address
from smmatic.policy.promises import decision_days
from smmatic.policy.queries import current_policy
from smmatic.policy.shape import PolicyDocument
from smmatic.policy.words import say
from smmatic.refunds.reasons import REASONS
from smmatic.web.pages import language

router = Router(tags=[_("Services and policy")])


@router.get(
    "/services",
    response=answers(200, ServiceList),
    summary=_("All services"),
    description=_("What can be ordered now, with prices and terms. Needs no key."),
)
def list_services(request: HttpRequest) -> ServiceList:
    """What can be ordered now, with prices and terms."""
    return ServiceList(items=[service_out(row) for row in services()])


@router.get(
    "/services/{str:code}",
    response=answers(200, ServiceOut, 404),
    summary=_("One service"),
    description=_("One service by its code, also when it can't be ordered now. Needs no key."),
)
def read_service(request: HttpRequest, code: str) -> ServiceOut:
    """One service by its code, also when it can't be ordered now."""
    row = service_by_code(code)
    if row is None:
        raise Refusal(RefusalCode.SERVICE_UNKNOWN, "service")
    return service_out(row)


@router.post(
    "/quotes",
    auth=ORDER,
    response=answers(200, QuoteOut, 400, 401, 403, 404, 409, 422),
    summary=_("Check and price"),
    description=_("Checks every field of an order and prices it, changing nothing."),
)
def make_quote(request: HttpRequest, work: WorkIn) -> QuoteOut:
    """Checks every field of an order and prices it, changing nothing."""
    person = person_of(request)
    found = quote(person, order_request(work))
    available = wallet(person.id).available
    service, checked = found.service, found.checked
    return QuoteOut(
        service=service.code,
        quantity=checked.quantity,
        price=amount(checked.amount_units),
        available=amount(available),
        enough=available >= checked.amount_units,
        missing=amount(max(0, checked.amount_units - available)),
        link=checked.link.canonical,
        link_kind=str(checked.link.kind),
        link_label=checked.link.label if checked.link.canonical else "",
        undo_minutes=service.grace_minutes,
        start_hours=service.start_hours,
        terms_version=service.version,
        policy_version_id=current_policy().id,
    )


@router.get(
    "/policy",
    response=answers(200, PolicyOut),
    summary=_("The policy in force"),
    description=_("Every clause of the refund and cancellation policy, and its times. Needs no key."),
)
def read_policy(request: HttpRequest) -> PolicyOut:
    """Every clause of the refund and cancellation policy, and its times."""
    row = current_policy()
    document = with_address(row.document, settings.SMMATIC_SUPPORT_ADDRESS)
    return PolicyOut(
        id=row.id,
        version=row.version,
        effective_at=row.effective_at,
        language=language(),
        title=say(document, document.title, language()),
        intro=say(document, document.intro, language()),
        clauses=[clause_out(document, clause.number) for clause in document.clauses],
        times=[
            ClassTime(
                service_class=known.id, name=say(document, known.name, language()), business_days=known.business_days
            )
            for known in document.service_classes
        ],
        cut_off=document.times.cut_off.strftime("%H:%M"),
        due_by=document.times.due_by.strftime("%H:%M"),
        zone=document.times.zone,
        appeal_days=document.appeal_days,
        unknown_hours=document.deadlines.unknown_hours,
        stop_answer_hours=document.deadlines.stop_answer_hours,
        bonus_grace_days=document.bonus_grace_days,
        support_address=document.support_address,
    )


@router.get(
    "/refund-reasons",
    response=answers(200, ReasonList),
    summary=_("Reasons for a refund"),
    description=_("Why a refund can be asked for. Needs no key."),
)
def list_reasons(request: HttpRequest) -> ReasonList:
    """Why a refund can be asked for."""
    return ReasonList(
        items=[
            ReasonOut(
                code=known.code,
                text=known.label,
                help=known.help,
                words_needed=known.claim.endswith("_fault") and known.code != "not_started",
            )
            for known in REASONS
        ]
    )


def clause_out(document: PolicyDocument, number: str) -> ClauseOut:
    """One clause in the language of the request."""
    clause = document.clause(number)
    return ClauseOut(
        number=clause.number,
        title=say(document, clause.title, language()),
        text=say(document, clause.text, language(), support_address=document.support_address),
        kind=clause.kind,
    )


def order_request(work: WorkIn) -> OrderRequest:
    """What the client asks for, as the domain of orders understands it.

    Raises:
        Refusal: `service_unknown`; `text_forbidden_characters` for a text with a line break, which would count as two.
    """
    service = service_by_code(work.service)
    if service is None:
        raise Refusal(RefusalCode.SERVICE_UNKNOWN, "service")
    broken = text_with_break(work.texts)
    if broken is not None:
        raise Refusal(RefusalCode.TEXT_FORBIDDEN_CHARACTERS, f"texts.{broken}")
    return OrderRequest(
        service_id=service.id,
        quantity=work.quantity,
        link=given(work.link),
        brief=given(work.brief),
        texts="\n".join(work.texts or ()),
        runs=work.runs,
        interval_minutes=work.interval_minutes,
        start_now=work.start_now if isinstance(work, OrderIn) else False,
        file_ids=tuple(work.files or ()),
        terms_version=work.terms_version,
        policy_version_id=work.policy_version_id if isinstance(work, OrderIn) else None,
    )


def service_out(row: ServiceRow) -> ServiceOut:
    """A service in the language of the request."""
    return ServiceOut(
        id=row.id,
        code=row.code,
        name=row.name(language()),
        category=row.category,
        service_class=row.service_class,
        platform=row.platform,
        unit=row.unit(language()),
        type=row.type,
        minimum=row.min,
        maximum=row.max,
        step=row.step,
        price=_price(row),
        start_hours=row.start_hours,
        undo_minutes=row.grace_minutes,
        delivery=row.delivery,
        rework_days=row.rework_days,
        can_be_stopped=row.can_be_stopped,
        decision_days=decision_days(current_policy().document, row.service_class),
        link_kinds=list(row.link_kinds),
        link_expected=row.link_expected,
        link_example=row.link_example,
        takes_files=row.takes_files,
        gets=row.gets(language()),
        needs=row.needs(language()),
        active=row.active,
        terms_version=row.version,
    )


def _price(row: ServiceRow) -> Amount:
    return amount(row.price_units)
