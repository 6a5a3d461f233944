"""The public status page: declared incidents, what they disturb, and how they move promised times."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from smmatic.policy.queries import current_policy
from smmatic.refunds.incidents import notes_of, recent_incidents


@require_safe
def status_page(request: HttpRequest) -> HttpResponse:
    """What goes on now and what was within the last ninety days."""
    rows = recent_incidents()
    context = {
        "room": "status",
        "running": [row for row in rows if row.running],
        "ended": [row for row in rows if not row.running],
        "notes": notes_of([row.id for row in rows]),
        "most_days": current_policy().document.incident.at_most_days,
    }
    return render(request, "status.html", context)
