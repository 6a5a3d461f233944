"""How long is left of a promise, in words: business hours for cases, plain hours for work."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from smmatic.kernel.clock import now
from smmatic.orders.queries import OrderRow
from smmatic.policy.business_time import business_time
from smmatic.policy.queries import calendar, policy
from smmatic.refunds.queries import CaseRow

SOON = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Due:
    """A promise: until when, and how long is left, or by how much it is broken (`late`).

    `business`: what is left counts only the hours of business days.
    """

    at: datetime
    left: timedelta
    late: bool
    business: bool = False

    @property
    def words(self) -> str:
        """'3 h 20 min left', '20 hours left in business time', 'late by 2 days'."""
        time = {"time": _length(self.left)}
        if self.late:
            return _("late by %(time)s") % time
        return (_("%(time)s of business time left") if self.business else _("%(time)s left")) % time

    @property
    def tone(self) -> str:
        """Colour family; the words say the same."""
        if self.late:
            return "bad"
        return "warn" if self.left <= SOON else ""

    @property
    def icon(self) -> str:
        """Icon of the sprite."""
        return "alert-triangle" if self.late else ("hourglass" if self.left <= SOON else "calendar-due")


def due_of_case(case: CaseRow, order: OrderRow) -> Due | None:
    """A case's promise, with what is left of it in business time of the order's own calendar."""
    if case.due_at is None:
        return None
    moment = now()
    if moment >= case.due_at:
        return Due(case.due_at, moment - case.due_at, True)
    days = calendar(order.calendar_version_id).calendar
    left = business_time(moment, case.due_at, days, policy(case.policy_version_id).document.times)
    return Due(case.due_at, left, False, business=True)


def due_at(promised: datetime) -> Due:
    """A promise in plain hours."""
    left = promised - now()
    return Due(promised, abs(left), left < timedelta(0))


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    if minutes >= 72 * 60:
        days = minutes // (24 * 60)
        return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}
    if minutes >= 10 * 60:
        hours = minutes // 60
        return ngettext("%(hours)s hour", "%(hours)s hours", hours) % {"hours": hours}
    return _("%(hours)s h %(minutes)s min") % {"hours": minutes // 60, "minutes": minutes % 60}
