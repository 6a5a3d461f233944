"""One mail to the mail server, and what its answer means: sent, certainly not sent, or unknown."""

import contextlib
import smtplib
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from smmatic.notices.models import Mail

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
    """Hands one mail to the mail server. Never raises for what the server or the network does."""
    connection = get_connection(SMTP, fail_silently=False)
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        return Delivery("again", _words(error))
    try:
        connection.send_messages([_message(mail, connection)])
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


def _message(mail: Mail, connection: object) -> EmailMultiAlternatives:
    domain = settings.SMMATIC_SUPPORT_ADDRESS.rpartition("@")[2]
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        to=[mail.to],
        reply_to=[settings.SMMATIC_SUPPORT_ADDRESS],
        # The same on every attempt, so that a mailbox can drop a twin.
        headers={"Message-ID": f"<{mail.reference}@{domain}>", "Auto-Submitted": "auto-generated"},
        connection=connection,
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    return message


def _close(connection: object) -> None:
    with contextlib.suppress(OSError, smtplib.SMTPException):
        connection.close()  # type: ignore[attr-defined]  # django-stubs gives get_connection's result no type


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
