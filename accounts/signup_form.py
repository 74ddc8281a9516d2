"""What signing up asks for beside address and password. django-allauth makes its forms of this one."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import RegexValidator
from django.http import HttpRequest
from django.utils import timezone

from accounts.account_adapter import check_password
from accounts.models import User
from accounts.services.users import require_open_for
from core.env import SignUp
from core.values import CONTROL_CHARACTERS

_ONE_LINE = RegexValidator(
    CONTROL_CHARACTERS, "Write this on one line, without control characters.", inverse_match=True
)


class SignupForm(forms.Form):
    """Set by ``ACCOUNT_SIGNUP_FORM_CLASS``."""

    name = forms.CharField(max_length=100, required=False, validators=[_ONE_LINE])
    invitation = forms.CharField(max_length=100, required=False, validators=[_ONE_LINE])

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        email, password = given.get("email"), given.get("password")
        if email:
            self._require_open(email, given.get("invitation", ""))
        if email and password:
            try:  # again, beside the name and the address: the library looked at the password alone
                check_password(password, User(email=email, name=given.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return given

    def _require_open(self, email: str, invitation: str) -> None:
        try:
            require_open_for(email, invitation=invitation, now=timezone.now())
        except PermissionDenied as refusal:
            field = "invitation" if settings.SIGNUP == SignUp.INVITE else None
            self.add_error(field, ValidationError(str(refusal), code="not_invited"))

    def signup(self, request: HttpRequest, user: User) -> None:
        """The library asks for this method; the adapter has done all there is to do."""
