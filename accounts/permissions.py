"""Who may do what. Which objects exist for a user at all is each queryset's ``for_user``."""

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import Role, Scope, User
from accounts.selectors import Person, role_in

if TYPE_CHECKING:
    from rest_framework.views import APIView  # at runtime it imports this module, the default permission


def require_role(user: Person, team_id: int, role: Role) -> None:
    """Return if ``user`` has ``role`` or more in the team; else raise 403, or 404 for a stranger."""
    has = role_in(user, team_id)
    if has is None:
        raise NotFound("No such team.")
    if has.rank < role.rank:
        raise PermissionDenied(f"Your role in this team is {has.value}; this needs {role.value}.")


class TeamPermission(BasePermission):
    """The default of every endpoint: members read, and change what ``view.write_role`` (member) allows.

    Anonymous is 401. Creating has no object yet: ``accounts.fields.TeamField`` asks for the role there.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not isinstance(request.user, User):
            return False
        key = request.user.api_key
        if key and key.scope == Scope.READ and request.method not in SAFE_METHODS:
            raise PermissionDenied("This API key may only read; use one with the scope write.")
        return True

    def has_object_permission(self, request: Request, view: "APIView", obj: Any) -> bool:
        write_role: Role = getattr(view, "write_role", Role.MEMBER)
        require_role(request.user, obj.team_id, Role.VIEWER if request.method in SAFE_METHODS else write_role)
        return True


class SignedIn(TeamPermission):
    """For endpoints of accounts, teams and keys: there an API key may read, but change nothing.

    Otherwise a leaked key could make keys that outlive it, or invite the thief.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        allowed = super().has_permission(request, view)
        if allowed and request.method not in SAFE_METHODS and getattr(request.user, "api_key", None):
            raise PermissionDenied("API keys cannot change accounts, teams or keys; sign in for that.")
        return allowed
