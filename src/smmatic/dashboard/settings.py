"""One's own settings: name, language, and API keys."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from smmatic.accounts.actions import create_api_key, revoke_api_key, save_profile
from smmatic.accounts.queries import Person, api_keys
from smmatic.accounts.rules import SCOPES
from smmatic.dashboard.common import customer_page, form_of
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.web.middleware import remember
from smmatic.web.pages import checked_id, show

LIFETIMES = ("30", "90", "365", "")


@require_safe
@customer_page
def settings_page(request: HttpRequest, person: Person) -> HttpResponse:
    """Profile and keys."""
    return _page(request, person)


@form_of("dashboard:settings")
@customer_page
def save(request: HttpRequest, person: Person) -> HttpResponse:
    """Saves name, language, and for whom and from where one buys; the page comes back in the new language."""
    name, language = request.POST.get("name", ""), request.POST.get("language", "")
    buys = {field: request.POST.get(field, "") for field in ("customer_type", "country")}
    try:
        save_profile(person, name=name, language=language, **buys)
    except Refusal as refused:
        return _page(request, person, {"name": name, "language": language} | buys, refused)
    translation.activate(language)
    request.language_chosen = language  # type: ignore[attr-defined]  # so that the middleware keeps it
    messages.success(request, _("Saved."))
    response = redirect("dashboard:settings")
    remember(response, language)
    return response


@form_of("dashboard:settings")
@customer_page
def create_key(request: HttpRequest, person: Person) -> HttpResponse:
    """Makes an API key and shows it this once."""
    label, days = request.POST.get("label", ""), request.POST.get("days", "")
    scopes = [scope for scope in request.POST.getlist("scopes") if scope in SCOPES]
    try:
        if days not in LIFETIMES:
            raise Refusal(RefusalCode.FIELD_INVALID, "days")
        _key_id, secret = create_api_key(person, label=label, scopes=scopes, days=int(days) if days else None)
    except Refusal as refused:
        return _page(request, person, {"label": label, "days": days}, refused)
    return _page(request, person, secret=secret)


@require_POST
@customer_page
def revoke_key(request: HttpRequest, person: Person, key_id: int) -> HttpResponse:
    """Ends a key at once."""
    revoke_api_key(person, checked_id(key_id))
    messages.success(request, _("The key is revoked and no longer works."))
    return redirect("dashboard:settings")


def _page(
    request: HttpRequest, person: Person, values: dict[str, str] | None = None, refused: Refusal | None = None,
    secret: str = "",
) -> HttpResponse:  # fmt: skip
    context = {
        "room": "settings",
        "keys": api_keys(person),
        "scopes": [("read", _("Read orders, wallet and requests")), ("order", _("Place and cancel orders")),
                   ("refund", _("Ask for refunds"))],
        "lifetimes": [("90", _("90 days")), ("30", _("30 days")), ("365", _("One year")), ("", _("No end"))],
        "languages": [("en", "English"), ("vi", "Tiếng Việt")],
        "customer_types": [("consumer", _("as a consumer")), ("business", _("for a business"))],
        "values": {
            "name": person.name, "language": person.language, "days": "90",
            "customer_type": person.customer_type, "country": person.country,
        } | (values or {}),
        "secret": secret,
    }  # fmt: skip
    return show(request, "dashboard/settings.html", context, refused)
