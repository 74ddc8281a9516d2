"""The ``team`` of everything that belongs to one."""

from typing import Any

from rest_framework import serializers
from rest_framework.fields import SkipField, empty
from rest_framework.relations import PKOnlyObject

from accounts.models import Role, Team, User
from accounts.permissions import require_role
from accounts.selectors import team_ids_for


class TeamField(serializers.PrimaryKeyRelatedField[Team]):
    """``team = TeamField()`` in a ModelSerializer: an id when read, a ``Team`` when created.

    Optional for a user of one team (and behind an API key). ``role`` is what creating there needs (403 below
    it). Updates never move an object: another team is refused, the same one is ignored.
    """

    default_error_messages = {
        "does_not_exist": "No such team.",
        "incorrect_type": "Give the id of a team, a whole number.",
        "several": "You belong to several teams; give the id of one: {teams}.",
        "none": "You belong to no team; make one first.",
        "moved": "Objects do not move between teams; leave this out or make a new object.",
    }

    def __init__(self, *, role: Role = Role.MEMBER, **kwargs: Any) -> None:
        self.role = role
        kwargs.setdefault("help_text", "Optional if you belong to one team; fixed once created.")
        super().__init__(queryset=Team.objects.all(), required=False, **kwargs)

    def run_validation(self, data: Any = empty) -> Team:
        user = self.context["request"].user
        instance = getattr(self.parent, "instance", None)
        if instance is not None:
            if data is empty or str(data) == str(instance.team_id):
                raise SkipField
            self.fail("moved")
        if data is empty:
            team = self._only_team(user)
        else:
            validated = super().run_validation(data)
            if validated is None or isinstance(validated, PKOnlyObject):
                self.fail("does_not_exist")
            team = validated
        require_role(user, team.pk, self.role)
        return team

    def get_queryset(self) -> Any:
        return Team.objects.filter(pk__in=team_ids_for(self.context["request"].user))

    def _only_team(self, user: User) -> Team:
        teams = list(Team.objects.filter(pk__in=team_ids_for(user)).order_by("pk")[:20])
        if not teams:
            self.fail("none")
        if len(teams) > 1:
            self.fail("several", teams=", ".join(f"{team.pk} ({team.name})" for team in teams))
        return teams[0]
