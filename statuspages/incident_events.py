"""What an incident event does to status pages: they get automatic posts and are rendered again."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from incidents.models import IncidentStatus
from incidents.reconcile import IncidentChange, IncidentEvent
from statuspages.invalidation import mark_changed
from statuspages.models import Component, Post, PostVisibility, StatusPage
from statuspages.posts import Concern, write_automatic_posts


def write_posts(events: Sequence[IncidentEvent], *, now: datetime) -> bool:
    """Write the automatic posts for ``events`` and mark the pages as changed; return whether a page changed.
    Call it in the events' transaction.

    One query when the teams have no page; otherwise a constant number for any number of events. Subscribers
    are told later: ``notifications.plan_due`` reads the posts.
    """
    pages = list(StatusPage.objects.filter(team_id__in={event.incident.team_id for event in events}))
    if not pages:
        return False
    shown = _find_shown(pages, events)
    told = _find_told(pages, events)
    concerns = [
        Concern(page, event, tuple(shown[page.pk, event.incident.monitor_id or 0]))
        for event in events
        for page in pages
        if page.team_id == event.incident.team_id
        and ((page.pk, event.incident.monitor_id) in shown or (page.pk, event.incident.pk) in told)
    ]
    if concerns:
        automatic = [concern for concern in concerns if concern.components]
        write_automatic_posts(automatic, told, now=now)
        mark_changed(page_ids={concern.page.pk for concern in concerns})
    gone = {event.incident.team_id for event in events if event.event == IncidentChange.DELETED}
    if gone:  # the posts went with the incident, so nobody knows which of the team's pages had some
        mark_changed(team_ids=gone)
    return bool(concerns or gone)


def _find_shown(
    pages: Sequence[StatusPage], events: Sequence[IncidentEvent]
) -> dict[tuple[int, int], list[tuple[int, str]]]:
    """By (page id, monitor id): the (id, name) of each component of that page with that monitor."""
    monitors = {event.incident.monitor_id for event in events if event.incident.monitor_id}
    rows = Component.objects.filter(page__in=pages, monitors__in=monitors).order_by("position", "pk")
    found: dict[tuple[int, int], list[tuple[int, str]]] = defaultdict(list)
    for page_id, monitor_id, pk, name in rows.values_list("page_id", "monitors", "pk", "name"):
        found[page_id, monitor_id].append((pk, name))
    return found


def _find_told(
    pages: Sequence[StatusPage], events: Sequence[IncidentEvent]
) -> dict[tuple[int, int], set[str]]:
    """By (page id, incident id): the statuses of the public posts. ``resolved`` counts only when no post with
    another status came after it, because then the incident was opened again."""
    incidents = {event.incident.pk for event in events}
    rows = Post.objects.filter(page__in=pages, incident__in=incidents, visibility=PostVisibility.PUBLIC)
    found: dict[tuple[int, int], set[str]] = defaultdict(set)
    for page_id, incident_id, status in rows.order_by("at", "pk").values_list(
        "page_id", "incident_id", "status"
    ):
        if status != IncidentStatus.RESOLVED:
            found[page_id, incident_id].discard(IncidentStatus.RESOLVED)
        found[page_id, incident_id].add(status)
    return found
