"""The copies that outlive us: rendered when something changed, and every minute, and written to a storage.

A page is rendered by one publisher at a time (a lease), at most every ``DEBOUNCE``. Each rendering has a
version, taken by compare-and-set before anything is read; the storage refuses one that is older than what
lies there. So whoever hangs, comes back or runs twice, the newest rendering stays.
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
"""Pages and seconds a round; ``is_behind`` says whether another one is wanted."""


def publish_due(*, owner: str, now: datetime) -> int:
    """Publish the pages that changed or are a minute old, take away copies that must not lie there; how
    many."""
    due = find_due(now=now)
    if not due:
        return 0
    storage, started, done = open_storage(), time.monotonic(), 0
    for publication in due:
        if time.monotonic() - started > BUDGET_S:
            break
        # Each has the instant it is rendered at: the first of a long round must not date the last.
        at = now + timedelta(seconds=int(time.monotonic() - started))
        turn = partial(_take_turn, storage=storage, owner=owner, now=at)
        done += sum(do_each(PUBLISH, [publication], turn, name=_name))
    logger.info("publish due=%d done=%d took_ms=%d", len(due), done, (time.monotonic() - started) * 1000)
    return done


def publish_now(page: StatusPage, *, now: datetime) -> None:
    """Publish one page at once, whatever the debounce says. Raises ``RuleViolation`` where that cannot be."""
    if not page.is_open:
        raise RuleViolation("Only public and unlisted pages are published; this one is shown by us alone.")
    publication = Publication.objects.select_related("page__team").get(page=page)
    if not _take_turn(publication, storage=open_storage(), owner="api", now=now):
        raise RuleViolation(
            "The page is being published at this moment, or its storage does not answer; try again."
        )


def is_behind(*, now: datetime) -> bool:
    """Is there a copy that was due at ``now`` and was not tried since?"""
    return _due(now).exists()


def count_overdue(*, before: datetime, most: int = 1_000) -> int:
    """Copies that were due at ``before`` already and are not made, or could not be; up to ``most``."""
    shown = Q(page__visibility__in=("public", "unlisted"))
    stale = Q(rendered_at__lte=before) | Q(published_at__lte=before) | ~Q(problem="")
    return len(Publication.objects.filter(shown & stale).values_list("pk", flat=True)[:most])


def find_due(*, now: datetime) -> list[Publication]:
    """Copies to be made or taken away, those that waited longest first."""
    return list(_due(now).select_related("page__team").order_by("rendered_at", "pk")[:AT_ONCE])


def _due(now: datetime) -> QuerySet[Publication]:
    free = leases.find_free(lasts=LEASE, now=now)
    changed = Q(changes__gt=F("published_changes")) & Q(rendered_at__lte=now - DEBOUNCE)
    # What a clock that ran ahead has rendered is rendered anew.
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
    """Do what is due for one copy; False when somebody else has it, or it could not be made: ``problem``
    then says why."""
    page = publication.page
    leaves = bool(publication.place) and (page is None or not page.is_open or page.slug != publication.place)
    # A copy that must go is taken away by the version after its own, and not by the clock's: whoever has
    # taken its place since has a newer one.
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
    except Exception as fault:  # a bug, or a row that nobody checked: it must not hold up the others
        if is_away(fault):
            raise
        leave_out(PUBLISH, _name(publication), fault)
        _finish(publication, version, problem="It could not be rendered; the log says why.")
    return False


def _claim(publication: Publication, version: int, *, owner: str, now: datetime) -> bool:
    mine = Publication.objects.filter(pk=publication.pk, version=publication.version)
    with transaction.atomic():  # a version that nobody can count on spoils no transaction around
        return bool(leases.take(mine, owner, lasts=LEASE, now=now, version=version, rendered_at=now))


def _publish(
    publication: Publication, page: StatusPage, storage: Storage, version: int, *, now: datetime
) -> bool:
    # Read after the claim: what changes from here on counts for the next rendering.
    fresh = Publication.objects.filter(pk=publication.pk).select_related("page__team").first()
    if fresh is None or fresh.page is None or not fresh.page.is_open or fresh.page.slug != page.slug:
        _finish(publication, version)
        return False
    with transaction.atomic():  # read as of one moment; and what fails in it spoils no transaction around
        files = render_page(fresh.page, now=now)
    # Written down before it lies there: a copy that nobody knows of could never be taken away.
    if not Publication.objects.filter(pk=publication.pk, version=version).update(place=page.slug):
        return False
    taken = storage.write(page.slug, files, version=version)
    told: dict[str, Any] = {"published_at": now} if taken else {}
    _finish(publication, version, published_changes=fresh.changes, **told)
    return taken


def _withdraw(publication: Publication, storage: Storage, version: int, *, now: datetime) -> bool:
    """Take the copy away, unless its place is somebody else's by now."""
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
    """Give the lease back, if it is still ours."""
    mine = Publication.objects.filter(pk=publication.pk, version=version)
    with transaction.atomic():  # as in ``_claim``
        mine.update(lease_owner="", lease_until=None, problem=problem, **fields)


def copy_url(place: str) -> str:
    """Where a copy lies, for people who set up what serves it."""
    return f"{settings.PUBLISH_URL.partition('?')[0].rstrip('/')}/{place}/"
