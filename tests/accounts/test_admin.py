"""What operators see of accounts, and what they do not."""

import pytest
from django.contrib import admin
from django.test import Client

from accounts.models import ApiKey, Invitation, Membership, Role, Team, User
from tests.factories import PASSWORD, ApiKeyFactory, InvitationFactory, UserFactory

pytestmark = pytest.mark.django_db
MODELS = [User, Team, Membership, Invitation, ApiKey]


@pytest.fixture
def operator():
    return UserFactory.create(email="op@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def browser(operator):
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def rows():
    key = ApiKeyFactory.create(user__email="ada@example.com", team__name="Crew")
    return {
        "user": key.user,
        "team": key.team,
        "membership": Membership.objects.get(team=key.team),
        "invitation": InvitationFactory.create(email="ada@example.com", team=key.team),
        "apikey": key,
    }


@pytest.mark.parametrize("model", MODELS)
def test_every_model_can_be_listed_searched_filtered_and_opened(browser, rows, model):
    name = model._meta.model_name
    row = rows[name]

    found = browser.get(f"/admin/accounts/{name}/?q=ada@example.com")
    missed = browser.get(f"/admin/accounts/{name}/?q=nobody@example.com")
    opened = browser.get(f"/admin/accounts/{name}/{row.pk}/change/")

    assert row in found.context["cl"].result_list
    assert list(missed.context["cl"].result_list) == []
    assert opened.status_code == 200
    assert admin.site.get_model_admin(model).list_filter


@pytest.mark.parametrize(("name", "secret"), [("invitation", "token_hash"), ("apikey", "secret_hash")])
def test_hashes_are_not_shown(browser, rows, name, secret):
    row = rows[name]

    page = browser.get(f"/admin/accounts/{name}/{row.pk}/change/").content.decode()

    assert getattr(row, secret) not in page
    assert str(row) in page


@pytest.mark.parametrize("name", ["invitation", "apikey"])
def test_invitations_and_keys_are_not_made_or_edited_there(browser, rows, name):
    assert browser.get(f"/admin/accounts/{name}/add/").status_code == 403
    assert browser.post(f"/admin/accounts/{name}/{rows[name].pk}/change/", {}).status_code == 403


def test_a_user_added_there_has_a_lower_case_address_and_a_personal_team(browser):
    form = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD, "name": "Ada"}

    answer = browser.post("/admin/accounts/user/add/", {"email": "Ada@Example.com", **form})

    user = User.objects.get(email="ada@example.com")
    assert answer["Location"] == f"/admin/accounts/user/{user.pk}/change/"
    assert (user.check_password(PASSWORD), user.personal_team.name) == (True, "Ada's team")
    assert Membership.objects.get(user=user).role == Role.OWNER


def test_an_address_that_is_taken_in_another_case_is_refused(browser, rows):
    form = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}

    page = browser.post("/admin/accounts/user/add/", {"email": "ADA@example.com", **form})

    assert page.context["adminform"].errors == {"email": ["User with this Email already exists."]}
    assert User.objects.filter(email__iexact="ada@example.com").count() == 1


def test_keys_are_revoked_together(browser, rows):
    other, untouched = ApiKeyFactory.create(), ApiKeyFactory.create()
    chosen = [rows["apikey"].pk, other.pk]

    browser.post("/admin/accounts/apikey/", {"action": "revoke", "_selected_action": chosen})

    assert list(ApiKey.objects.filter(revoked_at__isnull=True)) == [untouched]


def test_staff_without_the_right_to_revoke_do_not_see_the_action(rows):
    from django.contrib.auth.models import Permission

    viewer = UserFactory.create(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_apikey"))
    browser = Client()
    browser.force_login(viewer)

    browser.post("/admin/accounts/apikey/", {"action": "revoke", "_selected_action": [rows["apikey"].pk]})

    assert browser.get("/admin/accounts/apikey/").status_code == 200
    assert ApiKey.objects.get().revoked_at is None


def test_guessing_at_the_admin_s_log_in_is_throttled(operator, settings, time_machine):
    time_machine.move_to("2026-01-01T12:00:10Z", tick=False)
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "login_account_address": "2/minute"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    browser = Client()

    def log_in(password):
        page = browser.post("/admin/login/", {"username": "OP@example.com", "password": password})
        return page.context and page.context["form"].non_field_errors()

    assert log_in("wrong")[0].startswith("Please enter the correct email and password")
    assert log_in(PASSWORD) is None  # and the failure before it is forgotten
    browser.logout()
    log_in("wrong")
    log_in("wrong")
    assert log_in(PASSWORD) == ["Too many attempts. Try again in 51 seconds."]
    assert "_auth_user_id" not in browser.session
