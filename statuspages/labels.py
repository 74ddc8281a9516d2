"""The names of states and statuses on a page, in the active language."""

from collections.abc import Mapping

from django.utils.translation import gettext, gettext_noop

STATUSES: Mapping[str, str] = {
    "investigating": gettext_noop("Investigating"),
    "identified": gettext_noop("Identified"),
    "monitoring": gettext_noop("Monitoring"),
    "resolved": gettext_noop("Resolved"),
}
STATES: Mapping[str, str] = {
    "operational": gettext_noop("Operational"),
    "degraded": gettext_noop("Degraded"),
    "partial": gettext_noop("Partial outage"),
    "outage": gettext_noop("Outage"),
    "maintenance": gettext_noop("Maintenance"),
    "no_data": gettext_noop("No data"),
    "unknown": gettext_noop("No data"),
}
HEADLINES: Mapping[str, str] = {
    "operational": gettext_noop("All systems operational"),
    "degraded": gettext_noop("Some systems are slow or limited"),
    "partial": gettext_noop("Some systems are down"),
    "outage": gettext_noop("Major outage"),
    "maintenance": gettext_noop("Maintenance in progress"),
    "no_data": gettext_noop("Some systems have no data"),
    "unknown": gettext_noop("No data yet"),
}


def tell_status(status: str) -> str:
    return gettext(STATUSES[status])


def tell_state(state: str) -> str:
    return gettext(STATES[state])


def tell_headline(state: str) -> str:
    return gettext(HEADLINES[state])
