"""An administrator is made of somebody who is registered."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User

pytestmark = pytest.mark.django_db


def test_a_registered_user_becomes_an_administrator_and_can_be_made_none(capsys):
    User.objects.create_user(email="me@example.com", password="correct horse battery")
    call_command("administrator", "ME@example.com")
    assert User.objects.filter(is_staff=True, is_superuser=True).count() == 1
    call_command("administrator", "me@example.com", revoke=True)
    assert User.objects.filter(is_staff=True).count() == 0


def test_a_stranger_is_told_to_register():
    with pytest.raises(CommandError, match="register first"):
        call_command("administrator", "nobody@example.com")
