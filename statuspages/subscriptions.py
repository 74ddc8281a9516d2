"""Subscriptions to a page's posts: confirmed by a link (double opt-in), ended by one click.

The token of a link is random. It is stored twice: as a hash, to find it, and encrypted, to send it again.
"""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q

from accounts.authentication import hash_secret
from core.errors import RuleViolation
from core.field_encryption import seal, unseal
from core.hosts import spell_host
from core.retention import GONE, NOTICES, UNCONFIRMED
from delivery.addresses import spell_mail
from delivery.config import ConfigError, check_config
from delivery.signing import make_secret
from statuspages.models import Component, Notice, NoticePurpose, StatusPage, Subscriber, SubscriberKind

CONFIRM_WITHIN = timedelta(days=3)
MAX_SUBSCRIBERS = 50_000


def clean_address(kind: str, text: str) -> str:
    """The address in the spelling that is stored. Raises ``ValidationError`` with one sentence."""
    text = text.strip()
    try:
        text = spell_mail(text) if kind == SubscriberKind.EMAIL else spell_host(text)
    except ValueError:
        raise ValidationError("The address names no valid domain.") from None
    if len(text) > 500 or not text.isprintable():
        raise ValidationError("An address has at most 500 characters, on one line.")
    if kind == SubscriberKind.EMAIL:
        validate_email(text)
        return text
    try:
        parts = urlsplit(text)
        right = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        check_config("webhook", {"url": text})
    except (ValueError, ConfigError):
        right = False
    if not right or parts.username or parts.password or " " in text:
        raise ValidationError(
            "Give a URL such as https://example.com/hook, without a user or password in it."
        )
    return text


def hash_address(kind: str, address: str) -> str:
    """The hash by which addresses are compared. Upper and lower case are the same in e-mail addresses."""
    folded = address.lower() if kind == SubscriberKind.EMAIL else address
    return hashlib.sha256(folded.encode()).hexdigest()


@transaction.atomic
def ask_to_confirm(
    page: StatusPage, *, kind: str, address: str, now: datetime, components: Collection[int] = ()
) -> Subscriber:
    """Send a message with a link that confirms the subscription. Until it is confirmed, nothing else is sent.

    A known address gets the same message, so that nobody learns whether it is known; its new choice of
    components counts after the link is used. ``address`` must come from ``clean_address``. Raises
    ``RuleViolation`` when the page has ``MAX_SUBSCRIBERS``.
    """
    hashed = hash_address(kind, address)
    subscriber = (
        Subscriber.objects.select_for_update().filter(page=page, kind=kind, address_hash=hashed).first()
    )
    if subscriber is None:
        if page.subscribers.count() >= MAX_SUBSCRIBERS:
            raise RuleViolation("This page takes no more subscribers.")
        subscriber = Subscriber(page=page, kind=kind, address=address, address_hash=hashed)
        subscriber.secrets = seal({"unsubscribe": secrets.token_urlsafe(24), "signing": make_secret()})
        subscriber.unsubscribe_hash = hash_secret(unseal(subscriber.secrets)["unsubscribe"])
    token = secrets.token_urlsafe(24)
    subscriber.secrets = seal(unseal(subscriber.secrets) | {"confirm": token})
    subscriber.confirm_hash, subscriber.confirm_until = hash_secret(token), now + CONFIRM_WITHIN
    subscriber.wanted = sorted(components)
    subscriber.save()
    Notice.objects.create(
        key=f"statuspages:{subscriber.pk}:confirm:{subscriber.confirm_hash[:32]}",
        subscriber=subscriber,
        purpose=NoticePurpose.CONFIRM,
        planned_at=now,
        due_at=now,
    )
    return subscriber


def renew_secrets(subscriber: Subscriber, *, now: datetime) -> None:
    """Make new secrets for a subscriber whose old ones cannot be decrypted. An e-mail subscriber gets a new
    link to unsubscribe. A webhook is switched off, because its receiver knows only the old signing secret."""
    token = secrets.token_urlsafe(24)
    subscriber.secrets = seal({"unsubscribe": token, "signing": make_secret()})
    subscriber.unsubscribe_hash = hash_secret(token)
    subscriber.confirm_hash = subscriber.confirm_until = None
    subscriber.save(update_fields=["secrets", "unsubscribe_hash", "confirm_hash", "confirm_until"])
    if subscriber.kind != SubscriberKind.EMAIL:
        switch_off([subscriber.pk], reason="Its secret could not be read any more.", now=now)


def find_asked(token: str, *, now: datetime) -> Subscriber | None:
    """The subscriber of a link that confirms; None when the link is wrong, used or too old."""
    found = Subscriber.objects.filter(confirm_hash=hash_secret(token), confirm_until__gt=now)
    return found.select_related("page").first()


def find_subscriber(token: str) -> Subscriber | None:
    """The subscriber of a link that unsubscribes, or None. The link never expires."""
    found = Subscriber.objects.filter(unsubscribe_hash=hash_secret(token))
    return found.select_related("page").first()


@transaction.atomic
def confirm(token: str, *, now: datetime) -> Subscriber | None:
    """Confirm the subscription: from now on the subscriber is told. None when the link is wrong, used or too
    old."""
    asked = Subscriber.objects.select_for_update().filter(
        confirm_hash=hash_secret(token), confirm_until__gt=now
    )
    subscriber = asked.first()
    if subscriber is None:
        return None
    subscriber.confirm_hash = subscriber.confirm_until = subscriber.unsubscribed_at = None
    subscriber.confirmed_at, subscriber.off_reason = now, ""
    subscriber.all_components = not subscriber.wanted
    subscriber.save()
    wanted = Component.objects.filter(page=subscriber.page_id, pk__in=subscriber.wanted)
    subscriber.components.set(wanted)
    return subscriber


def unsubscribe(token: str, *, now: datetime) -> bool:
    """End the subscription. Safe to call twice. False when the link is wrong."""
    found = Subscriber.objects.filter(unsubscribe_hash=hash_secret(token))
    found.filter(unsubscribed_at__isnull=True).update(unsubscribed_at=now, confirm_hash=None)
    return found.exists()


def switch_off(subscriber_ids: Collection[int], *, reason: str, now: datetime) -> None:
    """End the subscriptions of addresses that are refused for good. ``reason`` is shown to the team."""
    told = Subscriber.objects.filter(pk__in=list(subscriber_ids), unsubscribed_at__isnull=True)
    told.update(unsubscribed_at=now, off_reason=reason[:300])


def purge_subscribers(*, now: datetime, most: int = 1000) -> int:
    """Delete subscribers who never confirmed, or who left more than ``GONE`` ago, with their
    notices; return the number of subscribers. Also delete notices that were settled more than
    ``NOTICES`` ago. At most ``most`` of each in one call."""
    old = Notice.objects.filter(settled_at__lt=now - NOTICES).order_by("pk")
    Notice.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:most])).delete()
    never = Q(confirmed_at__isnull=True, created_at__lt=now - UNCONFIRMED)
    gone = Q(unsubscribed_at__lt=now - GONE)
    waiting = Q(confirm_until__gt=now)
    leaving = Subscriber.objects.filter(never | gone).exclude(waiting)
    ids = list(leaving.values_list("pk", flat=True)[:most])
    Subscriber.objects.filter(pk__in=ids).delete()
    return len(ids)
