"""Lets django-allauth's forms do what programs ask at the API's own addresses: sign up and reset a password.

So there is one sign-up and one reset for everybody. The forms belong to the library's headless API and are
not promised to others. They are as in django-allauth 65.22; ``core.library_checks`` warns when another minor
version is installed. Then read ``allauth/headless/account/inputs.py`` and ``views.py``, and run
``tests/accounts``.
"""

from typing import Any

from allauth.account.internal.flows import password_reset
from allauth.headless.account.inputs import (
    ChangePasswordInput,
    LoginInput,
    RequestPasswordResetInput,
    ResetPasswordInput,
    ResetPasswordKeyInput,
    SignupInput,
)
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, RegexValidator
from django.forms import Field, Form
from django.http import HttpRequest
from django.utils import timezone

from accounts.account_adapter import MAX_PASSWORD_CHARS
from accounts.models import User
from accounts.services.users import DEAD_LINK, require_open_for

_PASSWORDS = {
    LoginInput: ["password"],
    SignupInput: ["password"],
    ResetPasswordInput: ["password"],
    ChangePasswordInput: ["current_password", "new_password"],
}


def mend_fields() -> None:
    """Mend the library's forms, which strip passwords of spaces and fail when a reset key names no user.

    Safe to call twice. The validators that Django gave a field (against NUL) stay, and one is added.
    """
    for form, names in _PASSWORDS.items():
        for name in names:
            form.base_fields[name].strip = False
            _add_rule(form.base_fields[name], MaxLengthValidator(MAX_PASSWORD_CHARS))
    for form in (ResetPasswordKeyInput, ResetPasswordInput):
        _add_rule(form.base_fields["key"], RegexValidator(r"\A[0-9a-z]{1,13}-[0-9a-z-]+\Z", DEAD_LINK))


def _add_rule(field: Field, rule: Any) -> None:
    field.validators = [*field.validators[:1], rule]


def sign_up(request: HttpRequest, *, email: str, password: str, name: str, invitation: str) -> User:
    """Make a user with a personal team, and send a link to verify the address. Does not sign the user in.

    Raises ``PermissionDenied`` where ``SIGNUP`` does not allow it, and ``ValidationError`` by field. The
    invitation is not accepted yet.
    """
    require_open_for(email, invitation=invitation, now=timezone.now())
    given = {"email": email, "password": password, "name": name, "invitation": invitation}
    form = _validate(SignupInput(given))
    user: User = form.save(request)
    user.emailaddress_set.get().send_confirmation(request, signup=True)  # type: ignore[attr-defined]  # by the library
    return user


def request_password_reset(request: HttpRequest, *, email: str) -> None:
    """Send a link if there is such an account; silent either way."""
    _validate(RequestPasswordResetInput({"email": email})).save(request)


def reset_password(request: HttpRequest, *, uid: str, token: str, new: str) -> User:
    """Set the password that the link was made for; a link works once. Raises ``ValidationError``."""
    try:
        form = _validate(ResetPasswordInput({"key": f"{uid}-{token}", "password": new}))
        password_reset.reset_password(form.user, new)
    except ValidationError as error:
        names = {"key": "token", "password": "new_password"}
        raise ValidationError(
            {names.get(name, name): why for name, why in error.message_dict.items()}
        ) from None
    password_reset.finalize_password_reset(request, form.user)
    user: User = form.user
    return user


def _validate(form: Form) -> Any:
    """The form, whose faults are raised by field."""
    if not form.is_valid():
        raise ValidationError({name: list(why) for name, why in form.errors.items()})
    return form
