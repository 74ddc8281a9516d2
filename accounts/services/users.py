"""Accounts and their passwords. Signing up and resetting are django-allauth's (``account_adapter.py``)."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts.addresses import fold_email
from accounts.authentication import hash_secret
from accounts.email_addresses import note_verified
from accounts.mail import send_later
from accounts.models import Invitation, User
from accounts.services.keys import revoke_keys_of
from core.env import SignUp

WRONG_PASSWORD = "This is not your current password."  # noqa: S105  # a sentence
DEAD_LINK = "This link is wrong, was used or has expired; ask for a new one."


def require_open_for(email: str, *, invitation: str, now: datetime) -> None:
    """Return if the setting SIGNUP lets ``email`` sign up, by itself or with an invitation's token.

    Raises PermissionDenied. The invitation is still to be accepted afterwards.
    """
    if settings.SIGNUP == SignUp.CLOSED:
        raise PermissionDenied("Nobody can sign up here; ask an operator for an account.")
    if settings.SIGNUP == SignUp.INVITE:
        invited = Invitation.objects.filter(token_hash=hash_secret(invitation), expires_at__gt=now)
        if not invited.filter(email=fold_email(email), accepted_at__isnull=True).exists():
            raise PermissionDenied(
                "Only invited people can sign up here: send the invitation's token as invitation, "
                "and the address that was invited."
            )


def rename_user(user: User, *, name: str) -> User:
    user.name = name
    user.save(update_fields=["name"])
    return user


def change_password(user: User, *, current: str, new: str, now: datetime) -> None:
    """Every session, access and refresh token of the old password dies with it: each carries its hash."""
    if not user.check_password(current):
        raise ValidationError({"current_password": [WRONG_PASSWORD]})
    try:
        validate_password(new, user)
    except ValidationError as error:
        raise ValidationError({"new_password": error.messages}) from error
    if not replace_password(user, new, by_link=False, now=now):
        raise ValidationError({"current_password": [WRONG_PASSWORD]})


def replace_password(user: User, new: str, *, by_link: bool, now: datetime) -> bool:
    """False when somebody else replaced the password after ``user`` was read, so that only one of two changes
    at once succeeds.

    A person with a link has read it in the mailbox. So the address is verified, and all API keys of the user
    end, because somebody who took the account may have made some. The password is replaced by a conditional
    update and not under a lock, so that no transaction waits for the slow hash.
    """
    old = user.password
    user.set_password(new)
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, password=old, is_active=True).update(password=user.password):
            return False
        if by_link:
            note_verified(user, now=now)
            revoke_keys_of(user, now=now)
        send_later("password_changed", to=user.email, context={"email": user.email})
    return True
