"""The link in an alert that acknowledges its incident. It is signed, expires after ``GOOD_FOR``, and works
once.

A GET of the link shows a page with a button and changes nothing, because mail scanners follow links.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from accounts.models import Membership, Role, User
from alerts.models import Delivery
from delivery.registry import EMAIL
from incidents import services
from incidents.models import Incident, IncidentStatus
from incidents.reconcile import IncidentChange, IncidentEvent

GOOD_FOR = timedelta(days=7)
_SALT = "alerts.acknowledge"


class LinkInvalid(Exception):
    """The link cannot be used. The text is a sentence that says why."""


def incident_link(incident: Incident | None) -> str:
    """Where the app shows an incident; None: all of them."""
    return f"{settings.APP_URL}/incidents" + (f"/{incident.pk}" if incident else "")


def monitor_link(monitor_id: int) -> str:
    """Where the app shows a monitor."""
    return f"{settings.APP_URL}/monitors/{monitor_id}"


def acknowledge_link(row: Delivery) -> str:
    """The link for the message of ``row``. ``row`` must be saved, and must have an incident."""
    token = signing.dumps(row.pk, salt=_SALT)
    return settings.PUBLIC_URL + reverse("acknowledge", args=[token])


def read_acknowledge_link(token: str) -> Delivery:
    """The delivery whose message held the link. Raises ``LinkInvalid``."""
    try:
        pk = signing.loads(token, salt=_SALT, max_age=GOOD_FOR)
    except signing.SignatureExpired:
        raise LinkInvalid("This link has expired. Acknowledge in SentryPulse instead.") from None
    except signing.BadSignature:
        raise LinkInvalid("This link is not one of ours, or was cut off. Use the whole link.") from None
    row = Delivery.objects.select_related("trouble__incident", "channel", "team").filter(pk=pk).first()
    if row is None or row.trouble is None or row.trouble.incident is None:
        raise LinkInvalid("The incident of this link was deleted.")
    return row


def use_link(row: Delivery, *, now: datetime) -> IncidentEvent | None:
    """Acknowledge the incident in the name of the person or channel that got the message.

    Returns None when somebody has acknowledged the incident before. Raises ``LinkInvalid`` when the link was
    used before, or the incident is over. Call it in the transaction that passes the event on.
    """
    with transaction.atomic():
        if not Delivery.objects.filter(pk=row.pk, acknowledged_at__isnull=True).update(acknowledged_at=now):
            raise LinkInvalid("This link was used already.")
        assert row.trouble is not None  # noqa: S101  # read_link saw to it
        assert row.trouble.incident is not None  # noqa: S101
        incident = Incident.objects.select_for_update().get(pk=row.trouble.incident.pk)
        if incident.status == IncidentStatus.RESOLVED:
            raise LinkInvalid("This incident is over; there is nothing to acknowledge.")
        if incident.acknowledged_at is not None:
            return None
        person = find_reader(row)
        said_by = person.name or person.email if person else row.channel_name or "the owners"
        acknowledged = services.acknowledge(
            incident, author=person, now=now, text=f"Acknowledged by {said_by}, from the alert."
        )
    return IncidentEvent(IncidentChange.ACKNOWLEDGED, acknowledged)


def find_reader(row: Delivery) -> User | None:
    """The member to whose address alone the message went. None when several people could read it."""
    config = row.channel.config if row.channel and row.channel.kind == EMAIL else {}
    addresses = [str(address).lower() for address in config.get("to", [])]
    if row.channel is None or row.channel.kind != EMAIL:
        return None
    members = Membership.objects.filter(team_id=row.team_id).select_related("user")
    if row.channel.to_owners:
        addresses += [m.user.email for m in members if m.role in {Role.OWNER, Role.ADMIN}]
    found = [member.user for member in members if member.user.email in set(addresses)]
    return found[0] if len(found) == 1 and len(set(addresses)) == 1 else None
