"""Home page, language switch and what browsers ask for by themselves."""

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST, require_safe

from smmatic.accounts.actions import save_profile
from smmatic.catalogue.queries import services
from smmatic.web.context import current_person
from smmatic.web.middleware import known, remember

PREVIEW_CODES = ("SP-LIST", "TT-EDIT", "ANY-PHOTO", "GG-ADS", "SP-CHAT", "ANY-TRANS")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What SMMATIC is, a look at the catalogue, and what the policy promises. The signed-in go to their rooms."""
    person = current_person(request)
    if person and "welcome" not in request.GET:
        return redirect("desk:home" if person.staff else "dashboard:services")
    rows = services()
    by_code = {row.code: row for row in rows}
    shown = [by_code[code] for code in PREVIEW_CODES if code in by_code] or rows[:6]
    return render(request, "home.html", {"shown": shown, "total": len(rows)})


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switches the language, on this device and, for the signed-in, in their account; then goes back."""
    chosen = request.POST.get("language", "")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    if known(chosen):
        translation.activate(chosen)
        remember(response, chosen)
        request.language_chosen = chosen  # type: ignore[attr-defined]  # so that the middleware keeps it
        person = current_person(request)
        if person and person.language != chosen:
            save_profile(person, name=person.name, language=chosen)
    return response


@require_GET
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for /favicon.ico whatever the page says."""
    return redirect(staticfiles_storage.url("smm/favicon.svg"), permanent=True)


@require_GET
def robots(request: HttpRequest) -> HttpResponse:
    """Only the public pages are for search engines."""
    return HttpResponse(
        "User-agent: *\nAllow: /$\nAllow: /policy\nAllow: /services\nDisallow: /\n", content_type="text/plain"
    )
