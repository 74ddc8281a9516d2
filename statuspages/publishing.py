"""Publish copies of pages to a storage, so that people can read them when SentryPulse is down.

A page is rendered when it changed, and every minute (``REFRESH``). One publisher at a time renders a page (a
lease), at most once in ``DEBOUNCE``. Each rendering takes a version by compare-and-set before it reads
anything. The storage refuses a version that is older than its copy. So the newest copy stays, also when a
publisher hangs and comes back, or runs twice.
"""

import logging
import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from core import leases
from core.errors import RuleViolation
from core.instants import to_ms
from core.isolation import do_each, is_away, leave_out, resting
from statuspages.models import Publication, StatusPage
from statuspages.rendering import render_page
from statuspages.storages import Storage, StorageError, open_storage

logger = logging.getLogger(__name__)

PUBLISH = "publish pages"
DEBOUNCE, REFRESH, LEASE = timedelta(seconds=5), timedelta(seconds=60), timedelta(seconds=30)
AT_ONCE, BUDGET_S = 200, 20.0
"""The most pages and the most seconds in one round. ``has_copies_due`` says whether pages are left for
another round."""


def publish_due(*, owner: str, now: datetime) -> int:
    """Publish the pages that are due, and remove copies that must not be public any more; return how many of
    both.

    ``owner`` names the caller in the leases. Safe to run twice at the same time.
    """
    if not has_copies_due(now=now):  # costs a third of reading whole pages
        return 0
    due = find_due_publications(now=now)
    storage, started, done = open_storage(), time.monotonic(), 0
    for publication in due:
        if time.monotonic() - started > BUDGET_S:
            break
        # Each page gets the time at which it is rendered; a round may last several seconds.
        at = now + timedelta(seconds=int(time.monotonic() - started))
        turn = partial(_take_turn, storage=storage, owner=owner, now=at)
        done += sum(do_each(PUBLISH, [publication], turn, name=_name))
    logger.info("publish due=%d done=%d took_ms=%d", len(due), done, (time.monotonic() - started) * 1000)
    return done


def publish_now(page: StatusPage, *, now: datetime) -> None:
    """Publish one page at once, without waiting for ``DEBOUNCE``. Raises ``RuleViolation`` when the page is
    not open to all, is being published, or its storage does not answer."""
    if not page.is_open:
        raise RuleViolation("Only public and unlisted pages are published; this one is shown by us alone.")
    publication = Publication.objects.select_related("page__team").get(page=page)
    if not _take_turn(publication, storage=open_storage(), owner="api", now=now):
        raise RuleViolation(
            "The page is being published at this moment, or its storage does not answer; try again."
        )


def has_copies_due(*, now: datetime) -> bool:
    """Whether a copy is due at ``now``."""
    return _due(now).exists()


def count_overdue(*, before: datetime, most: int = 1_000) -> int:
    """How many open pages have a copy from before ``before``, or a copy that could not be made; at most
    ``most``."""
    shown = Q(page__visibility__in=("public", "unlisted"))
    stale = Q(rendered_at__lte=before) | Q(published_at__lte=before) | ~Q(problem="")
    return len(Publication.objects.filter(shown & stale).values_list("pk", flat=True)[:most])


def find_due_publications(*, now: datetime) -> list[Publication]:
    """The publications that are due, with copies to make or to remove. The longest waiting comes first; at
    most ``AT_ONCE``."""
    return list(_due(now).select_related("page__team").order_by("rendered_at", "pk")[:AT_ONCE])


def _due(now: datetime) -> QuerySet[Publication]:
    free = leases.find_free(lasts=LEASE, now=now)
    changed = Q(changes__gt=F("published_changes")) & Q(rendered_at__lte=now - DEBOUNCE)
    # A rendering in the future was made by a clock that ran ahead; the page is rendered again.
    never = Q(rendered_at__isnull=True) | Q(rendered_at__gt=now + leases.CLOCK_TOLERANCE)
    shown = Q(page__visibility__in=("public", "unlisted"))
    render = shown & (changed | never | Q(rendered_at__lte=now - REFRESH))
    misplaced = (
        ~Q(place="") & (~shown | ~Q(place=F("page__slug"))) & (never | Q(rendered_at__lte=now - DEBOUNCE))
    )
    orphan = Q(page__isnull=True)
    due = Publication.objects.filter(free).filter(render | misplaced | orphan)
    return due.exclude(pk__in=resting(PUBLISH, "publication"))


