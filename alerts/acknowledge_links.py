"""Acknowledging from the message itself: a link that is signed, expires, and works once.

A GET shows a page with a button and changes nothing, because mail scanners follow links.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from accounts.models import Membership, User
from alerts.models import Delivery
from incidents import services
from incidents.models import Incident, IncidentStatus
from incidents.reconcile import IncidentChange, IncidentEvent

GOOD_FOR = timedelta(days=7)
_SALT = "alerts.acknowledge"


class LinkInvalid(Exception):
    """Why the link does nothing; a sentence."""


def incident_link(incident: Incident | None) -> str:
    """Where to read more of an incident; None: of all."""
    return f"{settings.PUBLIC_URL}/api/v1/incidents/" + (f"{incident.pk}/" if incident else "")


def acknowledge_link(row: Delivery) -> str:
    """To be put into the message of ``row``, which has a primary key and an incident."""
    token = signing.dumps(row.pk, salt=_SALT)
    return settings.PUBLIC_URL + reverse("acknowledge", args=[token])


def read_link(token: str) -> Delivery:
    """The delivery that the link came with. Raises ``LinkInvalid``."""
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
    """Acknowledge the incident in the name of whom the message went to; None when somebody did already.

    Raises ``LinkInvalid`` when the link was used, or the incident is over. To be called in a transaction.
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
    """The member who alone could read the message; None for a channel that several read."""
    config = row.channel.config if row.channel and row.channel.kind == "email" else {}
    addresses = [str(address).lower() for address in config.get("to", [])]
    if row.channel is None or row.channel.kind != "email":
        return None
    members = Membership.objects.filter(team_id=row.team_id).select_related("user")
    if row.channel.to_owners:
        addresses += [m.user.email for m in members if m.role in {"owner", "admin"}]
    found = [member.user for member in members if member.user.email in set(addresses)]
    return found[0] if len(found) == 1 and len(set(addresses)) == 1 else None
