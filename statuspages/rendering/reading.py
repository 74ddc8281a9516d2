"""Read everything that a page shows, in a constant number of queries for any number of components."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from analytics.calendar import date_of, day_start
from analytics.daily import Days, Responses, measure_days, read_responses
from analytics.uptime import Measured, read_rolled_until
from analytics.windows import HOUR, floor_hour
from core.time_zones import find_zone
from incidents.maintenance import running, upcoming, windows_by_monitor
from incidents.models import Incident, IncidentKind, IncidentStatus, MaintenanceWindow
from monitors.models import Monitor
from monitors.transitions import State, decide_state, is_down
from probes.registry import HEARTBEAT
from statuspages.component_status import grade_day, stand_component, stand_page
from statuspages.logos import KINDS
from statuspages.markdown import render_markdown
from statuspages.models import HISTORY_DAYS, Component, Logo, Post, PostVisibility, StatusPage
from statuspages.posts import title_of
from statuspages.rendering.snapshot import (
    UPTIME_DAYS,
    ComponentGroup,
    DayBar,
    ShownComponent,
    ShownIncident,
    ShownMaintenance,
    ShownPost,
    Snapshot,
)

RESPONSE_HOURS = 24
OPEN_AT_MOST, PAST_AT_MOST, POSTS_SHOWN = 10, 15, 12
POSTS_AT_MOST = 1000
MAINTENANCE_AT_MOST, MAINTENANCE_WITHIN = 10, timedelta(days=14)


def read_snapshot(page: StatusPage, *, now: datetime) -> Snapshot:
    """The page's data as of ``now``; titles are in the active language."""
    zone = find_zone(page.timezone)
    components = list(page.components.prefetch_related("monitors__region_states"))
    monitors = {monitor.pk: monitor for c in components for monitor in c.monitors.all()}
    told = _read_incidents(page, since=_first_day(zone, page.history_days, now))
    windows = windows_by_monitor(monitors, team_ids=[page.team_id], since=now) if monitors else {}
    history = _read_history(page, list(monitors.values()), zone=zone, now=now)
    by_component, of_page = _weigh(told)
    shown_components = [
        _show_component(component, history, windows, by_component.get(component.pk, ()), now=now)
        for component in components
    ]
    shown = [_show_incident(each) for each in told]
    opened = [one for one in shown if one.status != IncidentStatus.RESOLVED]
    past = [one for one in shown if one.status == IncidentStatus.RESOLVED]
    media_type = Logo.objects.filter(page=page).values_list("media_type", flat=True).first()
    return Snapshot(
        page=page,
        zone=zone,
        generated_at=now,
        state=stand_page([component.state for component in shown_components], of_page),
        groups=_group(components, shown_components),
        open=opened[:OPEN_AT_MOST],
        past=past[:PAST_AT_MOST],
        rest=[*opened[OPEN_AT_MOST:], *past[PAST_AT_MOST:]],
        maintenance=_find_maintenance(components, windows, now=now),
        logo=f"logo.{KINDS[media_type]}" if media_type in KINDS else "",
    )


def _first_day(zone: ZoneInfo, days: int, now: datetime) -> datetime:
    return day_start(date_of(now, zone) - timedelta(days=days - 1), zone)


# Figures


@dataclass(frozen=True, slots=True)
class _History:
    dates: Sequence[date]
    days: Days
    hours: Sequence[datetime]
    responses: Responses
    shown: int


def _read_history(
    page: StatusPage, monitors: Sequence[Monitor], *, zone: ZoneInfo, now: datetime
) -> _History:
    today = date_of(now, zone)
    dates = [today - timedelta(days=ago) for ago in range(HISTORY_DAYS - 1, -1, -1)]
    hours = [floor_hour(now) - HOUR * ago for ago in range(RESPONSE_HOURS - 1, -1, -1)]
    rolled_until = read_rolled_until()
    days = measure_days(monitors, dates, now=now, rolled_until=rolled_until, zone=zone)
    responses: Responses = {}
    if page.show_response_times:  # a heartbeat's time is the duration of a job, not a response time
        timed = [monitor.pk for monitor in monitors if monitor.kind != HEARTBEAT]
        responses = read_responses(timed, hours[0], now=now, rolled_until=rolled_until)
    return _History(dates, days, hours, responses, page.history_days)


def _show_component(
    component: Component,
    history: _History,
    windows: Mapping[int, Sequence[MaintenanceWindow]],
    severities: Collection[str],
    *,
    now: datetime,
) -> ShownComponent:
    monitors = list(component.monitors.all())
    standing = [
        (_believed(monitor), any(running(window, now) for window in windows.get(monitor.pk, ())))
        for monitor in monitors
    ]
    by_day = [
        sum((history.days[monitor.pk].get(on, Measured()) for monitor in monitors), Measured())
        for on in history.dates
    ]
    hourly_ms = [_mean_response(history, monitors, [hour]) for hour in history.hours]
    return ShownComponent(
        pk=component.pk,
        name=component.name,
        description=component.description,
        state=stand_component(standing, severities),
        days=[_show_day(on, found) for on, found in zip(history.dates, by_day, strict=True)][
            -history.shown :
        ],
        uptime_shown=sum(by_day[-history.shown :], Measured()).uptime_ratio,
        uptime={days: sum(by_day[-days:], Measured()).uptime_ratio for days in UPTIME_DAYS},
        hourly_ms=hourly_ms,
        response_ms=_mean_response(history, monitors, history.hours),
    )


