"""Amounts and times as mails show them, in the active language."""

from datetime import datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from smmatic.kernel.amounts import format_credits


def credits(units: int) -> str:
    """Units as Credits: 12345000 -> '1,234.50', in Vietnamese '1.234,50'."""
    whole, _point, fraction = format_credits(units).partition(".")
    return f"{count(int(whole))}{formats.get_format('DECIMAL_SEPARATOR')}{fraction}"


def count(number: int) -> str:
    """A whole number with grouping."""
    return f"{number:,}".replace(",", formats.get_format("THOUSAND_SEPARATOR"))


def dong(amount: int) -> str:
    """Dong with grouping: 2500000 -> '2,500,000 ₫'."""
    return f"{count(amount)}\u00a0₫"


def moment(value: datetime) -> str:
    """A promised time: weekday, date, hour and zone."""
    here = timezone.localtime(value)
    words = {"day": formats.date_format(here, "l"), "moment": formats.date_format(here, "SHORT_DATETIME_FORMAT")}
    return _("%(day)s, %(moment)s (Vietnam time)") % words
