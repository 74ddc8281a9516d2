"""Posts: what a page says of an incident. People write them, or SentryPulse does (``automatic_posts``).

Automatic texts are in the page's language. They never hold what a check found (addresses, errors), because
that is not for the public.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from incidents import services as incidents
from incidents.models import Incident, IncidentKind, IncidentStatus, Severity
from incidents.reconcile import IncidentChange, IncidentEvent
from statuspages.invalidation import mark_changed
from statuspages.models import Component, Post, PostVisibility, StatusPage

TEMPLATES: Mapping[str, str] = {
    IncidentStatus.INVESTIGATING: gettext_noop(
        "We are investigating trouble with %(components)s and will say more as soon as we know it."
    ),
    IncidentStatus.IDENTIFIED: gettext_noop(
        "We have found the cause of the trouble with %(components)s and are working on it."
    ),
    IncidentStatus.MONITORING: gettext_noop(
        "A fix for %(components)s is in place. We are watching whether it holds."
    ),
    IncidentStatus.RESOLVED: gettext_noop("The trouble with %(components)s is over."),
}
AUTOMATIC: Mapping[str, tuple[str | None, str]] = {
    IncidentChange.OPENED: (IncidentStatus.INVESTIGATING, TEMPLATES[IncidentStatus.INVESTIGATING]),
    IncidentChange.ACKNOWLEDGED: (
        None,
        gettext_noop("Our team is looking into the trouble with %(components)s."),
    ),
    IncidentChange.RESOLVED: (IncidentStatus.RESOLVED, TEMPLATES[IncidentStatus.RESOLVED]),
}
"""By event: the status of the automatic post (None: the incident's own status), and its text."""
FALSE_ALARM = gettext_noop("This was a false alarm: %(components)s worked all the time.")

UNWATCHED = gettext_noop(
    "The monitoring of %(components)s has ended, so we report no more about this trouble."
)


def fill_template(text: str, *, language: str, names: Sequence[str]) -> str:
    """The template ``text`` translated to ``language``, with the components' names in it, as Markdown."""
    with translation.override(language):
        return _(text) % {"components": escape_for_page(", ".join(names)) or _("our services")}


def escape_for_page(text: str) -> str:
    """``text`` escaped, so that Markdown shows it unchanged."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+!|~&" else c for c in text)


def title_of(incident: Incident, *, names: Sequence[str]) -> str:
    """The public title of an incident, in the active language. An automatic incident is named after its
    components, because its own title names the monitor. A manual incident keeps the title that people gave
    it."""
    if incident.kind == IncidentKind.MANUAL:
        return incident.title
    return _("Trouble with %(components)s") % {"components": ", ".join(names) or _("our services")}


# By people


@transaction.atomic
def write_post(
    page: StatusPage,
    *,
    author: User,
    now: datetime,
    text: str,
    incident: Incident | None = None,
    title: str = "",
    severity: str = Severity.MAJOR,
    status: str = "",
    visibility: str = PostVisibility.PUBLIC,
    components: Sequence[Component] | None = None,
    notify: bool = True,
) -> tuple[Post, IncidentChange]:
    """Write a post about an incident. Without ``incident``, open a manual incident with ``title`` first.

    A public post with another ``status`` changes the status of the incident, too. An internal post changes no
    status and tells nobody. When ``components`` is None, the post concerns the components of the incident's
    last post, or those with its monitor.

    Returns the post, and what became of the incident: opened, edited or resolved. Raises ``ValidationError``
    for an incident of another team, and for a new incident without a title.
    """
    if incident is not None and incident.team_id != page.team_id:
        raise ValidationError({"incident": "There is no such incident in this team."})
    public = visibility == PostVisibility.PUBLIC
    said: dict[str, Any] = {"author": author, "now": now, "text": text, "status": status}
    if incident is None:
        incident, event = _open(page, title, severity=severity, **said), IncidentChange.OPENED
    else:
        event = _move(incident, **said) if public else IncidentChange.EDITED
    post = Post.objects.create(
        page=page,
        incident=incident,
        visibility=visibility,
        status=incident.status,
        text=text,
        author=author,
        at=now,
        notices_due=public and notify,
    )
    post.components.set(_find_components(page, incident) if components is None else components)
    mark_changed(page_ids=[page.pk])
    return post, event


def _open(
    page: StatusPage, title: str, *, severity: str, author: User, now: datetime, text: str, status: str
) -> Incident:
    if not title:
        raise ValidationError({"title": "Name the incident by its id, or give a title for a new one."})
    opened_as = IncidentStatus.INVESTIGATING if status in ("", IncidentStatus.RESOLVED) else status
    return incidents.open_manual(
        page.team, title=title, author=author, now=now, severity=severity, status=opened_as, text=text
    )


def _move(incident: Incident, *, author: User, now: datetime, text: str, status: str) -> IncidentChange:
    """Change the incident's status when ``status`` is another one; return what became of the incident. A
    resolved incident stays resolved."""
    if status in ("", incident.status) or incident.status == IncidentStatus.RESOLVED:
        return IncidentChange.EDITED
    incidents.add_update(incident, text=text, author=author, now=now, status=status)
    incident.refresh_from_db()
    return IncidentChange.RESOLVED if incident.status == IncidentStatus.RESOLVED else IncidentChange.EDITED


def _find_components(page: StatusPage, incident: Incident) -> list[Component]:
    last = Post.objects.filter(page=page, incident=incident, components__isnull=False).order_by("-at", "-pk")
    if before := last.first():
        return list(before.components.all())
    if incident.monitor_id is None:
        return []
    return list(Component.objects.filter(page=page, monitors=incident.monitor_id))


@transaction.atomic
def edit_post(
    post: Post,
    *,
    text: str | None = None,
    visibility: str | None = None,
    components: Sequence[Component] | None = None,
) -> Post:
    """Change a post. Subscribers are not told again. When an internal post becomes public, they are told for
    the first time."""
    became_public = visibility == PostVisibility.PUBLIC and post.visibility == PostVisibility.INTERNAL
    post.text = post.text if text is None else text
    post.visibility = post.visibility if visibility is None else visibility
    if became_public and not post.notices.exists():
        post.notices_due = True
    elif post.visibility == PostVisibility.INTERNAL:
        post.notices_due = False
    post.save(update_fields=["text", "visibility", "notices_due"])
    if components is not None:
        post.components.set(components)
    mark_changed(page_ids=[post.page_id])
    return post


@transaction.atomic
def delete_post(post: Post) -> None:
    page_id = post.page_id
    post.delete()
    mark_changed(page_ids=[page_id])


# Automatic posts


@dataclass(frozen=True, slots=True)
class Concern:
    """An event, a page that shows its monitor or has told of its incident, and that page's components."""

    page: StatusPage
    event: IncidentEvent
    components: tuple[tuple[int, str], ...]
    """(id, name)"""

    @property
    def key(self) -> str:
        """The identity of the post. An incident that late results open again has another key, so it is told
        again."""
        incident = self.event.incident
        at = incident.resolved_at or incident.started_at
        return f"{self.page.pk}:{incident.pk}:{self.event.event}:{at.timestamp():.3f}"


def write_automatic_posts(
    concerns: Sequence[Concern], told: Mapping[tuple[int, int], Collection[str]], *, now: datetime
) -> None:
    """Write a post for each concern whose page wants automatic posts. Each is written once, also when this
    runs twice. Manual incidents get none: people write their posts.

    ``told`` holds the statuses of the public posts by (page id, incident id). So a page does not tell an end
    that people have told already, nor the end of an incident whose beginning it did not tell. The number of
    statements is constant.
    """
    posts: dict[str, Post] = {}
    for concern in concerns:
        said = told.get((concern.page.pk, concern.event.incident.pk), ())
        ours = concern.event.incident.kind == IncidentKind.AUTOMATIC and concern.page.automatic_posts
        if ours and (post := _compose(concern, said, now=now)):
            posts[concern.key] = post
    known = set(Post.objects.filter(key__in=list(posts)).values_list("key", flat=True)) if posts else set()
    new = {key: post for key, post in posts.items() if key not in known}
    if not new:
        return
    Post.objects.bulk_create(new.values(), batch_size=200)
    # MySQL does not return the ids of inserted rows.
    ids = dict(Post.objects.filter(key__in=list(new)).values_list("key", "pk"))
    links = [
        Post.components.through(post_id=ids[concern.key], component_id=component_id)
        for concern in concerns
        if concern.key in new
        for component_id, _name in concern.components
    ]
    Post.components.through.objects.bulk_create(links, batch_size=200)


def _compose(concern: Concern, said: Collection[str], *, now: datetime) -> Post | None:
    event, incident = concern.event.event, concern.event.incident
    if event not in AUTOMATIC or (event != IncidentChange.OPENED and not said):
        return None
    status, text = AUTOMATIC[event]
    if event == IncidentChange.RESOLVED and IncidentStatus.RESOLVED in said:
        return None
    if event == IncidentChange.RESOLVED and incident.retracted:
        text = FALSE_ALARM
    elif concern.event.ended_by:
        text = UNWATCHED
    names = [name for _, name in concern.components]
    return Post(
        page=concern.page,
        incident=incident,
        status=status or incident.status,
        text=fill_template(text, language=concern.page.language, names=names),
        at=now,
        key=concern.key,
        notices_due=True,
    )
