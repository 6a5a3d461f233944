"""The named stages of an order: where it stands, at a glance."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from smmatic.orders.queries import OrderRow
from smmatic.web.templatetags.smm import count


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the progress bar: done, now, todo or stopped."""

    label: str
    state: str
    icon: str = ""


def stages(row: OrderRow) -> list[Stage]:
    """The named stages of an order with where it stands."""
    units = _("%(done)s of %(wanted)s") % {"done": count(row.delivered), "wanted": count(row.quantity)}
    placed, accepted = Stage(_("Placed"), "done", "check"), Stage(_("Accepted"), "done", "check")
    working, delivered = Stage(_("In work"), "done", "check"), Stage(_("Delivered"), "done", "check")
    todo = [Stage(_("Accepted"), "todo"), Stage(_("In work"), "todo"), Stage(_("Delivered"), "todo")]
    if row.status == "pending":
        return [placed, Stage(_("Waiting"), "now", "hourglass"), *todo[1:]]
    if row.status == "processing":
        return [placed, accepted, Stage(_("Getting started"), "now", "progress"), todo[2]]
    if row.status == "in_progress":
        label = _("In work: %(units)s") % {"units": units} if row.quantity > 1 else _("In work")
        return [placed, accepted, Stage(label, "now", "progress"), todo[2]]
    if row.status == "completed":
        return [placed, accepted, working, delivered]
    if row.status == "partial":
        label = _("Partly delivered: %(units)s") % {"units": units}
        return [placed, accepted, working, Stage(label, "stopped", "circle-dot")]
    if row.status == "failed":
        return [placed, accepted, Stage(_("Failed"), "stopped", "circle-x")]
    if row.status == "rejected":
        return [placed, Stage(_("Rejected"), "stopped", "ban")]
    return [placed, *([accepted] if row.accepted_at else []), Stage(_("Cancelled"), "stopped", "arrow-back-up")]
