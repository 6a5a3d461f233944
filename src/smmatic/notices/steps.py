"""Writes mails as rows, inside whatever transaction is open."""

from django.conf import settings

from smmatic.kernel.ids import new_reference
from smmatic.notices.models import Mail


def write_mail(
    *, to: str, subject: str, text: str, html: str = "", language: str = "en", customer_id: int | None = None,
    order_id: int | None = None, case_id: int | None = None, event_key: str | None = None, skip: bool = False,
) -> bool:  # fmt: skip
    """Writes one mail; whether it was written: an event that has its mail gets no second one.

    Where no mail server is set up the mail is only kept, and never sent later. With `skip` it only records that the
    event needs no mail of its own.
    """
    state = "skipped" if skip else ("prepared" if settings.EMAIL_HOST else "kept")
    mail = Mail(
        to=_one_line(to, 320), subject=_one_line(subject, 200), text=text, html=html, language=language,
        customer_id=customer_id, order_id=order_id, case_id=case_id, event_key=event_key, reference=new_reference(),
        state=state,
    )  # fmt: skip
    if event_key is None:
        mail.save(force_insert=True)
        return True
    before = Mail.objects.filter(event_key=event_key).exists()
    Mail.objects.bulk_create([mail], ignore_conflicts=True)
    return not before and Mail.objects.filter(event_key=event_key, reference=mail.reference).exists()


def _one_line(text: str, maximum: int) -> str:
    """Without line breaks, so that nothing can add a header."""
    return " ".join(text.replace("\x00", "").split())[:maximum]
