"""One mail to the mail server or mail service, and what its answer means: sent, certainly not sent, or unknown."""

import contextlib
import smtplib
from dataclasses import dataclass
from email.message import Message

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, get_connection
from requests.exceptions import ConnectTimeout

from smmatic.notices.models import Mail
from smmatic.support.intake_actions import OURS
from smmatic.support.reply_address import mark_of, message_id

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one attempt.

    Attributes:
        outcome: 'sent', 'again' (certainly not sent, worth another try), 'failed' (certainly not sent, and trying again
            is no use) or 'uncertain' (it may have been sent).
        error: the server's or the network's words.
    """

    outcome: str
    error: str = ""


def deliver(mail: Mail) -> Delivery:
    """Hands one mail to the mail server, or to the mail service that is set up. Never raises for what these do."""
    if settings.SMMATIC_EMAIL_SERVICE:
        return _by_service(mail)
    connection = get_connection(SMTP, fail_silently=False)
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        return Delivery("again", _words(error))
    try:
        connection.send_messages([message_of(mail, connection)])
        return Delivery("sent")
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _text in error.recipients.values()]
        return Delivery("failed" if all(code >= 500 for code in codes) else "again", _words(error))
    except smtplib.SMTPResponseException as error:
        return Delivery("failed" if error.smtp_code >= 500 else "again", _words(error))
    except (OSError, smtplib.SMTPException) as error:
        return Delivery("uncertain", _words(error))
    except ValueError as error:
        return Delivery("failed", _words(error))
    finally:
        _close(connection)


def _by_service(mail: Mail) -> Delivery:
    """By a service of django-anymail, over HTTPS. An answer that may hide a mail that was sent is 'uncertain'."""
    try:
        connection = get_connection(f"anymail.backends.{settings.SMMATIC_EMAIL_SERVICE}.EmailBackend")
        connection.send_messages([message_of(mail, connection)])
        return Delivery("sent")
    except AnymailRecipientsRefused as error:
        return Delivery("failed", _words(error))
    except AnymailAPIError as error:
        return Delivery(_of_status(error), _words(error))
    except (AnymailError, ImproperlyConfigured, ImportError, ValueError, TypeError) as error:
        return Delivery("failed", _words(error))
    except OSError as error:
        return Delivery("uncertain", _words(error))


def _of_status(error: AnymailAPIError) -> str:
    """What a service's refusal means: 4xx certainly not sent, 429 worth another try, anything else unknown."""
    status = error.status_code
    if status is None:
        return "again" if isinstance(error.__cause__, ConnectTimeout) else "uncertain"
    if status == 429:
        return "again"
    return "failed" if 400 <= status < 500 else "uncertain"


def message_of(mail: Mail, connection: object = None) -> EmailMultiAlternatives:
    """The mail as it leaves: the same Message-ID on every attempt, so that a mailbox can drop a twin."""
    headers = {
        "Message-ID": message_id(str(mail.reference), mail.conversation_id, mail_domain(), settings.SECRET_KEY),
        OURS: mark_of(str(mail.reference), settings.SECRET_KEY),
    }
    if mail.automatic:
        headers |= {"Auto-Submitted": "auto-generated"}
    if mail.answers:
        headers |= {"In-Reply-To": mail.answers.split()[-1], "References": mail.answers}
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        to=[mail.to],
        reply_to=[mail.reply_to or settings.SMMATIC_SUPPORT_ADDRESS],
        headers=headers,
        connection=connection,
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    return message


def as_sent(mail_id: int) -> Message:
    """The mail as it leaves or would leave, with its headers; for the development page."""
    return message_of(Mail.objects.get(id=mail_id)).message()


def mail_domain() -> str:
    """The domain of our Message-IDs."""
    return str(settings.SMMATIC_SUPPORT_ADDRESS).rpartition("@")[2]


def _close(connection: object) -> None:
    with contextlib.suppress(OSError, smtplib.SMTPException):
        connection.close()  # type: ignore[attr-defined]  # django-stubs gives get_connection's result no type


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
