"""Notices to subscribers: planned once for each post, claimed from the outbox, and rendered as messages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from core.field_encryption import SecretsUnreadable, unseal
from core.isolation import do_together, is_away, leave_out, resting
from delivery.config import check_config
from delivery.message import Content, DeliveryMessage, Tone
from incidents.models import IncidentStatus
from outbox.claiming import claim_due, give_up
from outbox.models import OutgoingStatus
from statuspages.labels import tell_status
from statuspages.markdown import render_markdown
from statuspages.models import (
    Notice,
    NoticePurpose,
    Post,
    StatusPage,
    Subscriber,
    SubscriberKind,
    Visibility,
)
from statuspages.posts import title_of

POSTS_AT_ONCE, NOTICES_AT_ONCE = 200, 500
PLAN, SEND = "plan notices", "send notices"
UNPREPARED = "SentryPulse could not prepare this; its log says why."
STORM = 5
"""A subscriber who would get more notices than this at once gets one notice, which says how many posts there
are."""
_TONES = {IncidentStatus.RESOLVED: Tone.GOOD, IncidentStatus.MONITORING: Tone.INFO}


def plan_due(*, now: datetime) -> int:
    """Plan the notices of all posts with ``notices_due``; return the number of notices.

    The mark is taken off in the same transaction, so each post is planned once. Safe to run twice at the same
    time.
    """
    due = Post.objects.filter(notices_due=True).exclude(pk__in=resting(PLAN, "post")).order_by("pk")
    planned: list[int] = []
    if ids := list(due.values_list("pk", flat=True)[:POSTS_AT_ONCE]):
        do_together(
            PLAN,
            ids,
            lambda some: planned.append(_plan_posts(some, now=now)),
            name=lambda pk: ("post", pk),
        )
    return sum(planned)


def _plan_posts(ids: Sequence[int], *, now: datetime) -> int:
    skip_locked = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        due = Post.objects.filter(pk__in=ids, notices_due=True).order_by("pk")
        posts = list(due.select_for_update(skip_locked=skip_locked))
        if not posts:
            return 0
        notices = list(_plan(posts, now=now))
        Notice.objects.bulk_create(notices, batch_size=200)
        Post.objects.filter(pk__in=[post.pk for post in posts]).update(notices_due=False)
    return len(notices)


def _plan(posts: Sequence[Post], *, now: datetime) -> Iterable[Notice]:
    concerns: dict[int, set[int]] = defaultdict(set)
    links = Post.components.through.objects.filter(post_id__in=[post.pk for post in posts])
    for post_id, component_id in links.values_list("post_id", "component_id"):
        concerns[post_id].add(component_id)
    by_page: dict[int, list[Post]] = defaultdict(list)
    for post in posts:
        by_page[post.page_id].append(post)
    told = Subscriber.objects.filter(
        page__in=by_page, confirmed_at__isnull=False, unsubscribed_at__isnull=True
    )
    for subscriber in told.prefetch_related("components").order_by("pk").iterator(chunk_size=500):
        asked = {component.pk for component in subscriber.components.all()}
        mine = [
            post
            for post in by_page[subscriber.page_id]
            if subscriber.all_components or not concerns[post.pk] or asked & concerns[post.pk]
        ]
        yield from _for_subscriber(subscriber, mine, now=now)


def _for_subscriber(subscriber: Subscriber, posts: Sequence[Post], *, now: datetime) -> Iterable[Notice]:
    digest = len(posts) > STORM
    for post in posts[-1:] if digest else posts:
        yield Notice(
            key=f"statuspages:{subscriber.pk}:{post.pk}",
            subscriber=subscriber,
            purpose=NoticePurpose.POST,
            post=post,
            more=len(posts) - 1 if digest else 0,
            planned_at=now,
            due_at=now,
        )


def claim_deliveries(*, now: datetime) -> list[DeliveryMessage]:
    """Claim the notices that are due and make their messages. Notices to subscribers who have left are
    dropped."""
    rows = claim_due(Notice, now=now, most=NOTICES_AT_ONCE)
    if not rows:
        return []
    notices = Notice.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk")
    whole = notices.select_related("subscriber__page", "post__incident").prefetch_related("post__components")
    wanted = [notice for notice in whole if _is_wanted(notice)]
    gone = {row.pk for row in rows} - {notice.pk for notice in wanted}
    Notice.objects.filter(pk__in=gone).update(
        status=OutgoingStatus.DROPPED, due_at=None, settled_at=now, answer="The subscriber has left."
    )
    return _build(wanted, now=now)


def _build(notices: Sequence[Notice], *, now: datetime) -> list[DeliveryMessage]:
    """The messages of the notices. A notice whose message cannot be built is given up, and its ``answer``
    says why."""
    deliveries: list[DeliveryMessage] = []
    broken: dict[str, list[Notice]] = {}
    for notice in notices:
        try:
            deliveries.append(build_delivery(notice))
        except Exception as fault:
            if is_away(fault):
                raise
            leave_out(SEND, ("notice", notice.pk), fault)
            unreadable = isinstance(fault, SecretsUnreadable)
            broken.setdefault(str(fault) if unreadable else UNPREPARED, []).append(notice)
    for reason, some in broken.items():
        give_up(Notice, some, reason=reason, now=now)
    return deliveries


def give_up_notices(whys: Mapping[str, str], *, now: datetime) -> None:
    """Give up the notices whose messages no queue can carry. ``whys`` holds the reasons by message id."""
    for message_id, why in whys.items():
        rows = list(Notice.objects.filter(pk=int(message_id.partition(":")[2])))
        give_up(Notice, rows, reason=f"It could not be sent: {why}.", now=now)


def _is_wanted(notice: Notice) -> bool:
    subscriber = notice.subscriber
    if notice.purpose == NoticePurpose.CONFIRM:
        return subscriber.confirm_hash is not None and notice.key.endswith(subscriber.confirm_hash[:32])
    told = subscriber.confirmed_at is not None and subscriber.unsubscribed_at is None
    return told and subscriber.page.visibility != Visibility.TEAM


def build_delivery(notice: Notice) -> DeliveryMessage:
    """The message for ``notice``, with all that the edge needs; secrets are in clear text. Raises
    ``SecretsUnreadable``."""
    subscriber = notice.subscriber
    opened = unseal(subscriber.secrets)
    with translation.override(subscriber.page.language):
        content = (
            _tell_post(notice, opened)
            if notice.purpose == NoticePurpose.POST
            else _ask_to_confirm(notice, opened)
        )
    config: dict[str, Any] = (
        {"to": [subscriber.address]}
        if subscriber.kind == SubscriberKind.EMAIL
        else check_config("webhook", {"url": subscriber.address, "secret": opened["signing"]})
    )
    return DeliveryMessage(
        id=f"statuspages:{notice.pk}",
        attempt=notice.attempts,
        key=notice.key,
        kind=subscriber.kind,
        config=config,
        content=content,
        team_id=subscriber.page.team_id,
        from_stranger=True,
    )


def page_url(page: StatusPage) -> str:
    """The public address of the page."""
    return (
        f"https://{page.verified_domain}/"
        if page.verified_domain
        else f"{settings.PUBLIC_URL}/status/{page.slug}/"
    )


def confirm_url(token: str) -> str:
    """The link that confirms a subscription. It does not hold the page's slug, which may change later."""
    return f"{settings.PUBLIC_URL}/status/-/confirm/{token}"


