"""Where a mail service of django-anymail posts mails that came in: POST /api/mail/<service>, one service at most.

django-anymail checks the service's signature or the secret in the address; what it can't check is refused. The mail is
recorded before the service is told that we have it; on a fault of ours it gets a 5xx and sends the mail again.
"""

import structlog
from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.inbound import AnymailInboundMessage
from anymail.signals import AnymailInboundEvent, inbound
from anymail.urls import urlpatterns as services
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from smmatic.support.intake_actions import MAX_MAIL_BYTES, receive

log = structlog.get_logger("smmatic.mail")
VIEWS = {str(one.name): one.callback for one in services if str(one.name).endswith("_inbound_webhook")}


@csrf_exempt
def mail_hook(request: HttpRequest, service: str) -> HttpResponseBase:
    """Takes mails of the service that is set up; 404 for every other."""
    view = VIEWS.get(f"{service}_inbound_webhook")
    if view is None or service != settings.SMMATIC_INBOUND_SERVICE:
        return JsonResponse({"error": "not_found"}, status=404)
    if int(request.headers.get("Content-Length") or 0) > MAX_MAIL_BYTES:
        return JsonResponse({"error": "too_large"}, status=413)
    if request.content_type == "application/json":
        request._body = request.read()  # else Django's limit for forms holds for a mail with its files
    try:
        answer: HttpResponseBase = view(request)
        return answer
    except RequestDataTooBig:
        return JsonResponse({"error": "too_large"}, status=413)
    except (AnymailWebhookValidationFailure, SuspiciousOperation) as wrong:
        log.warning("a mail was refused", service=service, why=str(wrong)[:200])
        return JsonResponse({"error": "not_signed"}, status=401)
    except ImproperlyConfigured as wrong:
        log.error("the mail service is not set up", service=service, why=str(wrong)[:200])
        return JsonResponse({"error": "not_set_up"}, status=503)


def take(sender: object, event: AnymailInboundEvent, esp_name: str, **_more: object) -> None:
    """Records a mail that anymail has read and checked."""
    message: AnymailInboundMessage = event.message
    receive(message.as_bytes(), "webhook", envelope=str(message.envelope_recipient or ""))


inbound.connect(take, dispatch_uid="smmatic")
urlpatterns = [path("<str:service>", mail_hook, name="mail_hook")]
