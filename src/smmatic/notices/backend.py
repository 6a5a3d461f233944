"""Django's way to send mail, kept as rows: whatever sends mail, allauth included, writes to one log."""

from collections.abc import Sequence

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.translation import get_language

from smmatic.accounts.queries import holder_of_address
from smmatic.notices.steps import write_mail


class StoreBackend(BaseEmailBackend):
    """Writes each mail as a row instead of sending it; `notices.sweep.send_due` sends the rows where mail is set up."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many mails were written: one for each recipient, tied to whose address it is at this moment."""
        written = 0
        for message in email_messages:
            for recipient in message.recipients():
                write_mail(
                    to=recipient,
                    subject=str(message.subject),
                    text=str(message.body),
                    html=_html(message),
                    customer_id=holder_of_address(recipient),
                    language="vi" if (get_language() or "").startswith("vi") else "en",
                )
                written += 1
        return written


def _html(message: EmailMessage) -> str:
    if not isinstance(message, EmailMultiAlternatives):
        return ""
    return next((str(content) for content, kind in message.alternatives if kind == "text/html"), "")
