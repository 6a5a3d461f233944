"""What the mail log tells us that it has noted."""

from smmatic.kernel.clock import now
from smmatic.support.models import Inbound


def bounce_noted(inbound_id: int) -> None:
    """The mail log knows that the mail came back."""
    Inbound.objects.filter(id=inbound_id).update(noted_at=now())
