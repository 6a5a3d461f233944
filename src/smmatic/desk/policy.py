"""The policy at the desk: the version in force with its proof, its history, and a draft: checked while it is written,
compared with what is in force, back-tested over recorded cases, and activated from its date.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, desk_show, done, names_of
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.policy.actions import activate_policy
from smmatic.policy.comparing import Change, compare
from smmatic.policy.compiler import Outcome, compile_policy
from smmatic.policy.document import PolicyDocument, PolicyError
from smmatic.policy.drafting import with_effective
from smmatic.policy.prover import Proof, check_text, prove
from smmatic.policy.queries import current_calendar, current_policy, policy, policy_history
from smmatic.policy.words import facts_in_words, say
from smmatic.refunds.backtest import backtest
from smmatic.web.pages import language

MAX_SOURCE_BYTES = 2 * 1024 * 1024
_MOST_EXAMPLES = 12
_BACKTEST_DAYS = 365


@dataclass(frozen=True, slots=True)
class ClassLine:
    """A kind of service and the business days in which a person answers."""

    words: str
    days: int


@dataclass(frozen=True, slots=True)
class ClauseBar:
    """A clause under the version in force and under a draft: cases, Credit units, bars in percent of the longest."""

    clause: str
    cases_before: int
    cases_after: int
    units_before: int
    units_after: int
    width_before: str
    width_after: str


@dataclass(frozen=True, slots=True)
class Example:
    """Combinations that a draft answers differently: one of them in words, with both answers."""

    verdict: str
    combinations: int
    facts: str
    before: str
    after: str


@desk_page("GET")
def policy_page(request: HttpRequest, person: Person) -> HttpResponse:
    """The policy in force, what was proven about it, and every version."""
    return _page(request, person)


@desk_page("POST", need=Permission.POLICY_ACTIVATE)
def check(request: HttpRequest, person: Person) -> HttpResponse:
    """Reads and proves a draft, changing nothing; the page shows what is wrong with it, or offers to activate it."""
    try:
        source = _source(request)
    except Refusal as refused:
        return _page(request, person, refused=refused, posted="draft")
    return _page(request, person, draft=source)


@desk_page("POST", need=Permission.POLICY_ACTIVATE)
def live(request: HttpRequest, person: Person) -> HttpResponse:
    """While a draft is written: what is wrong with it, or what it would change. Part of the page, changing nothing."""
    try:
        source = _source(request)
    except Refusal as refused:
        return desk_show(request, person, "desk/_draft_live.html", {"unread": refused.sentence})
    return desk_show(request, person, "desk/_draft_live.html", _checked(source))


@desk_page("GET")
def source(request: HttpRequest, person: Person, version_id: int) -> HttpResponse:
    """The file of an activated version, to keep or to start a draft from."""
    try:
        row = policy(version_id)
    except LookupError:
        raise Refusal(RefusalCode.NOT_FOUND) from None
    response = HttpResponse(row.document.source, content_type="application/toml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="policy-{row.id}.toml"'
    return response


@desk_page("POST", need=Permission.POLICY_ACTIVATE)
def activate(request: HttpRequest, person: Person) -> HttpResponse:
    """Proves a draft again and makes it a version from its effective date on."""
    source = ""
    try:
        source = _dated(_source(request), request.POST.get("effective", ""))
        row = activate_policy(source, person, request.POST.get("why", ""))
    except PolicyError as error:
        refused = Refusal(RefusalCode.POLICY_UNPROVEN, count=len(error.problems))
        return _page(request, person, draft=source, refused=refused)
    except Refusal as refusal:
        return _page(request, person, draft=source, refused=refusal, posted="activate")
    return done(request, _("Version %(version)s is activated.") % {"version": row.version}, "desk:policy")


def _source(request: HttpRequest) -> str:
    """The text of a draft, uploaded or pasted, with unix line ends.

    Raises:
        Refusal: `field_missing`, `text_too_long`, `malformed` when it is no UTF-8 text.
    """
    text: str
    sent = request.FILES.get("upload")
    if sent is not None:
        if (sent.size or 0) > MAX_SOURCE_BYTES:
            raise Refusal(RefusalCode.TEXT_TOO_LONG, "upload", maximum=MAX_SOURCE_BYTES)
        try:
            text = sent.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Refusal(RefusalCode.MALFORMED, "upload") from None
    else:
        text = request.POST.get("source", "")
    if not text.strip():
        raise Refusal(RefusalCode.FIELD_MISSING, "source")
    if "\x00" in text:
        raise Refusal(RefusalCode.TEXT_FORBIDDEN_CHARACTERS, "source")
    return text.replace("\r\n", "\n")


def _checked(draft: str) -> dict[str, Any]:
    """A draft with its proof and, where it holds, how it differs from the version in force."""
    document, proof = check_text(draft, "draft")
    context: dict[str, Any] = {"checked": document, "draft_proof": proof}
    if document is not None and proof.ok:
        current = current_policy().document
        try:
            found = compare(current, document)
        except PolicyError:  # the facts of both together are too many to go through
            return context
        examples = [_example(change, document, current) for change in found.changes[:_MOST_EXAMPLES]]
        context |= {"diff": found, "examples": examples, "against": current.version}
    return context


def _example(change: Change, after: PolicyDocument, before: PolicyDocument) -> Example:
    spoken = language()
    knows = all(fact.id in change.facts for fact in after.facts)
    document = after if knows else before
    return Example(
        change.verdict,
        change.combinations,
        facts_in_words(document, change.facts, spoken),
        _answer(before, change.before, spoken),
        _answer(after, change.after, spoken),
    )


def _answer(document: PolicyDocument, outcome: Outcome | None, spoken: str) -> str:
    if outcome is None:
        return _("cannot be")
    decision = document.words["decision"][outcome.decision].raw(spoken)
    if outcome.decision == "approve":
        decision = f"{decision}: {say(document, document.words['credits'][outcome.credits], spoken)}"
    return f"{outcome.clause}: {decision}"


def _tested(document: PolicyDocument) -> dict[str, Any]:
    """The back-test of a proven draft over the cases of the last months, with its chart."""
    current = current_policy().compiled
    found = backtest(current, compile_policy(document), since=now() - timedelta(days=_BACKTEST_DAYS))
    longest = max((max(row.units_before, row.units_after) for row in found.clauses), default=0) or 1
    bars = [
        ClauseBar(
            row.clause,
            row.cases_before,
            row.cases_after,
            row.units_before,
            row.units_after,
            _width(row.units_before, longest),
            _width(row.units_after, longest),
        )
        for row in found.clauses
    ]
    return {"backtest": found, "bars": bars, "backtest_days": _BACKTEST_DAYS}


def _width(units: int, longest: int) -> str:
    """The length of a bar in percent, as SVG writes it, whatever the page's language."""
    return f"{max(units * 100 / longest, 1 if units else 0):.1f}"


