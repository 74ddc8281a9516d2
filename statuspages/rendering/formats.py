"""Figures and times as text, in the active language and the page's time zone."""

import math
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _


def tell_ratio(ratio: float | None) -> str:
    """``ratio`` (0 to 1) as a percentage, rounded down, so that 100 % means "never down"."""
    if ratio is None:
        return _("No data")
    if ratio >= 1:
        return _("%(number)s%%") % {"number": "100"}
    return _("%(number)s%%") % {"number": number_format(math.floor(ratio * 10_000) / 100, 2)}


def tell_length(seconds: float) -> str:
    """A duration in two units at most: 45 s, 12 min, 3 h 5 min, 2 d 4 h."""
    whole = round(seconds)
    if whole < 60:
        return _("%(n)s s") % {"n": whole}
    minutes, hours, days = whole // 60, whole // 3600, whole // 86_400
    if hours < 1:
        return _("%(n)s min") % {"n": minutes}
    if days < 1:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes % 60}
    return _("%(days)s d %(hours)s h") % {"days": days, "hours": hours % 24}


def tell_response(ms: int) -> str:
    if ms >= 10_000:
        return _("%(n)s s") % {"n": number_format(ms / 1000, 1)}
    return _("%(n)s ms") % {"n": number_format(ms, use_l10n=True, force_grouping=True)}


def tell_moment(at: datetime, zone: ZoneInfo) -> str:
    # Translators: a day of this year and a time, in Django's date format
    return date_format(at.astimezone(zone), _("M j, H:i"))


def tell_time(at: datetime, zone: ZoneInfo) -> str:
    # Translators: a time, in Django's date format
    return date_format(at.astimezone(zone), _("H:i"))


def tell_day(on: date) -> str:
    # Translators: a day of this year, in Django's date format
    return date_format(on, _("M j"))


def tell_month(on: date) -> str:
    # Translators: a month, in Django's date format
    return date_format(on, _("F Y"))


def tell_span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Start and end. When both are on one day, the day is named once."""
    same = start.astimezone(zone).date() == end.astimezone(zone).date()
    until = tell_time(end, zone) if same else tell_moment(end, zone)
    return f"{tell_moment(start, zone)} – {until}"
