"""Who may sign up, and which keys end with whom they belonged to."""

from datetime import timedelta

import pytest
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils import timezone

from accounts import services
from accounts.authentication import find_live_key
from accounts.models import Membership, Role, User
from tests.factories import PASSWORD, InvitationFactory, MembershipFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
NEW = {"email": "New@example.com", "password": PASSWORD}


def sign_up(api, **fields):
    return api.post("/api/v1/auth/register", {**NEW, **fields})


def test_nobody_signs_up_where_it_is_closed(api, settings):
    settings.SIGNUP = "closed"
    InvitationFactory.create(email="new@example.com", token="t0ken")
    answer = sign_up(api, invitation="t0ken")
    assert (answer.status_code, answer.json()) == (
        403,
        {"detail": "Nobody can sign up here; ask an operator for an account."},
    )
    assert not User.objects.filter(email="new@example.com").exists()


def test_only_who_has_the_letter_signs_up_by_invitation(api, settings):
    settings.SIGNUP = "invite"
    invitation = InvitationFactory.create(email="new@example.com", token="t0ken")
    refused = [
        sign_up(api),
        sign_up(api, invitation="wrong"),
        sign_up(api, invitation="t0ken", email="o@x.org"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 3
    assert not User.objects.filter(email__in=["new@example.com", "o@x.org"]).exists()
    answer = sign_up(api, invitation="t0ken")
    assert answer.status_code == 201
    user = User.objects.get(email="new@example.com")
    services.accept_invitation(user, token="t0ken", now=timezone.now())
    user.refresh_from_db()
    assert user.email_verified_at is not None
    assert Membership.objects.filter(team=invitation.team, user=user).exists()


@pytest.mark.parametrize(
    "spoil", [{"expires_at": timezone.now() - timedelta(1)}, {"accepted_at": timezone.now()}]
)
def test_an_invitation_that_is_over_opens_nothing(api, settings, spoil):
    settings.SIGNUP = "invite"
    InvitationFactory.create(email="new@example.com", token="t0ken", **spoil)
    assert sign_up(api, invitation="t0ken").status_code == 403


def test_a_new_account_has_not_proven_its_address(api):
    assert sign_up(api).status_code == 201
    assert User.objects.get(email="new@example.com").email_verified_at is None


def make_key(user, team):
    now = timezone.now()
    return services.create_api_key(user, team=team, name="k", now=now)[1]


def test_a_reset_password_ends_every_key_and_proves_the_address(api):
    user = UserFactory.create(email_verified_at=None)
    other = UserFactory.create()
    keys = [make_key(user, user.personal_team), make_key(other, other.personal_team)]
    token, uid = PasswordResetTokenGenerator().make_token(user), user_pk_to_url_str(user)
    body = {"uid": uid, "token": token, "new_password": "another long password"}
    assert api.post("/api/v1/auth/password/reset/confirm", body).status_code == 204
    assert [find_live_key(key, now=timezone.now()) is not None for key in keys] == [False, True]
    user.refresh_from_db()
    assert user.email_verified_at is not None


def test_keys_of_who_left_stay_ended_when_he_comes_back():
    team = TeamFactory.create(owner=UserFactory.create())
    member = MembershipFactory.create(team=team, role=Role.ADMIN)
    key = make_key(member.user, team)
    own = make_key(member.user, member.user.personal_team)
    owner = team.members.exclude(pk=member.user.pk).get()
    services.remove_member(member, by=owner, now=timezone.now())
    MembershipFactory.create(team=team, user=member.user, role=Role.ADMIN)
    assert find_live_key(key, now=timezone.now()) is None
    assert find_live_key(own, now=timezone.now()) is not None
    assert find_live_key(make_key(member.user, team), now=timezone.now()) is not None


def test_so_do_those_of_a_member_whom_an_operator_removed_in_the_admin():
    team = TeamFactory.create(owner=UserFactory.create())
    member = MembershipFactory.create(team=team)
    key = make_key(member.user, team)
    Membership.objects.filter(pk=member.pk).delete()
    MembershipFactory.create(team=team, user=member.user)
    assert find_live_key(key, now=timezone.now()) is None