def _name(publication: Publication) -> tuple[str, int]:
    return "publication", publication.pk


def _take_turn(publication: Publication, *, storage: Storage, owner: str, now: datetime) -> bool:
    """Make or remove one copy. False when another publisher holds the lease or a newer copy is there, and
    when it failed: then ``problem`` says why."""
    page = publication.page
    leaves = bool(publication.place) and (page is None or not page.is_open or page.slug != publication.place)
    # A copy is removed with the version after its own, not with one from the clock: another page may have
    # taken its place, and that page's copy has a newer version.
    version = publication.version + 1 if leaves or page is None else max(publication.version + 1, to_ms(now))
    if not _claim(publication, version, owner=owner, now=now):
        return False
    try:
        if leaves or page is None:
            return _withdraw(publication, storage, version, now=now)
        return _publish(publication, page, storage, version, now=now)
    except StorageError as problem:
        logger.warning("publish failed publication=%d: %s", publication.pk, problem)
        _finish(publication, version, problem=str(problem)[:300])
    except Exception as fault:  # a bug, or a broken row; the other pages go on
        if is_away(fault):
            raise
        leave_out(PUBLISH, _name(publication), fault)
        _finish(publication, version, problem="It could not be rendered; the log says why.")
    return False


def _claim(publication: Publication, version: int, *, owner: str, now: datetime) -> bool:
    mine = Publication.objects.filter(pk=publication.pk, version=publication.version)
    with transaction.atomic():  # an error in this update breaks no transaction of the caller
        return bool(leases.take(mine, owner, lasts=LEASE, now=now, version=version, rendered_at=now))


def _publish(
    publication: Publication, page: StatusPage, storage: Storage, version: int, *, now: datetime
) -> bool:
    # Read after the claim: a change from now on makes the page due again.
    fresh = Publication.objects.filter(pk=publication.pk).select_related("page__team").first()
    if fresh is None or fresh.page is None or not fresh.page.is_open or fresh.page.slug != page.slug:
        _finish(publication, version)
        return False
    with transaction.atomic():  # all reads see one state; an error breaks no transaction of the caller
        files = render_page(fresh.page, now=now)
    # Store the place before writing the copy: a copy in an unknown place could never be removed.
    if not Publication.objects.filter(pk=publication.pk, version=version).update(place=page.slug):
        return False
    taken = storage.write(page.slug, files, version=version)
    told: dict[str, Any] = {"published_at": now} if taken else {}
    _finish(publication, version, published_changes=fresh.changes, **told)
    return taken


def _withdraw(publication: Publication, storage: Storage, version: int, *, now: datetime) -> bool:
    """Remove the copy, unless another open page has the same slug by now."""
    taken = StatusPage.objects.filter(slug=publication.place, visibility__in=("public", "unlisted"))
    others = taken.exclude(pk=publication.page_id) if publication.page_id else taken
    if publication.place and not others.exists():
        storage.remove(publication.place, version=version)
    if publication.page_id is None:
        Publication.objects.filter(pk=publication.pk, version=version).delete()
    else:
        _finish(publication, version, place="", published_at=None, changes=F("changes") + 1)
    return True


def _finish(publication: Publication, version: int, *, problem: str = "", **fields: Any) -> None:
    """Store the result and give the lease back, if this version is still the newest."""
    mine = Publication.objects.filter(pk=publication.pk, version=version)
    with transaction.atomic():  # as in ``_claim``
        mine.update(lease_owner="", lease_until=None, problem=problem, **fields)


def copy_url(place: str) -> str:
    """The address of a copy in its storage, for people who set up a web server or cache for it."""
    return f"{settings.PUBLISH_URL.partition('?')[0].rstrip('/')}/{place}/"