def _dated(text: str, typed: str) -> str:
    """The draft with the effective date that was typed, in the shop's time zone; as it is where none was.

    Raises:
        Refusal: `field_invalid`.
    """
    if not typed.strip():
        return text
    try:
        return with_effective(text, timezone.make_aware(datetime.fromisoformat(typed)))
    except ValueError:
        raise Refusal(RefusalCode.FIELD_INVALID, "effective") from None


@lru_cache(maxsize=8)
def _proof_of(version_id: int) -> Proof:
    """The proof of an activated version; a version never changes."""
    return prove(policy(version_id).document)


def _page(
    request: HttpRequest, person: Person, *, draft: str = "", refused: Refusal | None = None, posted: str = ""
) -> HttpResponse:
    current = current_policy()
    history = policy_history()
    context: dict[str, Any] = {
        "room": "desk-policy",
        "current": current,
        "proof": _proof_of(current.id),
        "classes": [ClassLine(one.name.raw(language()), one.business_days) for one in current.document.service_classes],
        "calendar": current_calendar(),
        "history": history,
        "names": names_of({row.activated_by_id for row in history}),
        "draft": draft,
        "editing": draft,
    }
    if draft:
        context |= _checked(draft)
        if context["draft_proof"].ok:
            context["from_now"] = context["checked"].effective <= now()
            context |= _tested(context["checked"])
    elif request.GET.get("edit") and person.may(Permission.POLICY_ACTIVATE):
        context["editing"] = current.document.source
    return desk_show(request, person, "desk/policy.html", context, refused, posted)
