"""Error pages: what failed, that nothing was charged, and what to do next."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from smmatic.kernel.refusals import Refusal, RefusalCode

_API = "/api/"
"""Below this address everything answers in JSON, also what fails before it gets there."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One error page: status, headline, and what to do next."""

    status: int
    title: str
    next_step: str


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The page of a refusal; a signed-out person is sent to sign in."""
    if refusal.code is RefusalCode.NOT_SIGNED_IN and request.method == "GET":
        from django.contrib.auth.views import redirect_to_login

        if getattr(request, "htmx", False):
            # A page that follows something by itself: the whole page goes to sign in, not only its part.
            here = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(redirect_to_login(here, settings.LOGIN_URL).url)
        return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
    if refusal.code is RefusalCode.NOT_FOUND:
        return not_found(request, refusal)
    return _page(request, Trouble(refusal.status, refusal.sentence, refusal.next_step), refusal)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the browser sent something that no page of ours sends."""
    if request.path.startswith(_API):
        return _in_json(Refusal(RefusalCode.MALFORMED))
    return _page(
        request, Trouble(400, _("That request could not be read."), _("Go back, reload the page and try again."))
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: known, and not allowed."""
    return _page(
        request,
        Trouble(403, _("This page is not open to your account."), _("Sign in with another account, or write to us.")),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of Django's form protection: an old page, or cookies switched off."""
    return _page(
        request,
        Trouble(
            403,
            _("This form was open too long, or cookies are switched off."),
            _("Go back, reload the page and send the form again."),
        ),
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404, the same for what does not exist and for what belongs to somebody else."""
    return _page(
        request,
        Trouble(
            404,
            _("There is nothing at this address."),
            _("Check the address, or start from your orders or the services."),
        ),
    )


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """429: slow down."""
    return _page(
        request, Trouble(429, _("That was too many requests in a short time."), _("Wait a minute and try again."))
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault. The page needs neither database nor session, as either may be what failed."""
    if request.path.startswith(_API):
        return _in_json(Refusal(RefusalCode.INTERNAL))
    words = {
        "support_address": settings.SMMATIC_SUPPORT_ADDRESS,
        "site_name": settings.SMMATIC_SITE_NAME,
        "LANGUAGE_CODE": get_language() or "en",
    }
    html = render_to_string("500.html", words)
    return HttpResponse(html, status=500)


def _in_json(refusal: Refusal) -> HttpResponse:
    problem = refusal.as_dict() | {"facts": {}}
    return JsonResponse({"error": problem, "errors": [problem]}, status=refusal.status)


def _page(request: HttpRequest, trouble: Trouble, refusal: Refusal | None = None) -> HttpResponse:
    if getattr(request, "htmx", False):
        return render(request, "_trouble.html", {"trouble": trouble, "refusal": refusal}, status=trouble.status)
    return render(request, "error.html", {"trouble": trouble, "refusal": refusal}, status=trouble.status)