def unsubscribe_url(token: str) -> str:
    return f"{settings.PUBLIC_URL}/status/-/unsubscribe/{token}"


def _tell_post(notice: Notice, opened: dict[str, str]) -> Content:
    post, page = notice.post, notice.subscriber.page
    assert post is not None  # noqa: S101  # a notice of this purpose has a post
    names = [component.name for component in post.components.all()]
    title, status = _one_line(title_of(post.incident, names=names)), tell_status(post.status)
    leave = unsubscribe_url(opened["unsubscribe"])
    context = {
        "page": page, "post": post, "title": title, "status": status, "names": names, "more": notice.more,
        "html": render_markdown(post.text), "page_url": page_url(page), "leave_url": leave,
    }  # fmt: skip
    return Content(
        subject=f"[{_one_line(page.title)}] {status}: {title}",
        text=render_to_string("statuspages/notice.txt", context).strip(),
        html=render_to_string("statuspages/notice.html", context).strip(),
        markdown=f"**{status}: {title}**\n\n{post.text}",
        link=page_url(page),
        tone=_TONES.get(IncidentStatus(post.status), Tone.BAD),
        data={
            "event": "post",
            "page": {"slug": page.slug, "title": page.title, "url": page_url(page)},
            "incident": {"id": post.incident_id, "title": title, "status": post.status},
            "post": {"id": post.pk, "at": post.at.isoformat(), "text": post.text, "components": names},
            "more": notice.more,
            "unsubscribe_url": leave,
        },
        headers=_list_headers(leave),
    )


def _list_headers(leave: str) -> dict[str, str]:
    """The headers of RFC 2369 and RFC 8058: with them, mail programs show a button that unsubscribes at
    once."""
    return {
        "List-Unsubscribe": f"<{leave}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
    }


def _ask_to_confirm(notice: Notice, opened: dict[str, str]) -> Content:
    page, link = notice.subscriber.page, confirm_url(opened["confirm"])
    leave = unsubscribe_url(opened["unsubscribe"])
    context = {"page": page, "link": link, "page_url": page_url(page), "leave_url": leave}
    return Content(
        subject=_("Confirm that you want news of %(page)s") % {"page": _one_line(page.title)},
        text=render_to_string("statuspages/confirm.txt", context).strip(),
        html=render_to_string("statuspages/confirm.html", context).strip(),
        link=link,
        tone=Tone.INFO,
        data={
            "event": "confirm",
            "page": {"slug": page.slug, "title": page.title, "url": page_url(page)},
            "confirm_url": link,
            "signing_secret": opened["signing"],
            "unsubscribe_url": leave,
        },
        headers=_list_headers(leave),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
