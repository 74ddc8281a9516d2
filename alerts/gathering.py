"""Many changes at once are one digest a channel; few go out each by itself.

A notice is held for two seconds. When more than the team's ``digest_over`` came for its channel within a
minute, those that are held wait for more: until none came for ten seconds, or a minute is over.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, Q

from alerts.models import AlertSettings, Delivery, OwnEvent
from outbox.models import OutgoingStatus

WINDOW = timedelta(seconds=60)
CALM = timedelta(seconds=10)
GATHER_AT_ONCE = 2000


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
        return sum(
            _decide(
                found,
                digest=channel is not None and many.get(channel, 0) > limits.get(found[0].team_id, 5),
                now=now,
            )
            for channel, found in by_channel.items()
        )


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
            answer="Told in a digest.",
        )
    return 1
