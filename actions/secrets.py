"""What an operator can do about stored secrets."""

from datetime import datetime

from django.db import transaction

from actions import monitors
from alerts.models import Channel
from monitors.models import Monitor
from pipeline.fanout import look_again
from pipeline.health.encryption_key import find_unreadable
from statuspages.models import Subscriber
from statuspages.subscriptions import renew_secrets


@transaction.atomic
def forget_unreadable(*, now: datetime) -> dict[str, list[int]]:
    """Delete the secrets that no key of ours opens: pause their monitors, disable their channels, give
    subscribers new secrets. Returns the ids of what was changed, by what they are."""
    locked = find_unreadable()
    unreadable = Monitor.objects.filter(pk__in=locked["monitor"])
    monitors.pause(unreadable, now=now)
    unreadable.update(secrets="")
    channels = Channel.objects.filter(pk__in=locked["channel"])
    channels.update(
        secrets="",
        enabled=False,
        disabled_reason="Its secrets could not be opened any more. Type them in again.",
    )
    look_again(set(channels.values_list("team_id", flat=True)))
    for subscriber in Subscriber.objects.filter(pk__in=locked["subscriber"]):
        renew_secrets(subscriber, now=now)
    return {noun: pks for noun, pks in locked.items() if pks}
