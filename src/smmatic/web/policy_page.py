"""The public policy page, made from the file that the software decides by: the version in force, or any other."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from smmatic.kernel.clock import now
from smmatic.policy.page import policy_page_of
from smmatic.policy.queries import current_policy, policy_by_version, policy_history
from smmatic.policy.trying import choices, try_out
from smmatic.web.pages import language


@require_safe
def policy_page(request: HttpRequest, version: str | None = None) -> HttpResponse:
    """Every clause with a lasting anchor, how it is read, the promised times, worked examples with answers, and a form
    to try a situation: facts picked in the address give decision, clause and reason.

    Without `version` the one in force; a version that never was activated is a 404.
    """
    if version is not None and "\x00" in version:  # the database has no such letter
        raise Http404
    row = current_policy() if version is None else policy_by_version(version)
    if row is None:
        raise Http404
    picked = choices(row.compiled, request.GET.dict(), language())
    asked = any(choice.fact in request.GET for choice in picked)
    page = policy_page_of(row.document, language(), support_address=settings.SMMATIC_SUPPORT_ADDRESS)
    return render(
        request,
        "policy.html",
        {
            "room": "policy",
            "title": page.title,
            "intro": page.intro,
            "version": page.version,
            "effective": row.effective_at,
            "in_force": row.id == current_policy().id,
            "sections": page.sections,
            "classes": [(item.name, item.days) for item in page.times],
            "versions": [line.version for line in policy_history() if line.effective_at <= now()],
            "times": row.document.times,
            "examples": page.cases,
            "address": page.support_address,
            "choices": picked,
            "tried": try_out(row.compiled, picked, language()) if asked else None,
        },
    )
