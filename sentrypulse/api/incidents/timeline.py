"""One incident's timeline: what the machine found, what people said and where, and who was told."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Count, Q
from rest_framework import serializers

from accounts.models import User
from alerts.models import Delivery
from incidents.models import Incident, IncidentStatus, Update
from outbox.models import OutgoingStatus
from sentrypulse.api.incidents.fields import AuthorSerializer, StatusField
from statuspages.models import Component, Post, PostVisibility, StatusPage, Subscriber, Visibility

Entry = dict[str, Any]
KINDS = ["opened", "finding", "note", "acknowledged", "resolved", "post", "told"]
_SAME = timedelta(milliseconds=2)
"""One call writes an update and its posts at one instant; one column keeps microseconds, another does not."""


class SaidOnSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="Of the status page")
    title = serializers.CharField()
    post = serializers.IntegerField()
    public = serializers.BooleanField()
    subscribers_told = serializers.IntegerField()


class TimelineEntrySerializer(serializers.Serializer[Any]):
    """``finding`` is the machine's; ``note`` a person's; ``told`` sums up deliveries of one moment."""

    kind = serializers.ChoiceField(choices=KINDS)
    at = serializers.DateTimeField()
    by = serializers.ChoiceField(choices=["machine", "person"])
    author = AuthorSerializer(allow_null=True)
    text = serializers.CharField()
    status = StatusField(allow_null=True)
    public = serializers.BooleanField(help_text="Whether a status page shows it")
    pages = SaidOnSerializer(many=True)
    deliveries = serializers.ListField(child=serializers.IntegerField(), help_text="Of kind `told`")


class IncidentPageSerializer(serializers.Serializer[Any]):
    """A status page that can tell of it."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    slug = serializers.CharField()
    visibility = serializers.ChoiceField(choices=Visibility.choices)
    shows = serializers.BooleanField(help_text="Whether it shows the monitor, or has told of it already")
    subscribers = serializers.IntegerField(help_text="How many a post would be sent to")


def build_timeline(incident: Incident, deliveries: Sequence[Delivery]) -> list[Entry]:
    """All entries, the newest first. One query beside what is given."""
    updates = list(incident.updates.all())
    posts = list(_read_posts(incident))
    entries = [*_tell_updates(incident, updates, posts), *_tell_posts(posts), *_tell_deliveries(deliveries)]
    return sorted(entries, key=lambda entry: (entry["at"], KINDS.index(entry["kind"])), reverse=True)


def _entry(kind: str, at: datetime, text: str, author: User | None, **more: Any) -> Entry:
    by = {"by": "person" if author else "machine", "author": author}
    empty: Entry = {"status": None, "public": False, "pages": [], "deliveries": []}
    return {"kind": kind, "at": at, "text": text, **by, **empty, **more}


def _read_posts(incident: Incident) -> Iterable[Post]:
    sent = Count("notices", filter=Q(notices__status=OutgoingStatus.SENT))
    posts = Post.objects.filter(incident=incident).select_related("page", "author")
    return posts.annotate(subscribers_told=sent).order_by("at", "pk")


def _tell_updates(incident: Incident, updates: Sequence[Update], posts: list[Post]) -> Iterable[Entry]:
    """``posts`` that say the same as an update are taken out of the list and shown with it."""
    resolved = next((u.pk for u in updates if u.status == IncidentStatus.RESOLVED), None)
    for number, update in enumerate(updates):
        same = [post for post in posts if _says_the_same(post, update)]
        posts[:] = [post for post in posts if post not in same]
        if number == 0:
            kind = "opened"
        elif update.pk == resolved:
            kind = "resolved"
        elif update.at == incident.acknowledged_at:
            kind = "acknowledged"
        else:
            kind = "finding" if update.author is None else "post" if same else "note"
        yield _entry(kind, update.at, update.text, update.author, status=update.status, **_pages_of(same))


def _says_the_same(post: Post, update: Update) -> bool:
    return (
        post.author_id is not None
        and (post.author_id, post.text) == (update.author_id, update.text)
        and abs(post.at - update.at) < _SAME
    )


def _pages_of(posts: Sequence[Any]) -> Entry:
    pages = [
        {
            "id": post.page_id,
            "title": post.page.title,
            "post": post.pk,
            "public": post.visibility == PostVisibility.PUBLIC,
            "subscribers_told": post.subscribers_told,
        }
        for post in posts
    ]
    return {"pages": pages, "public": any(page["public"] for page in pages)}


def _tell_posts(posts: Sequence[Post]) -> Iterable[Entry]:
    for post in posts:
        yield _entry("post", post.at, post.text, post.author, status=post.status, **_pages_of([post]))


def _tell_deliveries(deliveries: Sequence[Delivery]) -> Iterable[Entry]:
    """Those that were planned together make one entry."""
    for at, some in groupby(deliveries, key=lambda row: row.planned_at):
        rows = list(some)
        sent = [row for row in rows if row.status == OutgoingStatus.SENT]
        if sent:
            names = ", ".join(row.channel_name or "the owners" for row in sent)
            text = f"Told {len(sent)} of {len(rows)}: {names}."
            yield _entry("told", at, text, None, deliveries=[row.pk for row in rows])


def read_pages(incident: Incident) -> list[Entry]:
    """The team's status pages, those that show it first. Three queries."""
    pages = list(StatusPage.objects.filter(team_id=incident.team_id).order_by("title", "pk"))
    if not pages:
        return []
    told = Post.objects.filter(incident=incident).values_list("page_id", flat=True)
    concerned = Component.objects.filter(page__team_id=incident.team_id, monitors=incident.monitor_id)
    components = dict[int, set[int]]()
    for page_id, pk in concerned.values_list("page_id", "pk") if incident.monitor_id else ():
        components.setdefault(page_id, set()).add(pk)
    shows = set(components) | set(told)
    subscribers = _count_subscribers([page.pk for page in pages], components)
    found = [
        {
            "id": page.pk,
            "title": page.title,
            "slug": page.slug,
            "visibility": page.visibility,
            "shows": page.pk in shows,
            "subscribers": subscribers.get(page.pk, 0),
        }
        for page in pages
    ]
    return sorted(found, key=lambda page: not page["shows"])


def _count_subscribers(page_ids: Sequence[int], components: dict[int, set[int]]) -> dict[int, int]:
    """The number of confirmed subscribers of each page who will be told: those who chose the whole page or
    one of ``components``; all of them for a page without such components."""
    chosen = [pk for some in components.values() for pk in some]
    whole = Q(all_components=True) | ~Q(page_id__in=list(components)) | Q(components__in=chosen)
    active = Subscriber.objects.filter(
        whole, page_id__in=page_ids, confirmed_at__isnull=False, unsubscribed_at__isnull=True
    )
    return dict(active.values_list("page_id").annotate(n=Count("pk", distinct=True)).order_by())
