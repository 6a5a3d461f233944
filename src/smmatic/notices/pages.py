"""The mails of a machine under development, readable in the browser. On loopback only."""

import ipaddress

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from smmatic.notices.queries import mail, mails


@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """The newest mails; `?to=` shows those to one address.

    Raises:
        Http404: unless SMMATIC_DEV_MAIL is on and the browser is on this machine.
    """
    _check(request)
    to = request.GET.get("to", "").replace("\x00", "")[:320]
    return render(request, "notices/mails.html", {"mails": mails(to=to), "to": to})


@require_safe
def mail_page(request: HttpRequest, mail_id: int) -> HttpResponse:
    """One mail as text, with its links to click.

    Raises:
        Http404: as `mail_list`, and for a mail that isn't there.
    """
    _check(request)
    found = mail(mail_id, with_secrets=True) if mail_id < 2**63 else None
    if found is None:
        raise Http404
    return render(request, "notices/mail.html", {"mail": found})


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
