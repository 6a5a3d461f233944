"""Mails that came in: what each was taken for, files that hung on them, and originals that could not be read."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.desk.common import desk_page, desk_show
from smmatic.support.desk_queries import attachment_content, inbound, mailboxes, original
from smmatic.web.pages import checked_id, cursor, download

PAGE = 40
KINDS = ("message", "automatic", "bounce", "own", "unreadable")


@desk_page("GET")
def inbound_list(request: HttpRequest, person: Person) -> HttpResponse:
    """The newest mails, of one kind or of all."""
    kind = request.GET.get("kind", "")
    if kind not in KINDS:
        kind = ""
    before = cursor(request)
    rows = inbound(kinds=[kind] if kind else (), before_id=before, limit=PAGE + 1)
    labels = {
        "": _("All"), "message": _("Messages"), "automatic": _("Automatic"), "bounce": _("Came back"),
        "own": _("Our own"), "unreadable": _("Unreadable"),
    }  # fmt: skip
    context = {
        "room": "desk-talks",
        "rows": rows[:PAGE],
        "kinds": list(labels.items()),
        "kind": kind,
        "mailboxes": mailboxes(),
        "first": before is None,
        "next_cursor": rows[PAGE - 1].id if len(rows) > PAGE else None,
        "filters": {"kind": kind},
    }
    return desk_show(request, person, "desk/inbound.html", context)


@desk_page("GET")
def attachment(request: HttpRequest, person: Person, attachment_id: int) -> HttpResponse:
    """A file that came by mail, as a download."""
    return download(*attachment_content(person, checked_id(attachment_id)))


@desk_page("GET")
def original_mail(request: HttpRequest, person: Person, conversation_id: int) -> HttpResponse:
    """A mail that could not be read, as it came."""
    return download("mail.eml", "message/rfc822", original(person, checked_id(conversation_id)))
