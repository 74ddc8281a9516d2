"""How django-allauth does what it does here: whom it takes, which e-mails it sends, who is asking.

The settings name these classes. What counts attempts and reads bodies is ``sentrypulse/sign_in_gate.py``.
"""

import time
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.headless.adapter import DefaultHeadlessAdapter
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils import timezone

from accounts import throttles
from accounts.addresses import read_email
from accounts.email_addresses import ensure_address, note_verified
from accounts.mail import send_later
from accounts.models import User, save_with_team
from accounts.services.users import DEAD_LINK, WRONG_PASSWORD, replace_password
from accounts.sessions import MAX_SESSIONS_A_USER, end_oldest_sessions
from core.client_address import client_address, parse_address
from core.env import SignUp

MAX_PASSWORD_CHARS = 256
RESET = "reset_password"
"""The name of both addresses, the library's and the API's, where a reset link is spent."""
TAKEN = "An account with this address exists; log in or reset the password."


def check_password(password: str, user: User | None) -> None:
    """Raises ``ValidationError`` for a weak one, and for one that is long for no reason."""
    if len(password) > MAX_PASSWORD_CHARS:
        raise ValidationError(f"A password may have {MAX_PASSWORD_CHARS} characters at most.")
    validate_password(password, user)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library has no types here
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_taken": TAKEN,
        "email_password_mismatch": "No active account has this address and password.",
        "enter_current_password": WRONG_PASSWORD,
        "incorrect_password": WRONG_PASSWORD,
        "invalid_password_reset": DEAD_LINK,
        "invalid_or_expired_key": DEAD_LINK,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """True with ``SIGNUP=invite``, too: then the form asks for the invitation."""
        return bool(settings.SIGNUP != SignUp.CLOSED)

    def clean_email(self, email: str) -> str:
        return read_email(email)

    def clean_password(self, password: str, user: User | None = None) -> str:
        check_password(password, user)
        return password

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """The user and the personal team, in one transaction."""
        given = form.cleaned_data
        user.email, user.name = given["email"], given.get("name", "")
        user.set_password(given["password"])
        try:
            save_with_team(user)
        except IntegrityError:  # somebody took the address between the look and the insert
            raise ValidationError({"email": [TAKEN]}) from None
        return user

    def set_password(self, user: User, password: str) -> None:
        """Replace the password of a signed-in user, or by a reset link. A link proves the address, so API
        keys that somebody else may have made in the account end."""
        by_link = self.request.resolver_match.url_name == RESET
        if not replace_password(user, password, by_link=by_link, now=timezone.now()):
            refusal = {"key": [DEAD_LINK]} if by_link else {"current_password": [WRONG_PASSWORD]}
            raise ValidationError(refusal)
        if by_link:
            # Whoever holds the link reads the account's mail: guesses by others keep nobody out who has it.
            throttles.note_login(self.request, user.email, now=time.time())

    def login(self, request: HttpRequest, user: User) -> None:
        end_oldest_sessions(user, keep=MAX_SESSIONS_A_USER - 1)
        super().login(request, user)
        ensure_address(user)
        throttles.note_login(request, user.email, now=time.time())

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        confirmed = bool(super().confirm_email(request, email_address))
        if confirmed:
            note_verified(email_address.user, now=timezone.now())
        return confirmed

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        address = emailconfirmation.email_address.email
        send_later("verify_email", to=address, context={"email": address, "key": emailconfirmation.key})

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Send the link to the address that is stored, and not to the one that was typed: MariaDB finds é for
        e, so the typed one may be another person's."""
        link = {"uid": context["uid"], "token": context["key"]}
        send_later("reset_password", to=user.email, context={"email": user.email, **link})

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The e-mail's template knows where the link leads."""
        return ""

    def unstash_verified_email(self, request: HttpRequest) -> str | None:
        """None is ever put there. The library's own writes a session, also for a program that signs up."""
        return None

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Nobody shows Django's messages but the admin; they would be a cookie of the API's answers."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address for the list of sessions. The peer of a Unix socket has none."""
        return parse_address(client_address(request)) or "0.0.0.0"  # noqa: S104  # shown, not bound


class HeadlessAdapter(DefaultHeadlessAdapter):  # type: ignore[misc]  # the library has no types here
    def populate_response_meta(self, request: HttpRequest, meta: dict[str, Any]) -> None:
        """An app on another origin cannot read our cookie."""
        meta["csrf_token"] = get_token(request)
