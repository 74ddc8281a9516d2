"""Many changes at once are one digest a channel; few go out each by itself.

A notice is held for two seconds. When more than the team's ``digest_over`` came for its channel within a
minute, those that are held wait for more: until none came for ten seconds, or a minute is over.

Pagers keep an alert open until they are told that it is over, so to them ends go one by one; the alert of a
digest ends with the last trouble that it told of.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, Q

from alerts.models import AlertSettings, Channel, Delivery, Event, OwnEvent
from outbox.models import OutgoingStatus

WINDOW = timedelta(seconds=60)
CALM = timedelta(seconds=10)
GATHER_AT_ONCE = 2000
PAGERS = {"pagerduty", "opsgenie"}
IN_DIGEST = "Told in a digest."
_ENDS = {Event.RECOVERED, Event.ACKNOWLEDGED}


def gather(*, now: datetime) -> int:
    """Decide on what has been held long enough; the number of rows that may be sent now. Safe to run
    twice."""
    with transaction.atomic():
        held = Delivery.objects.filter(status=OutgoingStatus.HELD)
        channels = {
            row.channel_id for row in held.filter(due_at__lte=now).only("channel_id")[:GATHER_AT_ONCE]
        }
        if not channels:
            return 0
        asked = Q(channel_id__in=channels - {None})
        asked |= Q(channel_id__isnull=True) if None in channels else Q()
        skip_locked = connection.features.has_select_for_update_skip_locked
        rows = held.filter(asked).select_for_update(skip_locked=skip_locked).order_by("pk")
        by_channel: dict[int | None, list[Delivery]] = defaultdict(list)
        for row in rows[:GATHER_AT_ONCE]:
            by_channel[row.channel_id].append(row)
        many = _count_recent(by_channel, now=now)
        limits = dict(
            AlertSettings.objects.filter(
                pk__in={rows[0].team_id for rows in by_channel.values()}
            ).values_list("pk", "digest_over")
        )
        pagers = set(
            Channel.objects.filter(pk__in=[pk for pk in channels if pk], kind__in=PAGERS).values_list(
                "pk", flat=True
            )
        )
        ready = 0
        for channel, found in by_channel.items():
            if channel in pagers:
                ready += _release_ends([row for row in found if row.event in _ENDS], now=now)
                found = [row for row in found if row.event not in _ENDS]
            limit = limits.get(by_channel[channel][0].team_id, 5)
            many_here = channel is not None and many.get(channel, 0) > limit
            ready += _decide(found, digest=many_here, now=now) if found else 0
        return ready


def _release_ends(rows: Sequence[Delivery], *, now: datetime) -> int:
    """To a pager: the end of what was told by itself, and of a digest whose last trouble this was."""
    due = [row for row in rows if row.due_at and row.due_at <= now]
    told = Delivery.objects.filter(
        channel_id__in={row.channel_id for row in due},
        trouble_id__in={row.trouble_id for row in due},
        digest__event=OwnEvent.DIGEST,
    )
    digests: dict[int | None, int | None] = dict(
        told.exclude(event__in=_ENDS).values_list("trouble_id", "digest_id")
    )
    alone = [row.pk for row in due if row.trouble_id not in digests]
    ready = Delivery.objects.filter(pk__in=alone).update(status=OutgoingStatus.PLANNED, due_at=now)
    for digest_id in sorted({found for row in due if (found := digests.get(row.trouble_id))}):
        ends = [row.pk for row in due if digests.get(row.trouble_id) == digest_id]
        Delivery.objects.filter(pk__in=ends).update(
            status=OutgoingStatus.DROPPED, due_at=None, settled_at=now, digest_id=digest_id, answer=IN_DIGEST
        )
        if not Delivery.objects.filter(digest_id=digest_id, trouble__closed_at__isnull=True).exists():
            ready += _end_digest(Delivery.objects.get(pk=digest_id), now=now)
    return ready


def _end_digest(digest: Delivery, *, now: datetime) -> int:
    _, new = Delivery.objects.get_or_create(
        key=f"digest-over:{digest.pk}",
        defaults={
            "team_id": digest.team_id,
            "channel_id": digest.channel_id,
            "channel_name": digest.channel_name,
            "event": OwnEvent.DIGEST_OVER,
            "instead_of": digest,
            "planned_at": now,
            "due_at": now,
        },
    )
    return int(new)


def _count_recent(by_channel: Mapping[int | None, Sequence[Delivery]], *, now: datetime) -> dict[int, int]:
    """By channel, how many notices it had within the last minute, those that are held included."""
    recent = Delivery.objects.filter(
        channel_id__in=[channel for channel in by_channel if channel is not None], planned_at__gt=now - WINDOW
    ).exclude(event__in=OwnEvent.values)
    counts = recent.exclude(status=OutgoingStatus.DROPPED, digest__isnull=True).values("channel_id")
    found = {row["channel_id"]: row["count"] for row in counts.annotate(count=Count("pk")).order_by()}
    return {channel: max(found.get(channel, 0), len(rows)) for channel, rows in by_channel.items() if channel}


def _decide(rows: Sequence[Delivery], *, digest: bool, now: datetime) -> int:
    if not digest:
        due = [row.pk for row in rows if row.due_at and row.due_at <= now]
        return Delivery.objects.filter(pk__in=due).update(status=OutgoingStatus.PLANNED, due_at=now)
    ids = [row.pk for row in rows]
    ready_at = min(rows[0].planned_at + WINDOW, max(row.planned_at for row in rows) + CALM)
    if now < ready_at:
        Delivery.objects.filter(pk__in=ids).update(due_at=ready_at)
        return 0
    first = rows[0]
    digest_row = Delivery.objects.create(
        team_id=first.team_id,
        channel_id=first.channel_id,
        channel_name=first.channel_name,
        event=OwnEvent.DIGEST,
        key=f"digest:{first.channel_id}:{first.pk}",
        planned_at=now,
        due_at=now,
    )
    for start in range(0, len(ids), 500):
        Delivery.objects.filter(pk__in=ids[start : start + 500]).update(
            status=OutgoingStatus.DROPPED,
            due_at=None,
            settled_at=now,
            digest=digest_row,
            answer=IN_DIGEST,
        )
    return 1
