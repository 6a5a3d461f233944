"""Notes in the mail log which mails came back."""

from smmatic.kernel.clock import now
from smmatic.notices.models import Mail
from smmatic.support.bounce_actions import bounce_noted
from smmatic.support.desk_queries import new_bounces
from smmatic.support.reply_address import reference_in


def note_due() -> int:
    """Marks the mails of ours that came back since the last time; how many reports there were."""
    reports = new_bounces()
    for inbound_id, named in reports:
        reference = reference_in(named)
        if reference is not None:
            Mail.objects.filter(reference=reference, bounced_at=None).update(bounced_at=now())
        bounce_noted(inbound_id)
    return len(reports)
