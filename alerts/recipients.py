"""Who gets alerts by e-mail: verified members of the team, and addresses that agreed. Strangers get none.

An address that is new to a team gets one e-mail with a link. The page behind that link asks for yes or no.
Before a yes, no alert goes to the address.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.email_addresses import note_verified
from accounts.mail import send_later
from accounts.models import Membership, User
from alerts.models import Channel, Consent, Recipient
from delivery.registry import EMAIL

ASK_AGAIN_AFTER = timedelta(days=1)
GOOD_FOR = timedelta(days=30)
_SALT = "alerts.recipients"


class ConsentLinkInvalid(Exception):
    """The link cannot be used. The text is a sentence that says why."""


def read_agreed(team_ids: Collection[int]) -> Mapping[int, set[str]]:
    """By id of the team: the addresses that get its alerts, in lower case. Two statements."""
    agreed: dict[int, set[str]] = {team_id: set() for team_id in team_ids}
    members = Membership.objects.filter(
        team_id__in=team_ids, user__is_active=True, user__email_verified_at__isnull=False
    )
    for team_id, address in members.values_list("team_id", "user__email"):
        agreed[team_id].add(address.lower())
    recipients = Recipient.objects.filter(team_id__in=team_ids, consent=Consent.AGREED)
    for team_id, address in recipients.values_list("team_id", "address"):
        agreed[team_id].add(address)
    return agreed


def read_declined(team_ids: Collection[int]) -> Mapping[int, set[str]]:
    """By id of the team: the addresses that declined its alerts, in lower case. One statement."""
    declined: dict[int, set[str]] = {team_id: set() for team_id in team_ids}
    recipients = Recipient.objects.filter(team_id__in=team_ids, consent=Consent.DECLINED)
    for team_id, address in recipients.values_list("team_id", "address"):
        declined[team_id].add(address)
    return declined


def list_unasked(addresses: Iterable[str], agreed: Collection[str]) -> list[str]:
    """The addresses that are not in ``agreed`` (in lower case), so get no alerts."""
    return [address for address in addresses if address.lower() not in agreed]


def read_waiting(channels: Iterable[Channel]) -> dict[int, list[str]]:
    """By id of the e-mail channel: its addresses that have not agreed. Two statements."""
    by_email = [channel for channel in channels if channel.kind == EMAIL]
    agreed = read_agreed({channel.team_id for channel in by_email})
    return {
        channel.pk: list_unasked(channel.config.get("to", []), agreed[channel.team_id])
        for channel in by_email
    }


def ask_new(channel: Channel, *, now: datetime) -> None:
    """Send the question to each address of the channel that has not answered; to one address at most once a
    day.

    Call it in the transaction that saves the channel. Raises ``ValidationError`` when the team has entered
    more new addresses within a day than ``RECIPIENTS_A_DAY``.
    """
    if channel.kind != EMAIL:
        return
    agreed = read_agreed([channel.team_id])[channel.team_id]
    waiting = [address.lower() for address in list_unasked(channel.config.get("to", []), agreed)]
    known = {r.address: r for r in Recipient.objects.filter(team=channel.team_id, address__in=waiting)}
    new = [address for address in dict.fromkeys(waiting) if address not in known]
    _require_room(channel.team_id, len(new), now=now)
    for address in new:
        try:
            with transaction.atomic():
                recipient = Recipient.objects.create(
                    team_id=channel.team_id, address=address, added_at=now, asked_at=now
                )
        except IntegrityError:
            continue  # another request was first and sends the question
        _send_question(recipient, channel)
    for recipient in known.values():
        due = recipient.asked_at <= now - ASK_AGAIN_AFTER and recipient.consent == Consent.ASKED
        same = Recipient.objects.filter(pk=recipient.pk, asked_at=recipient.asked_at)
        if due and same.update(asked_at=now):
            _send_question(recipient, channel)


def _require_room(team_id: int, count: int, *, now: datetime) -> None:
    today = Recipient.objects.filter(team_id=team_id, added_at__gt=now - timedelta(days=1)).count()
    if count and today + count > settings.RECIPIENTS_A_DAY:
        raise ValidationError(
            {
                "config.to": f"A team may enter {settings.RECIPIENTS_A_DAY} new addresses within a day, each "
                f"of which is asked first; {today} were entered already. Invite people as members, or wait."
            }
        )


def _send_question(recipient: Recipient, channel: Channel) -> None:
    link = settings.PUBLIC_URL + reverse("recipient", args=[signing.dumps(recipient.pk, salt=_SALT)])
    send_later("recipient", to=recipient.address, context={"team": channel.team.name[:60], "link": link})


def read_consent_link(token: str) -> Recipient:
    """The recipient to whom the link was sent. Raises ``ConsentLinkInvalid``."""
    try:
        pk = signing.loads(token, salt=_SALT, max_age=GOOD_FOR)
    except signing.SignatureExpired:
        raise ConsentLinkInvalid("This link has expired. Ask the team to enter your address again.") from None
    except signing.BadSignature:
        raise ConsentLinkInvalid(
            "This link is not one of ours, or was cut off. Use the whole link."
        ) from None
    recipient = Recipient.objects.select_related("team").filter(pk=pk).first()
    if recipient is None:
        raise ConsentLinkInvalid("The team of this link was deleted; you get nothing from it.")
    return recipient


@transaction.atomic
def decide(recipient: Recipient, *, agrees: bool, now: datetime) -> None:
    """Store the answer. The same link may change it later."""
    recipient.consent, recipient.decided_at = Consent.AGREED if agrees else Consent.DECLINED, now
    recipient.save(update_fields=["consent", "decided_at"])
    if user := User.objects.filter(email=recipient.address, is_active=True).first():
        note_verified(user, now=now)  # who opened the link reads the mail of this address
