"""The mail log: what was sent to whom, what failed or is uncertain, and sending it once more."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from smmatic.accounts.queries import Person
from smmatic.accounts.rules import Permission
from smmatic.desk.common import desk_page, desk_show, done
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.notices.actions import RESENDABLE, resend
from smmatic.notices.queries import counts, mail, mails
from smmatic.web.pages import checked_id, cursor, search_text

PAGE = 30
GROUPS = {
    "": (),
    "trouble": ("failed", "uncertain"),
    "waiting": ("prepared", "sending"),
    "sent": ("sent", "kept"),
}
"""What the list can be narrowed to, and the states in it."""


@desk_page("GET")
def mail_list(request: HttpRequest, person: Person) -> HttpResponse:
    """Mails, newest first, of one group and to one address."""
    group = request.GET.get("group", "")
    if group not in GROUPS:
        group = ""
    to, before = search_text(request, "to"), cursor(request)
    rows = mails(to=to, states=GROUPS[group], before_id=before, limit=PAGE + 1)
    labels = {
        "": _("All"), "trouble": _("Failed or uncertain"), "waiting": _("On their way"), "sent": _("Sent"),
    }  # fmt: skip
    context = {
        "room": "desk-talks",
        "rows": rows[:PAGE],
        "groups": list(labels.items()),
        "group": group,
        "to": to,
        "counts": counts(),
        "first": before is None,
        "next_cursor": rows[PAGE - 1].id if len(rows) > PAGE else None,
        "filters": {"group": group, "to": to},
    }
    return desk_show(request, person, "desk/mails.html", context)


@desk_page("GET")
def mail_page(request: HttpRequest, person: Person, mail_id: int) -> HttpResponse:
    """One mail: its words, and what became of it."""
    return _page(request, person, mail_id)


@desk_page("POST", need=Permission.CASE_WORK)
def send_again(request: HttpRequest, person: Person, mail_id: int) -> HttpResponse:
    """Sends the same words once more."""
    try:
        again = resend(person, checked_id(mail_id))
    except Refusal as refused:
        return _page(request, person, mail_id, refused)
    return done(request, _("It is sent once more, as this mail."), "desk:mail", again.id)


def _page(request: HttpRequest, person: Person, mail_id: int, refused: Refusal | None = None) -> HttpResponse:
    row = mail(checked_id(mail_id))
    if row is None:
        raise Refusal(RefusalCode.NOT_FOUND)
    context = {"room": "desk-talks", "mail": row, "can_resend": row.state in RESENDABLE and not row.secret}
    return desk_show(request, person, "desk/mail.html", context, refused)
