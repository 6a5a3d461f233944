"""What the rooms of the desk share: who may come in, how a page is shown, and how a form is answered."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect

from smmatic.accounts.queries import Person, people, person_of
from smmatic.accounts.rules import Permission
from smmatic.credits.actions import GiftLimits
from smmatic.kernel.amounts import UNITS, parse_count
from smmatic.kernel.clock import now
from smmatic.kernel.refusals import Refusal, RefusalCode, Refusals
from smmatic.policy.queries import current_policy
from smmatic.web.pages import show

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Person, P], HttpResponse]


def desk_page(
    *methods: str, need: Permission = Permission.DESK_READ
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponse]]:
    """A page of the desk for these methods. Visitors are sent to sign in; for customers there is nothing here.

    Who may read the desk may read every room. Writing needs `need`; without it the answer is 403 and nothing happens.
    """

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            person = person_of(request.user)
            if not person.staff:
                raise Refusal(RefusalCode.NOT_FOUND)
            if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
                return HttpResponseNotAllowed(methods)
            if request.method == "POST":
                person.need(need)
            response = view(request, person, *args, **kwargs)
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        return page

    return decorate


def desk_show(
    request: HttpRequest, person: Person, template: str, context: Mapping[str, object],
    refused: Refusal | Refusals | None = None, posted: str = "",
) -> HttpResponse:  # fmt: skip
    """A page of the desk. With a refusal: the same page, its status, and what was typed kept in the form `posted`.

    `may` tells the template which buttons this person has.
    """
    values = {name: request.POST[name] for name in request.POST} if posted else {}
    may = {permission.name.lower(): person.may(permission) for permission in Permission}
    return show(request, template, {"may": may, "posted": posted, "values": values, **context}, refused)


def done(request: HttpRequest, text: str, route: str, *args: object) -> HttpResponse:
    """After a success: a toast and a page that can be reloaded."""
    messages.success(request, text)
    return redirect(route, *args)


def version_of(request: HttpRequest) -> int:
    """The version of a case that the form was made from.

    Raises:
        Refusal: `count_malformed`.
    """
    return parse_count(request.POST.get("version", ""), field="version")


def days_of(request: HttpRequest) -> int | None:
    """Days until given Credits expire, or None for never.

    Raises:
        Refusal: `count_malformed`.
    """
    typed = request.POST.get("days", "").strip()
    return parse_count(typed, field="days") if typed else None


def gift_limits() -> GiftLimits:
    """What one person may give a customer alone, by the policy in force: the same limits as of a refund."""
    rules = current_policy().document.approvals
    since = now() - timedelta(days=rules.customer_days)
    return GiftLimits(rules.case_credits * UNITS, rules.customer_credits * UNITS, since)


def names_of(*ids: Iterable[int | None]) -> dict[int, str]:
    """The names of people by id, for lists and timelines."""
    wanted = {number for some in ids for number in some if number}
    return {number: who.shown_name for number, who in people(sorted(wanted)).items()}
