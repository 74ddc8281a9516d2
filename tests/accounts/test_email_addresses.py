"""The library's row of an address follows the user's, whoever changes that."""

from importlib import import_module

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.test import Client

from accounts.email_addresses import note_verified, sync_address
from accounts.models import User
from tests.factories import NOW, PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
migration = import_module("accounts.migrations.0007_email_address_rows")


def rows():
    return list(EmailAddress.objects.order_by("pk").values_list("email", "primary", "verified"))


def test_the_migration_makes_the_row_of_each_user_once(monkeypatch):
    monkeypatch.setattr(migration, "BATCH", 2)
    UserFactory.create(email="a@example.com")
    UserFactory.create(email="b@example.com", email_verified_at=None)
    sync_address(UserFactory.create(email="c@example.com"))

    for _ in range(2):
        migration.make_rows(apps, None)

    assert sorted(rows()) == [
        ("a@example.com", True, True),
        ("b@example.com", True, False),
        ("c@example.com", True, True),
    ]


def test_an_address_is_verified_once_and_at_the_first_time():
    user = UserFactory.create(email="ada@example.com", email_verified_at=None)
    sync_address(user)

    note_verified(user, now=NOW)
    note_verified(user, now=NOW.replace(year=2030))

    assert rows() == [("ada@example.com", True, True)]
    assert User.objects.get().email_verified_at == NOW


def test_an_address_that_an_operator_changes_is_the_only_one_from_then_on():
    operator = UserFactory.create(is_staff=True, is_superuser=True)
    ada = UserFactory.create(email="ada@example.com", name="Ada")
    sync_address(ada)
    browser = Client()
    browser.force_login(operator)

    form = {"email": "countess@example.com", "name": "Ada", "is_active": "on"}
    forms = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    answer = browser.post(f"/admin/accounts/user/{ada.pk}/change/", form | forms)

    assert answer.status_code == 302
    assert rows() == [("countess@example.com", True, True)]
    codes = [
        Client()
        .post(
            "/_allauth/browser/v1/auth/login",
            {"email": email, "password": PASSWORD},
            content_type="application/json",
        )
        .status_code
        for email in ("ada@example.com", "countess@example.com")
    ]
    assert codes == [400, 200]
