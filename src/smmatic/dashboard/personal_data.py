"""One's own data: taking a copy of all of it, and asking that it be erased."""

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from smmatic.accounts.queries import Person
from smmatic.credits.queries import wallet
from smmatic.dashboard.common import customer_page, form_of
from smmatic.kernel.refusals import Refusal
from smmatic.privacy.actions import ask_erasure, withdraw_erasure
from smmatic.privacy.queries import erasure_of, export, standing
from smmatic.web.pages import show


@require_safe
@customer_page
def data_page(request: HttpRequest, person: Person) -> HttpResponse:
    """What we hold, how to take it along, and what an erasure takes out and leaves."""
    return _page(request, person)


@require_safe
@customer_page
def data_export(request: HttpRequest, person: Person) -> HttpResponseBase:
    """Everything that we hold of the person, as one archive."""
    return FileResponse(export(person), as_attachment=True, filename="my-data.zip", content_type="application/zip")


@form_of("dashboard:data")
@customer_page
def erase(request: HttpRequest, person: Person) -> HttpResponse:
    """Asks for the erasure."""
    email, credits = request.POST.get("email", ""), request.POST.get("credits", "")
    try:
        ask_erasure(person, email=email, credits=credits)
    except Refusal as refused:
        return _page(request, person, {"email": email, "credits": credits}, refused)
    messages.success(request, _("Asked for. Until then you can take it back here."))
    return redirect("dashboard:data")


@form_of("dashboard:data")
@customer_page
def keep(request: HttpRequest, person: Person) -> HttpResponse:
    """Takes the request back."""
    try:
        withdraw_erasure(person)
    except Refusal as refused:
        return _page(request, person, {}, refused)
    messages.success(request, _("Taken back. Your data stays."))
    return redirect("dashboard:data")


def _page(
    request: HttpRequest, person: Person, values: dict[str, str] | None = None, refused: Refusal | None = None
) -> HttpResponse:
    found = wallet(person.id)
    context = {
        "room": "settings",
        "erasure": erasure_of(person.id),
        "standing": standing(person.id),
        "left": (found.available + found.held) if found else 0,
        "values": values or {},
    }
    return show(request, "dashboard/data.html", context, refused)
