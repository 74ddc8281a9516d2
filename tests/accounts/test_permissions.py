"""The default permission and the team field, as every other app uses them."""

import pytest
from django.contrib.auth.models import AnonymousUser
from rest_framework import serializers, viewsets
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.fields import TeamField
from accounts.models import Invitation, Role, Scope
from accounts.permissions import TeamPermission, require_role
from accounts.selectors import team_ids_for
from tests.factories import ApiKeyFactory, InvitationFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
EVERYONE = ["owner", "admin", "member", "viewer", "stranger"]


class ThingSerializer(serializers.ModelSerializer[Invitation]):
    """An invitation stands for any object of a team."""

    team = TeamField()

    class Meta:
        model = Invitation
        fields = ["id", "team", "email"]


class Things(viewsets.ModelViewSet[Invitation]):
    serializer_class = ThingSerializer

    def get_queryset(self):
        return Invitation.objects.filter(team_id__in=team_ids_for(self.request.user))

    def perform_create(self, serializer):
        serializer.instance = InvitationFactory.create(**serializer.validated_data)


class AdminThings(Things):
    write_role = Role.ADMIN


class LeakyThings(Things):
    def get_queryset(self):
        return Invitation.objects.all()


def call(user, method, body=None, *, pk=None, view=Things):
    actions = {"get": "retrieve", "patch": "partial_update", "delete": "destroy", "post": "create"}
    request = getattr(APIRequestFactory(), method)("/", body, format="json")
    if user is not None:
        force_authenticate(request, user)
    return view.as_view({method: actions[method]})(request, **({"pk": pk} if pk else {}))


def test_it_is_the_default_of_every_endpoint():
    assert Things().permission_classes == [TeamPermission]


@pytest.mark.parametrize("method", ["get", "patch", "delete", "post"])
def test_nobody_is_401(crew, method):
    thing = InvitationFactory.create(team=crew["team"])

    answer = call(None, method, {}, pk=None if method == "post" else thing.pk)

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


@pytest.mark.parametrize(
    ("method", "view", "expected"),
    [
        ("get", Things, [200, 200, 200, 200, 404]),
        ("patch", Things, [200, 200, 200, 403, 404]),
        ("delete", Things, [204, 204, 204, 403, 404]),
        ("patch", AdminThings, [200, 200, 403, 403, 404]),
        ("get", LeakyThings, [200, 200, 200, 200, 404]),
        ("delete", LeakyThings, [204, 204, 204, 403, 404]),
    ],
)
def test_members_read_and_the_write_role_writes(crew, method, view, expected):
    got = []
    for who in EVERYONE:
        thing = InvitationFactory.create(team=crew["team"])
        got.append(call(crew[who], method, {}, pk=thing.pk, view=view).status_code)
        assert Invitation.objects.filter(pk=thing.pk).exists() == (got[-1] != 204)

    assert got == expected


def test_a_read_key_only_reads(crew):
    thing = InvitationFactory.create(team=crew["team"])
    user = crew["owner"]
    user.api_key = ApiKeyFactory.create(team=crew["team"], user=user, scope=Scope.READ)

    answer = call(user, "patch", {"email": "new@example.com"}, pk=thing.pk)

    assert (answer.status_code, answer.data) == (
        403,
        {"detail": "This API key may only read; use one with the scope write."},
    )
    assert call(user, "get", pk=thing.pk).status_code == 200
    assert call(user, "post", {"email": "new@example.com"}).status_code == 403
    assert Invitation.objects.get().email == thing.email


def test_a_write_key_writes_with_the_role_of_who_made_it(crew):
    thing = InvitationFactory.create(team=crew["team"])
    got = []
    for who in ("member", "viewer"):
        user = crew[who]
        user.api_key = ApiKeyFactory.create(team=crew["team"], user=user, scope=Scope.WRITE)
        got.append(call(user, "patch", {}, pk=thing.pk).status_code)

    assert got == [200, 403]


