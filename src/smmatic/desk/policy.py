"""The policy at the desk: the version in force with its proof and numbers, its history, and checking a draft."""

from dataclasses import dataclass
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, desk_show, done, names_of
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.policy.actions import activate_policy
from smmatic.policy.document import PolicyError
from smmatic.policy.prover import Proof, check_text, prove
from smmatic.policy.queries import current_calendar, current_policy, policy, policy_history
from smmatic.web.pages import language

MAX_SOURCE_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ClassLine:
    """A kind of service and the business days in which a person answers."""

    words: str
    days: int


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
def activate(request: HttpRequest, person: Person) -> HttpResponse:
    """Proves a draft again and makes it a version from its effective date on."""
    source = ""
    try:
        source = _source(request)
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


@lru_cache(maxsize=8)
def _proof_of(version_id: int) -> Proof:
    """The proof of an activated version; a version never changes."""
    return prove(policy(version_id).document)


def _page(
    request: HttpRequest, person: Person, *, draft: str = "", refused: Refusal | None = None, posted: str = ""
) -> HttpResponse:
    current = current_policy()
    history = policy_history()
    context = {
        "room": "desk-policy",
        "current": current,
        "proof": _proof_of(current.id),
        "classes": [ClassLine(one.name.raw(language()), one.business_days) for one in current.document.service_classes],
        "calendar": current_calendar(),
        "history": history,
        "names": names_of({row.activated_by_id for row in history}),
        "draft": draft,
    }
    if draft:
        document, proof = check_text(draft, "draft")
        context |= {"checked": document, "draft_proof": proof}
    return desk_show(request, person, "desk/policy.html", context, refused, posted)
