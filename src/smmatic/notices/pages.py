"""The mailbox of a machine under development: what we send as it looks, and what customers answer. On loopback only."""

import ipaddress
from email.message import EmailMessage
from email.utils import make_msgid

from csp.decorators import csp_replace, csp_update
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from smmatic.kernel.clock import now
from smmatic.notices.delivery import as_sent
from smmatic.notices.queries import MailRow, mail, mails
from smmatic.notices.steps import one_line
from smmatic.support.desk_queries import inbound
from smmatic.support.intake_actions import receive, sort_due

MAX_TYPED = 20_000
LETTER_POLICY = {
    "default-src": ["'none'"], "style-src": ["'unsafe-inline'"], "img-src": ["data:"], "frame-ancestors": ["'self'"],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox", "allow-top-navigation-by-user-activation"],
}  # fmt: skip


@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """The newest mails of both directions; `?to=` shows those to one address.

    Raises:
        Http404: unless SMMATIC_DEV_MAIL is on and the browser is on this machine.
    """
    _check(request)
    to = request.GET.get("to", "").replace("\x00", "")[:320]
    return render(request, "notices/mails.html", {"mails": mails(to=to), "to": to, "received": inbound(limit=20)})


@require_safe
@csp_update({"frame-src": ["'self'"]})  # type: ignore[arg-type]  # django-csp types only views without arguments
def mail_page(request: HttpRequest, mail_id: int) -> HttpResponse:
    """One mail as it looks and as text, with its links to click and a form to answer it as whoever got it.

    Raises:
        Http404: as `mail_list`, and for a mail that isn't there.
    """
    return render(request, "notices/mail.html", {"mail": _found(request, mail_id)})


@require_safe
@xframe_options_sameorigin
@csp_replace(LETTER_POLICY)  # type: ignore[arg-type]  # the same
def mail_letter(request: HttpRequest, mail_id: int) -> HttpResponse:
    """The HTML of a mail, shut in: it runs nothing and loads nothing.

    Raises:
        Http404: as `mail_page`.
    """
    row = _found(request, mail_id)
    return HttpResponse(row.html or format_html("<pre>{}</pre>", row.text))


@require_POST
def mail_reply(request: HttpRequest, mail_id: int) -> HttpResponse:
    """Answers a mail as the person who got it, the way their mail program would.

    Raises:
        Http404: as `mail_page`.
    """
    row = _found(request, mail_id)
    ours = as_sent(row.id)
    answer = _typed(request, row.to, f"Re: {row.subject}", str(ours["Reply-To"]))
    answer["In-Reply-To"] = str(ours["Message-ID"])
    answer["References"] = f"{ours.get('References', '')} {ours['Message-ID']}".strip()
    return _take(request, answer)


@require_POST
def mail_write(request: HttpRequest) -> HttpResponse:
    """A new mail to the support address, from whatever address is typed.

    Raises:
        Http404: as `mail_list`.
    """
    _check(request)
    sender, subject = request.POST.get("sender", ""), request.POST.get("subject", "")
    return _take(request, _typed(request, sender, subject, settings.SMMATIC_SUPPORT_ADDRESS))


def _typed(request: HttpRequest, sender: str, subject: str, to: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = one_line(sender, 320), one_line(to, 320), one_line(subject, 200)
    made["Message-ID"], made["Date"] = make_msgid(domain="customer.invalid"), now()
    made.set_content(request.POST.get("body", "").replace("\x00", "")[:MAX_TYPED].encode("utf-8", "replace").decode())
    file = request.FILES.get("file")
    if isinstance(file, UploadedFile):
        made.add_attachment(file.read(), maintype="application", subtype="octet-stream", filename=file.name or "file")
    return made


def _take(request: HttpRequest, made: EmailMessage) -> HttpResponse:
    receive(made.as_bytes(), "page")
    sort_due()
    messages.success(request, _("It came in, as from a mail program."))
    return redirect("notices:mails")


def _found(request: HttpRequest, mail_id: int) -> MailRow:
    _check(request)
    found = mail(mail_id, with_secrets=True) if mail_id < 2**63 else None
    if found is None:
        raise Http404
    return found


def _check(request: HttpRequest) -> None:
    if not settings.SMMATIC_DEV_MAIL or not _is_loopback(request.META.get("REMOTE_ADDR", "")):
        raise Http404


def _is_loopback(address: str) -> bool:
    """Whether the connection comes from this machine; a Unix socket has no address and is ours too."""
    if not address:
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
