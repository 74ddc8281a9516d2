"""Accounts and their passwords."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts.mail import send_later
from accounts.models import User

_TAKEN = "An account with this address exists; log in or reset the password."
_WRONG = "This is not your current password."
_DEAD_LINK = "This link is wrong, was used or has expired; ask for a new one."


def register_user(*, email: str, password: str, name: str = "", now: datetime | None = None) -> User:
    """A new user who owns a personal team. Raises ValidationError for a taken address or a weak password."""
    email = email.strip().lower()
    if User.objects.filter(email=email).exists():
        raise ValidationError({"email": [_TAKEN]})
    _require_strong(password, user=User(email=email, name=name), field="password")
    try:
        return User.objects.create_user(email, password, name=name, joined_at=now)
    except IntegrityError:  # somebody registered it between the look and the insert
        raise ValidationError({"email": [_TAKEN]}) from None


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
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None:
        return
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    # To the address we know, not the one typed: MariaDB finds é for e, and that may be another mailbox.
    send_later("reset_password", to=user.email, context={"email": user.email, "uid": uid, "token": token})


def confirm_password_reset(*, uid: str, token: str, new: str) -> User:
    """Set the password that the link was made for; a link works once. Raises ValidationError."""
    user = _find_by_uid(uid)
    if user is None or not default_token_generator.check_token(user, token):
        raise ValidationError({"token": [_DEAD_LINK]})
    _require_strong(new, user=user, field="new_password")
    if not _replace_password(user, new):
        raise ValidationError({"token": [_DEAD_LINK]})
    return user


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
