"""What mails and notices hold of a customer, for their export."""

from collections.abc import Mapping, Sequence

from django.db.models import Case, F, TextField, Value, When

from smmatic.notices.models import Mail, Notice, Preference


def personal(customer_id: int, email: str) -> dict[str, Sequence[Mapping[str, object]]]:
    """Every row about a customer, by what it is; mails that may give access without their words."""
    rows = Mail.objects.filter(customer_id=customer_id, to__iexact=email).exclude(state="skipped")
    words = Case(When(event_key=None, then=Value("")), default=F("text"), output_field=TextField())
    fields = ("to", "subject", "state", "written_at", "sent_at")
    return {
        "mails": list(rows.order_by("id").values(*fields, words=words)),
        "notices": list(Notice.objects.filter(customer_id=customer_id).order_by("id").values("words", "at", "read_at")),
        "not_mailed": list(Preference.objects.filter(customer_id=customer_id).values("topic")),
    }
