"""Who may read what: the two questions that every other app asks."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from accounts.models import Membership, Role, User

Person = AbstractBaseUser | AnonymousUser
"""What ``request.user`` can be; anything that is not a ``User`` belongs nowhere."""


def team_ids_for(user: Person) -> list[int]:
    """The teams whose objects ``user`` may read, in order; behind an API key only the key's team."""
    if not isinstance(user, User):
        return []
    if user.api_key:
        return [user.api_key.team_id]
    return list(Membership.objects.filter(user=user).order_by("team_id").values_list("team_id", flat=True))


def role_in(user: Person, team_id: int) -> Role | None:
    """The role of ``user`` in the team, None for a stranger (or behind another team's API key)."""
    if not isinstance(user, User) or (user.api_key and user.api_key.team_id != team_id):
        return None
    # team__pk, not team_id: only the former answers "none" for a number too large for the column.
    role = Membership.objects.filter(user=user, team__pk=team_id).values_list("role", flat=True).first()
    return Role(role) if role else None
