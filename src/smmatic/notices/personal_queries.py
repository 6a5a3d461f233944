"""What mails and notices hold of a customer, for their export."""

from collections.abc import Mapping, Sequence

from smmatic.notices.models import Mail, Notice, Preference


def personal(customer_id: int, email: str) -> dict[str, Sequence[Mapping[str, object]]]:
    """Every row about a customer, by what it is; mails that may give access without their words."""
    rows = Mail.objects.filter(customer_id=customer_id, to__iexact=email).exclude(state="skipped")
    return {
        "mails": list(rows.order_by("id").values("to", "subject", "text", "state", "written_at", "sent_at")),
        "notices": list(Notice.objects.filter(customer_id=customer_id).order_by("id").values("words", "at", "read_at")),
        "not_mailed": list(Preference.objects.filter(customer_id=customer_id).values("topic")),
    }
