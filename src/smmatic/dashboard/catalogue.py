"""Services: the list with its filters, and each service's page with its order form. Open to visitors."""

from collections import Counter

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from smmatic.catalogue.queries import ServiceRow, categories, service_by_code, services
from smmatic.dashboard.place import blank_form, form_page
from smmatic.kernel.refusals import Refusal, RefusalCode
from smmatic.web.context import current_person
from smmatic.web.pages import language, search_text


@require_safe
def service_list(request: HttpRequest) -> HttpResponse:
    """The services by category, narrowed by category, platform and words from the address."""
    everything = services()
    category, platform = request.GET.get("category", ""), request.GET.get("platform", "")
    words = search_text(request)
    rows = [row for row in everything if _fits(row, category, platform, words)]
    return render(
        request,
        "dashboard/services.html",
        {
            "room": "services",
            "groups": categories(rows),
            "found": len(rows),
            "category": category,
            "platform": platform,
            "q": words,
            "categories": list(categories(everything)),
            "platforms": sorted(Counter(row.platform for row in everything), key=lambda code: (code == "any", code)),
        },
    )


@require_safe
def service_page(request: HttpRequest, code: str) -> HttpResponse:
    """What a service is, its terms in the policy's words, and the form that orders it."""
    row = service_by_code(code)
    if row is None or not row.active:
        raise Refusal(RefusalCode.NOT_FOUND)
    return form_page(request, current_person(request), row, blank_form(row, request.GET))


def _fits(row: ServiceRow, category: str, platform: str, words: str) -> bool:
    if category and row.category != category:
        return False
    if platform and row.platform not in (platform, "any"):
        return False
    text = f"{row.name(language())} {row.name_en} {row.code} {row.platform} {row.gets(language())}".casefold()
    return all(word in text for word in words.casefold().split())
