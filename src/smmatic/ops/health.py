"""What a load balancer asks: is this process alive, and may it get requests."""

import time
from functools import lru_cache

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from smmatic.policy import queries as policy_queries

_MINUTE = 60


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all. Asks nothing else, so that a database outage restarts no web server."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, is migrated and has a policy in force; 503 and what is missing otherwise."""
    checks = {"database": _database_answers()}
    if checks["database"] == "ok":
        checks["migrations"] = _migrated(int(time.monotonic() // _MINUTE))
        checks["policy"] = _policy_in_force()
    ready = set(checks.values()) == {"ok"}
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def _database_answers() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "no answer"
    return "ok"


@lru_cache(maxsize=1)
def _migrated(minute: int) -> str:
    """Looked at once a minute, since reading the migrations costs more than all the rest."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(plan)} missing" if plan else "ok"


def _policy_in_force() -> str:
    try:
        policy_queries.current_policy()
    except Exception as error:  # whatever it is, this process may not decide anything then
        return type(error).__name__
    return "ok"
