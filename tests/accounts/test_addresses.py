"""Accounts at international domains: one spelling, so that letters go where the account's owner is."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core import mail as letters
from django.db import connection

from accounts.addresses import fold_email
from accounts.models import Invitation, User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
ASCII = "ada@xn--strae-oqa.de"


def test_an_account_is_found_in_every_spelling_of_its_domain(api):
    made = api.post("/api/v1/auth/register", {"email": "Ada@Straße.de", "password": PASSWORD})
    assert (made.status_code, User.objects.get().email) == (201, ASCII)

    for spelling in ("ada@straße.de", "ADA@stra\u00dfe.DE", ASCII):
        answer = api.post("/api/v1/auth/token", {"email": spelling, "password": PASSWORD})
        assert answer.status_code == 200
    other = api.post("/api/v1/auth/token", {"email": "ada@strasse.de", "password": PASSWORD})
    assert other.status_code == 401  # by IDNA 2003 it was the same, and got the letters


def test_a_letter_goes_to_the_domain_that_was_meant(api, django_capture_on_commit_callbacks):
    UserFactory.create(email=fold_email("ada@straße.de"))
    with django_capture_on_commit_callbacks(execute=True):
        api.post("/api/v1/auth/password/reset", {"email": "ada@straße.de"})
    assert letters.outbox[0].message()["To"] == ASCII


def test_a_domain_that_cannot_be_is_refused_at_its_field(api, crew, as_user):
    wrong = {"email": "ada@\u05d01\u05d0a.de"}  # from right to left and back
    sentence = {"email": ["This address names no valid domain."]}
    made = api.post("/api/v1/auth/register", {**wrong, "password": PASSWORD})
    assert (made.status_code, made.json()) == (400, sentence)
    asked = as_user(crew["owner"]).post(f"/api/v1/teams/{crew['team'].pk}/invitations/", wrong)
    assert (asked.status_code, asked.json()) == (400, sentence)
    assert not Invitation.objects.exists()


def test_accounts_of_before_are_spelled_anew_unless_both_spellings_are_taken():
    for number, email in enumerate(
        ("ada@straße.de", "bob@bücher.example", "bob@xn--bcher-kva.example", "eve@example.com")
    ):
        made = UserFactory.create(email=f"{number}@example.com")
        User.objects.filter(pk=made.pk).update(email=email)

    migration = import_module("accounts.migrations.0002_international_addresses")
    migration.spell_in_ascii(apps, SimpleNamespace(connection=connection))

    assert set(User.objects.values_list("email", flat=True)) == {
        ASCII,
        "bob@bücher.example",
        "bob@xn--bcher-kva.example",
        "eve@example.com",
    }