def test_a_key_of_another_team_finds_nothing(crew):
    thing = InvitationFactory.create(team=crew["team"])
    user = crew["owner"]
    user.api_key = ApiKeyFactory.create(user=user, scope=Scope.WRITE)

    assert [call(user, method, {}, pk=thing.pk).status_code for method in ("get", "patch")] == [404, 404]


def test_requiring_a_role_says_what_is_missing(crew):
    team_id = crew["team"].pk

    require_role(crew["member"], team_id, Role.MEMBER)
    require_role(crew["owner"], team_id, Role.MEMBER)
    with pytest.raises(PermissionDenied, match=r"^Your role in this team is viewer; this needs member\.$"):
        require_role(crew["viewer"], team_id, Role.MEMBER)
    for nobody in (crew["stranger"], AnonymousUser()):
        with pytest.raises(NotFound, match=r"^No such team\.$"):
            require_role(nobody, team_id, Role.VIEWER)


def test_a_user_of_one_team_need_not_name_it():
    user = UserFactory.create()

    made = call(user, "post", {"email": "a@example.com"})

    assert (made.status_code, made.data["team"]) == (201, user.personal_team.pk)


def test_a_user_of_several_teams_must_say_which(crew):
    user = crew["member"]

    answer = call(user, "post", {"email": "a@example.com"})

    personal = user.personal_team
    assert (answer.status_code, answer.data) == (
        400,
        {
            "team": [
                "You belong to several teams; give the id of one: "
                f"{crew['team'].pk} (Crew), {personal.pk} ({personal.name})."
            ]
        },
    )
    assert call(user, "post", {"email": "a@example.com", "team": crew["team"].pk}).status_code == 201


def test_a_user_of_no_team_is_told_so():
    user = UserFactory.create()
    user.personal_team.delete()

    assert call(user, "post", {"email": "a@example.com"}).data == {
        "team": ["You belong to no team; make one first."]
    }


def test_behind_a_key_its_team_is_meant(crew):
    user = crew["member"]
    user.api_key = ApiKeyFactory.create(team=crew["team"], user=user, scope=Scope.WRITE)

    assert call(user, "post", {"email": "a@example.com"}).data["team"] == crew["team"].pk
    foreign = call(user, "post", {"email": "b@example.com", "team": user.personal_team.pk})
    assert (foreign.status_code, foreign.data) == (400, {"team": ["No such team."]})


@pytest.mark.parametrize("given", ["foreign", 999_999, 10**25, "x", None, [], {}, True])
def test_another_team_s_number_looks_like_one_that_does_not_exist(crew, given):
    team = crew["team"].pk if given == "foreign" else given

    answer = call(crew["stranger"], "post", {"email": "a@example.com", "team": team})

    assert (answer.status_code, list(answer.data)) == (400, ["team"])
    if given in ("foreign", 999_999, 10**25):
        assert answer.data == {"team": ["No such team."]}
    assert Invitation.objects.count() == 0


def test_creating_needs_the_role_member_in_that_team(crew):
    answer = call(crew["viewer"], "post", {"email": "a@example.com", "team": crew["team"].pk})

    assert (answer.status_code, answer.data) == (
        403,
        {"detail": "Your role in this team is viewer; this needs member."},
    )
    assert Invitation.objects.count() == 0


def test_an_object_does_not_move_to_another_team(crew):
    user = crew["owner"]
    other = MembershipFactory.create(user=user, role=Role.OWNER).team
    thing = InvitationFactory.create(team=crew["team"])

    moved = call(user, "patch", {"team": other.pk}, pk=thing.pk)
    same = call(user, "patch", {"team": crew["team"].pk, "email": "b@example.com"}, pk=thing.pk)

    assert (moved.status_code, moved.data) == (
        400,
        {"team": ["Objects do not move between teams; leave this out or make a new object."]},
    )
    assert (same.status_code, same.data["email"]) == (200, "b@example.com")
    thing.refresh_from_db()
    assert thing.team == crew["team"]
