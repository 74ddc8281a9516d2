"""Accounts and their passwords."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts.addresses import fold_email
from accounts.authentication import hash_secret
from accounts.mail import send_later
from accounts.models import Invitation, User
from accounts.services.keys import revoke_keys_of

_TAKEN = "An account with this address exists; log in or reset the password."
_WRONG = "This is not your current password."
_DEAD_LINK = "This link is wrong, was used or has expired; ask for a new one."


def register_user(*, email: str, password: str, name: str = "", now: datetime | None = None) -> User:
    """A new user who owns a personal team. Raises ValidationError for a taken address or a weak password."""
    email = fold_email(email)
    if User.objects.filter(email=email).exists():
        raise ValidationError({"email": [_TAKEN]})
    _require_strong(password, user=User(email=email, name=name), field="password")
    try:
        return User.objects.create_user(email, password, name=name, joined_at=now)
    except IntegrityError:  # somebody registered it between the look and the insert
        raise ValidationError({"email": [_TAKEN]}) from None


def sign_up(*, email: str, password: str, name: str, invitation: str, now: datetime) -> User:
    """``register_user`` for somebody who asks for it himself, where the setting SIGNUP allows it.

    Raises PermissionDenied and ValidationError. The invitation is still to be accepted afterwards.
    """
    if settings.SIGNUP == "closed":
        raise PermissionDenied("Nobody can sign up here; ask an operator for an account.")
    if settings.SIGNUP == "invite":
        invited = Invitation.objects.filter(token_hash=hash_secret(invitation), expires_at__gt=now)
        if not invited.filter(email=fold_email(email), accepted_at__isnull=True).exists():
            raise PermissionDenied(
                "Only invited people can sign up here: send the invitation's token as invitation, "
                "and the address that was invited."
            )
    return register_user(email=email, password=password, name=name, now=now)


def rename_user(user: User, *, name: str) -> User:
    user.name = name
    user.save(update_fields=["name"])
    return user


def change_password(user: User, *, current: str, new: str) -> None:
    """Every session, access and refresh token of the old password dies with it: each carries its hash."""
    if not user.check_password(current):
        raise ValidationError({"current_password": [_WRONG]})
    _require_strong(new, user=user, field="new_password")
    if not _replace_password(user, new):
        raise ValidationError({"current_password": [_WRONG]})


def request_password_reset(email: str) -> None:
    """Send a link if there is such an account; silent either way."""
    user = User.objects.filter(email=fold_email(email), is_active=True).first()
    if user is None:
        return
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    # To the address we know, not the one typed: MariaDB finds é for e, and that may be another mailbox.
    send_later("reset_password", to=user.email, context={"email": user.email, "uid": uid, "token": token})


def confirm_password_reset(*, uid: str, token: str, new: str, now: datetime) -> User:
    """Set the password that the link was made for, and end all API keys of the user; a link works once.

    Raises ValidationError.
    """
    user = _find_by_uid(uid)
    if user is None or not default_token_generator.check_token(user, token):
        raise ValidationError({"token": [_DEAD_LINK]})
    _require_strong(new, user=user, field="new_password")
    with transaction.atomic():
        if not _replace_password(user, new):
            raise ValidationError({"token": [_DEAD_LINK]})
        note_verified(user, now=now)  # the link was read in the mailbox
        revoke_keys_of(user, now=now)  # whoever took the account may have made some
    return user


def note_verified(user: User, *, now: datetime) -> None:
    """The user answered a letter to the address; the first time counts."""
    User.objects.filter(pk=user.pk, email_verified_at__isnull=True).update(email_verified_at=now)


def _find_by_uid(uid: str) -> User | None:
    try:
        pk = int(urlsafe_base64_decode(uid))
    except ValueError:
        return None
    return User.objects.filter(pk=pk, is_active=True).first() if 0 < pk < 2**63 else None


def _replace_password(user: User, new: str) -> bool:
    """False if somebody replaced it since ``user`` was read: of two at once, one wins.

    A conditional update rather than a lock, so that no transaction waits for the slow hash.
    """
    old = user.password
    user.set_password(new)
    with transaction.atomic():
        replaced = User.objects.filter(pk=user.pk, password=old).update(password=user.password)
        if replaced:
            send_later("password_changed", to=user.email, context={"email": user.email})
    return bool(replaced)


def _require_strong(password: str, *, user: User, field: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({field: error.messages}) from error
