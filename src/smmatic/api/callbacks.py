"""Where providers call back: POST /api/callbacks/<provider>. The signature over the raw body lets one in."""

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from smmatic.fulfilment.callback_actions import LONGEST, take_callback
from smmatic.fulfilment.queries import provider_by_code
from smmatic.fulfilment.signing import NotSigned, check_signature
from smmatic.kernel.clock import now

log = structlog.get_logger("smmatic.callbacks")


@csrf_exempt
def callback(request: HttpRequest, code: str) -> HttpResponse:
    """Takes one callback: 200 with what became of it, 401 for whatever is not signed by this provider."""
    if request.method != "POST":
        return JsonResponse({"error": "post_only"}, status=405, headers={"Allow": "POST"})
    if int(request.headers.get("Content-Length") or 0) > LONGEST:
        return JsonResponse({"error": "too_large"}, status=413)
    body = request.body
    provider = provider_by_code(code)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        if provider is None or not provider.secrets:
            raise NotSigned("no such provider")
        webhook_id = check_signature(provider.secrets, headers, body, now().timestamp())
    except NotSigned as wrong:
        log.warning("a callback was refused", provider=code[:40], why=str(wrong))
        return JsonResponse({"error": "not_signed"}, status=401)
    taken = take_callback(provider, webhook_id, body)
    return JsonResponse({"outcome": taken.outcome})


urlpatterns = [path("<str:code>", callback, name="provider_callback")]
