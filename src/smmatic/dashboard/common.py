"""What the rooms of the dashboard share: who may come in."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from smmatic.accounts.queries import Person, person_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Person, P], HttpResponse]


def form_of(route: str) -> Callable[[Callable[P, HttpResponse]], Callable[P, HttpResponse]]:
    """A page that only takes forms. Whoever opens its address, as after a refusal, goes to the page with the form."""

    def decorate(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
        @wraps(view)
        def page(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            request = args[0]
            if isinstance(request, HttpRequest) and request.method in ("GET", "HEAD"):
                return HttpResponseRedirect(reverse(route, kwargs=dict(kwargs)))
            return posted(*args, **kwargs)

        posted = require_POST(view)
        return page

    return decorate


def customer_page(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A page for signed-in customers; staff are sent to the desk, visitors to sign in."""

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        person = person_of(request.user)
        if person.staff:
            return redirect("desk:home")
        response = view(request, person, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return page
