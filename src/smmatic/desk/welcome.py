"""The one-time page on which the first operator is made: no installation has a default account."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from smmatic.accounts.actions import use_operator_link
from smmatic.accounts.queries import link_is_open
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.web.pages import show


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, secret: str) -> HttpResponse:
    """Asks for the operator's address, name and password; works once."""
    if not link_is_open(secret):
        raise Refusal(RefusalCode.NOT_FOUND)
    refused: Refusal | None = None
    typed = {name: request.POST.get(name, "").strip() for name in ("email", "name")}
    if request.method == "POST":
        try:
            use_operator_link(secret, **typed, password=request.POST.get("password", ""))
        except Refusal as refusal:
            refused = refusal
        else:
            messages.success(request, _("You are the operator. Sign in with your new password."))
            return redirect("account_login")
    response = show(request, "desk/welcome.html", {"values": typed}, refused)
    # The address is a secret: it must not leave with a link or stay in a cache.
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response
