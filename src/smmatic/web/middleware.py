"""The language of a page, and refusals that no page caught."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from smmatic.kernel.database import refusal_of
from smmatic.kernel.refusals import Refusal, Refusals
from smmatic.web.errors import refused

YEAR_SECONDS = 365 * 24 * 3600


class LanguageMiddleware:
    """Picks the language: `?lang=`, the cookie, what the person chose before, and last what the browser asks for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answers in the language and keeps a chosen one."""
        asked = request.GET.get("lang", "")
        kept = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        chosen = next((code for code in (asked, kept) if known(code)), "")
        self._use(request, chosen or translation.get_language_from_request(request))
        request.language_chosen = chosen  # type: ignore[attr-defined]  # read below, once the person is known
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language() or "en")
        if request.language_chosen and request.language_chosen != kept:  # type: ignore[attr-defined]
            remember(response, request.language_chosen)  # type: ignore[attr-defined]
        return response

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """On a device without the cookie a signed-in person gets the language of their account."""
        if not request.language_chosen and request.COOKIES.get(settings.SESSION_COOKIE_NAME):  # type: ignore[attr-defined]
            language = getattr(request.user, "language", "")
            if known(language):
                request.language_chosen = language  # type: ignore[attr-defined]
                self._use(request, language)

    def _use(self, request: HttpRequest, language: str) -> None:
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()


class RefusalMiddleware:
    """Answers a refusal that a page did not show itself with a page of its own and the right 4xx status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes the request on; refusals come to `process_exception`."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Only refusals, and what the database refuses for a stated reason; everything else stays an error."""
        if isinstance(error, Refusals):
            return refused(request, error.refusals[0])
        refusal = error if isinstance(error, Refusal) else refusal_of(error)
        return refused(request, refusal) if refusal else None


def known(language: object) -> bool:
    """Whether the shop speaks this language."""
    return isinstance(language, str) and language in dict(settings.LANGUAGES)


def remember(response: HttpResponse, language: str) -> None:
    """Keeps the language on this device for a year."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=YEAR_SECONDS,
        samesite="Lax",
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
    )
