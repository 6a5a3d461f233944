"""What the rooms of the dashboard share: who may come in."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from smmatic.accounts.desk_actions import note
from smmatic.accounts.queries import Person, person_of
from smmatic.web.looking import looked_at

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Person, P], HttpResponseBase]


def form_of(route: str) -> Callable[[Callable[P, HttpResponseBase]], Callable[P, HttpResponseBase]]:
    """A page that only takes forms. Whoever opens its address, as after a refusal, goes to the page with the form."""

    def decorate(view: Callable[P, HttpResponseBase]) -> Callable[P, HttpResponseBase]:
        @wraps(view)
        def page(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            request = args[0]
            if isinstance(request, HttpRequest) and request.method in ("GET", "HEAD"):
                return HttpResponseRedirect(reverse(route, kwargs=dict(kwargs)))
            return posted(*args, **kwargs)

        posted = require_POST(view)
        return page

    return decorate


def customer_page(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A page for signed-in customers; visitors are sent to sign in, and staff to the desk, unless they look at a
    customer's pages: then they read what the customer reads, which is recorded.
    """

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        person = person_of(request.user)
        if person.staff:
            customer = looked_at(request, person)
            if customer is None:
                return redirect("desk:home")
            note(person, "look", subject_id=customer.id, facts={"path": request.path[:200]})
            request.looking_at = customer  # type: ignore[attr-defined]  # the frame of the page says so
            person = customer
        response = view(request, person, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return page
