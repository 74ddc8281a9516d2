"""Render a snapshot as ``index.html``, and as ``embed.html``, the small panel for other sites."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from incidents.models import IncidentStatus
from statuspages.labels import tell_headline, tell_state, tell_status
from statuspages.models import Visibility
from statuspages.notifications import page_url
from statuspages.rendering.charts import CLASSES, draw_bars, draw_responses
from statuspages.rendering.files import PageFile
from statuspages.rendering.formats import (
    tell_day,
    tell_length,
    tell_moment,
    tell_month,
    tell_ratio,
    tell_response,
    tell_span,
)
from statuspages.rendering.palette import DARK, LIGHT, STATES
from statuspages.rendering.snapshot import ShownComponent, ShownIncident, ShownMaintenance, Snapshot
from statuspages.rendering.sources import form_target, make_content_policy, make_style, read_script

HTML = "text/html; charset=utf-8"
TITLES_AT_MOST = 160
"""The most days on a page that have a text of their own; each text takes about 70 bytes."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A component as the template shows it."""

    component: ShownComponent
    state: str
    bars: SafeString
    response: SafeString
    response_text: str
    uptime: str


def render_html(snapshot: Snapshot) -> PageFile:
    """index.html"""
    style, script = make_style(snapshot.page, state=snapshot.state), read_script()
    policy = make_content_policy(style=style, script=script, form_action=_form_origin(snapshot))
    context = {
        **_shared(snapshot, style=style, policy=policy),
        "script": mark_safe(script),  # noqa: S308  # our own file
        "groups": [
            (group.name, [_tell_component(component, snapshot) for component in group.components])
            for group in snapshot.groups
        ],
        "incidents": [_tell_incident(incident, snapshot) for incident in snapshot.open],
        "maintenance": [_tell_maintenance(window, snapshot) for window in snapshot.maintenance],
        "months": list(_months(snapshot)),
        "form_target": None if snapshot.page.visibility == Visibility.TEAM else form_target(snapshot.page),
        "legend": [(CLASSES[state], tell_state(state)) for state in STATES],
        "states": sorted({component.state for component in snapshot.components}),
        "zone": snapshot.page.timezone.replace("_", " "),
    }
    return PageFile(HTML, render_to_string("statuspages/page.html", context).encode(), policy)


def render_embed(snapshot: Snapshot) -> PageFile:
    """embed.html"""
    style, script = make_style(snapshot.page, state=snapshot.state), read_script()
    policy = make_content_policy(style=style, script=script)
    context = {
        **_shared(snapshot, style=style, policy=policy),
        "script": mark_safe(script),  # noqa: S308  # our own file
        "incidents": [_tell_incident(incident, snapshot) for incident in snapshot.open[:3]],
    }
    body = render_to_string("statuspages/embed.html", context).encode()
    return PageFile(HTML, body, policy, embeddable=True)


def _shared(snapshot: Snapshot, *, style: str, policy: str) -> dict[str, Any]:
    return {
        "snapshot": snapshot,
        "page": snapshot.page,
        "style": mark_safe(style),  # noqa: S308  # ours; `stylesheets.py` has cleaned the team's CSS
        "policy": policy,
        "headline": tell_headline(snapshot.state),
        "icon": _favicon(snapshot),
        "url": page_url(snapshot.page),
        "listed": snapshot.page.visibility == Visibility.PUBLIC,
        "made_text": tell_moment(snapshot.generated_at, snapshot.zone),
    }


def _form_origin(snapshot: Snapshot) -> str:
    return settings.PUBLIC_URL if snapshot.page.is_open else "'self'"


def _favicon(snapshot: Snapshot) -> str:
    """A dot in the colour of the page's state, as a ``data:`` URL. The browser's tab shows it."""
    colour = (DARK if snapshot.page.theme == "dark" else LIGHT)[f"bar-{snapshot.state}"]
    circle = f'<circle cx="8" cy="8" r="7" fill="{colour}"/>'
    dot = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{circle}</svg>'
    return f"data:image/svg+xml,{quote(dot)}"


def _tell_component(component: ShownComponent, snapshot: Snapshot) -> _Row:
    notable = sum(
        day.grade not in ("operational", "unknown") for each in snapshot.components for day in each.days
    )
    titles = len(component.days) if notable <= TITLES_AT_MOST else TITLES_AT_MOST // len(snapshot.components)
    shown = snapshot.page.show_response_times and component.response_ms is not None
    return _Row(
        component=component,
        state=tell_state(component.state),
        bars=draw_bars(component, titles=titles),
        response=draw_responses(component) if shown else SafeString(),
        response_text=tell_response(component.response_ms)
        if shown and component.response_ms is not None
        else "",
        uptime=tell_ratio(component.uptime_shown),
    )


def _tell_incident(incident: ShownIncident, snapshot: Snapshot) -> dict[str, Any]:
    end = incident.resolved_at
    return {
        "incident": incident,
        "severity": incident.severity if incident.status != IncidentStatus.RESOLVED else "over",
        "started": tell_moment(incident.started_at, snapshot.zone),
        "day": tell_day(incident.started_at.astimezone(snapshot.zone).date()),
        "length": tell_length((end - incident.started_at).total_seconds()) if end else "",
        "names": ", ".join(incident.names),
        "posts": [
            {
                "post": post,
                "status": tell_status(post.status),
                "at": tell_moment(post.at, snapshot.zone),
                "html": mark_safe(post.html),  # noqa: S308  # `markdown.py` has cleaned it
            }
            for post in incident.posts
        ],
    }


def _tell_maintenance(window: ShownMaintenance, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "window": window,
        "span": tell_span(window.starts_at, window.ends_at, snapshot.zone),
        "names": ", ".join(window.names),
    }


def _months(snapshot: Snapshot) -> Sequence[tuple[str, list[dict[str, Any]]]]:
    def month_of(incident: ShownIncident) -> date:
        return incident.started_at.astimezone(snapshot.zone).date().replace(day=1)

    return [
        (tell_month(month), [_tell_incident(incident, snapshot) for incident in incidents])
        for month, incidents in groupby(snapshot.past, key=month_of)
    ]