def _believed(monitor: Monitor) -> State | None:
    if not monitor.enabled:
        return None
    healths = [state.health for state in monitor.region_states.all()]
    believed = decide_state(healths)
    # A monitor that was down when its data stopped still has an open incident, which the page shows.
    return State.DOWN if believed is State.NO_DATA and is_down(healths) else believed


def _show_day(on: date, found: Measured) -> DayBar:
    return DayBar(
        on=on,
        uptime=found.uptime_ratio,
        down_s=found.down_ms // 1000,
        maintenance_s=found.maintenance_ms // 1000,
        grade=grade_day(found.uptime_ratio, serviced=found.maintenance_ms > 0),
    )


def _mean_response(history: _History, monitors: Sequence[Monitor], hours: Sequence[datetime]) -> int | None:
    found = [
        history.responses.get(monitor.pk, {}).get(hour, (0, 0)) for monitor in monitors for hour in hours
    ]
    count = sum(count for count, _ in found)
    return round(sum(sum_ms for _, sum_ms in found) / count) if count else None


def _group(components: Sequence[Component], shown: Sequence[ShownComponent]) -> list[ComponentGroup]:
    """The groups, in the order of their first components."""
    groups: dict[str, list[ShownComponent]] = {}
    for component, each in zip(components, shown, strict=True):
        groups.setdefault(component.group, []).append(each)
    return [ComponentGroup(name, members) for name, members in groups.items()]


# Incidents and maintenance


@dataclass(frozen=True, slots=True)
class _Found:
    incident: Incident
    posts: Sequence[Post]
    """The oldest first."""

    @property
    def components(self) -> dict[int, str]:
        return {c.pk: c.name for post in self.posts for c in post.components.all()}


def _read_incidents(page: StatusPage, *, since: datetime) -> list[_Found]:
    """The incidents with a public post that are open, or have such a post since ``since``; the newest
    first."""
    told = Post.objects.filter(page=page, visibility=PostVisibility.PUBLIC)
    lately = told.filter(at__gte=since) | told.exclude(incident__status=IncidentStatus.RESOLVED)
    newest = lately.select_related("incident").prefetch_related("components").order_by("-at", "-pk")
    by_incident: dict[int, list[Post]] = defaultdict(list)
    for post in reversed(newest[:POSTS_AT_MOST]):
        by_incident[post.incident_id].append(post)
    found = [_Found(posts[0].incident, posts) for posts in by_incident.values()]
    return sorted(found, key=lambda each: (each.incident.started_at, each.incident.pk), reverse=True)


def _weigh(told: Sequence[_Found]) -> tuple[dict[int, list[str]], list[str]]:
    """The severities of open incidents that people opened: by id of the component, and those of the whole
    page. Automatic incidents do not count here, because the states of their monitors count."""
    by_component: dict[int, list[str]] = defaultdict(list)
    of_page: list[str] = []
    for each in told:
        incident = each.incident
        if incident.status == IncidentStatus.RESOLVED or incident.kind == IncidentKind.AUTOMATIC:
            continue
        for pk in each.components:
            by_component[pk].append(incident.severity)
        if not each.components:
            of_page.append(incident.severity)
    return by_component, of_page


def _show_incident(found: _Found) -> ShownIncident:
    incident, names = found.incident, list(found.components.values())
    newest = list(reversed(found.posts))[:POSTS_SHOWN]
    return ShownIncident(
        pk=incident.pk,
        title=title_of(incident, names=names),
        status=incident.status,
        severity=incident.severity,
        started_at=incident.started_at,
        resolved_at=incident.resolved_at,
        names=names,
        posts=[ShownPost(p.pk, p.at, p.status, p.text, render_markdown(p.text)) for p in newest],
    )


def _find_maintenance(
    components: Sequence[Component], windows: Mapping[int, Sequence[MaintenanceWindow]], *, now: datetime
) -> list[ShownMaintenance]:
    """Running maintenance of the page's monitors, and maintenance that begins within ``MAINTENANCE_WITHIN``;
    the earliest first."""
    by_window: dict[int, tuple[MaintenanceWindow, dict[int, str]]] = {}
    for component in components:
        for monitor in component.monitors.all():
            for window in windows.get(monitor.pk, ()):
                by_window.setdefault(window.pk, (window, {}))[1][component.pk] = component.name
    found: list[ShownMaintenance] = []
    for window, names in by_window.values():
        span = upcoming(window, now)
        if span and span[0] < now + MAINTENANCE_WITHIN:
            shown = list(names.values())
            found.append(ShownMaintenance(window.title, *span, running=span[0] <= now, names=shown))
    return sorted(found, key=lambda each: (each.starts_at, each.title))[:MAINTENANCE_AT_MOST]
