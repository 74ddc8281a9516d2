"""When many changes come at once, a channel gets one digest. When few come, each is sent by itself.

Planning holds each delivery for two seconds (``planning.HOLD``). When a channel had more than ``digest_over``
(a setting of the team) deliveries within a minute, its held ones wait for more: until none came for ten
seconds, or until a minute is over. A delivery that waited alone is sent as itself.

A pager keeps an alert open until it is told that the trouble is over. So a pager gets the ends one by one.
The alert of a digest ends when the last trouble of that digest has ended.

``monitoring_stopped`` and ``monitoring_resumed`` are always told together: one message a channel for all
monitors. Each monitor loses its data at its own slot, so the message waits until no further monitor came for
``NO_DATA_CALM`` (at most ``NO_DATA_WINDOW``), and until ``NO_DATA_AGAIN`` after the last such message.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, Max, Q

from alerts.models import ENDS, AlertSettings, Channel, Delivery, DeliveryQuerySet, Event, OwnEvent, Reason
from core.isolation import do_together, resting
from delivery.registry import is_pager
from outbox.models import OutgoingStatus

WINDOW = timedelta(seconds=60)
CALM = timedelta(seconds=10)
GATHER_AT_ONCE = 2000
GATHER = "gather alerts"
IN_DIGEST = "Told in a digest."
_ENDS = {*ENDS, Event.ACKNOWLEDGED}
NO_DATA_EVENTS = (Event.MONITORING_STOPPED, Event.MONITORING_RESUMED)
NO_DATA_CALM, NO_DATA_WINDOW = timedelta(seconds=65), timedelta(minutes=3)
"""Monitors that are checked every minute lose their data within one minute, so one message tells them all."""
NO_DATA_AGAIN = timedelta(minutes=15)
"""Monitors with longer intervals come later. Their message is sent this long after the one before."""


def gather(*, now: datetime) -> int:
    """Decide about the deliveries that were held long enough: send each, merge them, or let them wait.

    Returns the number of deliveries that may be sent now. Safe to run twice.
    """
    due = _held().filter(due_at__lte=now).exclude(channel_id__in=resting(GATHER, "channel"))
    channels = list({row.channel_id: None for row in due.only("channel_id")[:GATHER_AT_ONCE]})
    ready: list[int] = []
    if channels:
        do_together(
            GATHER,
            channels,
            lambda some: ready.append(_gather(set(some), now=now)),
            name=lambda channel: ("channel", channel),
        )
    return sum(ready)


def _held() -> DeliveryQuerySet:
    return Delivery.objects.filter(status=OutgoingStatus.HELD)


def _gather(channels: Collection[int | None], *, now: datetime) -> int:
    with transaction.atomic():
        held = _held()
        asked = Q(channel_id__in={channel for channel in channels if channel})
        asked |= Q(channel_id__isnull=True) if None in channels else Q()
        skip_locked = connection.features.has_select_for_update_skip_locked
        rows = held.filter(asked).select_for_update(skip_locked=skip_locked).order_by("pk")
        by_channel: dict[int | None, list[Delivery]] = defaultdict(list)
        for row in rows[:GATHER_AT_ONCE]:
            by_channel[row.channel_id].append(row)
        pagers = _find_pagers(channels)
        ready = _gather_no_data(by_channel, pagers=pagers, now=now)
        many = _count_recent(by_channel, now=now)
        limits = dict(
            AlertSettings.objects.filter(
                pk__in={rows[0].team_id for rows in by_channel.values() if rows}
            ).values_list("pk", "digest_over")
        )
        for channel, found in by_channel.items():
            if channel in pagers:
                ready += _release_ends([row for row in found if row.event in _ENDS], now=now)
                found = [row for row in found if row.event not in _ENDS]
            if found:
                many_here = channel is not None and many.get(channel, 0) > limits.get(found[0].team_id, 5)
                ready += _decide(found, digest=many_here, now=now)
        return ready


def _find_pagers(channels: Collection[int | None]) -> set[int | None]:
    kinds = Channel.objects.filter(pk__in=[pk for pk in channels if pk]).values_list("pk", "kind")
    return {pk for pk, kind in kinds if is_pager(kind)}


def _gather_no_data(
    by_channel: dict[int | None, list[Delivery]], *, pagers: Collection[int | None], now: datetime
) -> int:
    """Take the no-data events out of ``by_channel``. Merge those that have waited long enough into one
    message a channel and event. Returns the number of messages."""
    ready = 0
    for channel, found in by_channel.items():
        for event in NO_DATA_EVENTS:
            rows = [row for row in found if row.event == event]
            if rows and not (event in _ENDS and channel in pagers):
                by_channel[channel] = found = [row for row in found if row.event != event]
                ready += _merge(rows, event=event, ready_at=_find_turn(rows, now=now), now=now)
    return ready


def _find_turn(rows: Sequence[Delivery], *, now: datetime) -> datetime:
    """When the message for these deliveries, all of one event and one channel, is to be sent."""
    planned, channel_id = [row.planned_at for row in rows], rows[0].channel_id
    told = Delivery.objects.filter(
        Q(channel_id=channel_id) if channel_id else Q(channel_id__isnull=True),
        event=rows[0].event,
        trouble__isnull=True,
        planned_at__gt=now - NO_DATA_AGAIN,
    )
    told_at = told.exclude(status=OutgoingStatus.DROPPED).aggregate(at=Max("planned_at"))["at"]
    calm_at = min(min(planned) + NO_DATA_WINDOW, max(planned) + NO_DATA_CALM)
    return max(calm_at, told_at + NO_DATA_AGAIN) if told_at else calm_at


def _release_ends(rows: Sequence[Delivery], *, now: datetime) -> int:
    """Release the ends that are for pagers; return the number of messages.

    A trouble that was told by itself ends by itself. A trouble that was told in a digest sends nothing,
    unless it is the last of that digest: then the digest ends.
    """
    due = [row for row in rows if row.due_at and row.due_at <= now]
    told = Delivery.objects.filter(
        channel_id__in={row.channel_id for row in due},
        trouble_id__in={row.trouble_id for row in due},
        digest__event__in=[OwnEvent.DIGEST, Event.MONITORING_STOPPED],
    )
    digests: dict[int | None, int | None] = dict(
        told.exclude(event__in=_ENDS).values_list("trouble_id", "digest_id")
    )
    alone = [row.pk for row in due if row.trouble_id not in digests]
    ready = Delivery.objects.filter(pk__in=alone).update(status=OutgoingStatus.PLANNED, due_at=now)
    for digest_id in sorted({found for row in due if (found := digests.get(row.trouble_id))}):
        ends = [row.pk for row in due if digests.get(row.trouble_id) == digest_id]
        Delivery.objects.filter(pk__in=ends).update(
            status=OutgoingStatus.DROPPED,
            due_at=None,
            settled_at=now,
            digest_id=digest_id,
            answer=IN_DIGEST,
            reason=Reason.IN_DIGEST,
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
    """By channel: how many deliveries were planned within the last minute, held ones included."""
    recent = Delivery.objects.filter(
        channel_id__in=[channel for channel in by_channel if channel is not None], planned_at__gt=now - WINDOW
    ).exclude(event__in=OwnEvent.values)
    alone = recent.exclude(event__in=NO_DATA_EVENTS)
    counts = alone.exclude(status=OutgoingStatus.DROPPED, digest__isnull=True).values("channel_id")
    found = {row["channel_id"]: row["count"] for row in counts.annotate(count=Count("pk")).order_by()}
    return {channel: max(found.get(channel, 0), len(rows)) for channel, rows in by_channel.items() if channel}


def _decide(rows: Sequence[Delivery], *, digest: bool, now: datetime) -> int:
    if not digest:
        due = [row.pk for row in rows if row.due_at and row.due_at <= now]
        return Delivery.objects.filter(pk__in=due).update(status=OutgoingStatus.PLANNED, due_at=now)
    ready_at = min(rows[0].planned_at + WINDOW, max(row.planned_at for row in rows) + CALM)
    return _merge(rows, event=OwnEvent.DIGEST, ready_at=ready_at, now=now)


def _merge(rows: Sequence[Delivery], *, event: str, ready_at: datetime, now: datetime) -> int:
    """Merge ``rows`` into one message when ``ready_at`` has come; until then let them wait.

    Returns the number of messages that may be sent now.
    """
    ids = [row.pk for row in rows]
    if now >= ready_at and event == OwnEvent.DIGEST and len(ids) == 1:  # no other came: it is told as itself
        return Delivery.objects.filter(pk__in=ids).update(status=OutgoingStatus.PLANNED, due_at=now)
    if now < ready_at:
        for start in range(0, len(ids), 500):
            Delivery.objects.filter(pk__in=ids[start : start + 500]).update(due_at=ready_at)
        return 0
    first = rows[0]
    digest_row = Delivery.objects.create(
        team_id=first.team_id,
        channel_id=first.channel_id,
        channel_name=first.channel_name,
        event=event,
        key=f"{event}:{first.channel_id}:{first.pk}",
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
            reason=Reason.IN_DIGEST,
        )
    return 1
