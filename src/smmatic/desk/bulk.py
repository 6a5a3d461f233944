"""The same decision for many alike cases: a preview of each, then the result of each, with sums that add up."""

from django.http import HttpRequest, HttpResponse

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, desk_show, names_of
from smmatic.desk.review import QUESTIONS
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.kernel.texts import clean_text
from smmatic.orders.queries import orders_by_id
from smmatic.refunds.bulk_actions import Bulk, Finding, decide_bulk, preview_bulk
from smmatic.refunds.review_actions import MAX_EVIDENCE
from smmatic.web.pages import ids


@desk_page("POST", need=Permission.CASE_WORK)
def bulk_page(request: HttpRequest, person: Person) -> HttpResponse:
    """The chosen cases, what is to be found about all of them, and what would follow for each."""
    finding = _finding(request, needs_evidence=False)
    chosen = ids(request.POST.getlist("case"), "cases")
    return _show(request, person, preview_bulk(person, chosen, finding), finding, decided=False)


@desk_page("POST", need=Permission.CASE_WORK)
def bulk_decide(request: HttpRequest, person: Person) -> HttpResponse:
    """Decides each as previewed; what was refused says why."""
    finding = _finding(request, needs_evidence=True)
    seen = [_seen(text) for text in request.POST.getlist("seen")]
    result = decide_bulk(person, seen, finding, why=request.POST.get("why", ""))
    return _show(request, person, result, finding, decided=True)


def _show(request: HttpRequest, person: Person, bulk: Bulk, finding: Finding, *, decided: bool) -> HttpResponse:
    context = {
        "room": "desk-cases",
        "bulk": bulk,
        "finding": finding,
        "decided": decided,
        "questions": [("", ""), *((claim, str(words)) for claim, words in QUESTIONS.items())],
        "orders": orders_by_id([item.case.order_id for item in bulk.items]),
        "names": names_of({item.case.customer_id for item in bulk.items}),
    }
    return desk_show(request, person, "desk/bulk.html", context)


def _finding(request: HttpRequest, *, needs_evidence: bool) -> Finding:
    claim, proof = request.POST.get("claim", ""), request.POST.get("proof", "")
    evidence = clean_text(request.POST.get("evidence", ""), "evidence", MAX_EVIDENCE)
    if not claim:
        return Finding()
    if claim not in QUESTIONS or proof not in ("verified", "refuted"):
        raise Refusal(RefusalCode.FIELD_INVALID, "claim")
    if needs_evidence and not evidence:
        raise Refusal(RefusalCode.EVIDENCE_MISSING, "evidence")
    return Finding(claim, proof, evidence)


def _seen(text: str) -> tuple[int, int, int]:
    """A case as its preview showed it: 'id:version:units'."""
    parts = text.split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in parts):
        raise Refusal(RefusalCode.FIELD_INVALID, "cases")
    return int(parts[0]), int(parts[1]), int(parts[2])
