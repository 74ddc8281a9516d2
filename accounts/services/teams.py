"""Teams, their members, and invitations to them.

Code that changes memberships locks the team's row first. So two owners who leave at once do so one after the
other, and the second is refused.
"""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from rest_framework.exceptions import NotFound

from accounts.addresses import fold_email
from accounts.authentication import hash_secret
from accounts.email_addresses import note_verified
from accounts.mail import send_later
from accounts.models import Invitation, Membership, Role, Team, User
from accounts.permissions import require_role
from accounts.services.keys import revoke_keys_of
from core.errors import RuleViolation

INVITATION_LIFETIME = timedelta(days=7)
_DEAD_INVITATION = "This invitation was withdrawn, has expired or never was; ask for a new one."


def create_team(owner: User, *, name: str, now: datetime, timezone: str = "UTC") -> Team:
    """A team that ``owner`` owns. Raises ``RuleViolation`` when he owns as many as one may."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)  # so that two requests at once count each other
        owned = Membership.objects.filter(user=owner, role=Role.OWNER).count()
        if owned >= settings.TEAMS_A_USER:
            raise RuleViolation(
                f"You own {owned} teams, and {settings.TEAMS_A_USER} are the most one may own."
                " Delete one, or ask the operator for more (TEAMS_A_USER)."
            )
        team = Team.objects.create(name=name, timezone=timezone, created_at=now)
        Membership.objects.create(team=team, user=owner, role=Role.OWNER, joined_at=now)
    return team


def update_team(team: Team, *, name: str, timezone: str) -> Team:
    team.name, team.timezone = name, timezone
    team.save(update_fields=["name", "timezone"])
    return team


def delete_team(team: Team) -> None:
    """Delete the team and everything it owns. A personal team stays as long as its user."""
    if team.personal_of_id is not None:
        raise RuleViolation("A personal team cannot be deleted.")
    with transaction.atomic():
        _lock(team.pk)  # so that nobody joins half-way through
        team.delete()


def invite(team: Team, *, by: User, email: str, role: Role, now: datetime) -> tuple[Invitation, str]:
    """Mail a link to join; the invitation and its token, which is known only now.

    Inviting the same address again renews the invitation: a new link, the old one is dead.
    """
    email = fold_email(email)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        _lock(team.pk)
        _require_reach(by, team.pk, role)
        if Membership.objects.filter(team=team, user__email=email).exists():
            raise RuleViolation(f"{email} is a member of this team already.")
        invitation, _ = Invitation.objects.update_or_create(
            team=team,
            email=email,
            defaults={
                "role": role,
                "token_hash": hash_secret(token),
                "invited_by": by,
                "created_at": now,
                "expires_at": now + INVITATION_LIFETIME,
                "accepted_at": None,
            },
        )
        told = {"team": team.name, "inviter": by.name or by.email, "role": role.value, "token": token}
        send_later("invitation", to=email, context={"email": email, **told})
    return invitation, token


def accept_invitation(user: User, *, token: str, now: datetime) -> Team:
    """Join the team; accepting again changes nothing. Only the invited address may.

    Raises ValidationError for a token worth nothing, PermissionDenied for somebody else's.
    """
    with transaction.atomic():
        found = Invitation.objects.select_related("team").filter(token_hash=hash_secret(token)).first()
        if found is None or not Team.objects.select_for_update().filter(pk=found.team_id).exists():
            raise ValidationError({"token": [_DEAD_INVITATION]})
        invitation = Invitation.objects.filter(pk=found.pk, token_hash=found.token_hash).first()
        if invitation is not None and invitation.email != user.email:
            raise PermissionDenied("This invitation is for another address; sign in with that one.")
        is_member = Membership.objects.filter(team_id=found.team_id, user=user).exists()
        if is_member and invitation is not None and invitation.accepted_at:
            return found.team
        # A used token opens nothing: somebody removed since then must not walk back in.
        if invitation is None or invitation.accepted_at or invitation.expires_at <= now:
            raise ValidationError({"token": [_DEAD_INVITATION]})
        if not is_member:
            Membership.objects.create(team=found.team, user=user, role=invitation.role, joined_at=now)
        note_verified(user, now=now)  # the token came to the address
        invitation.accepted_at = now
        invitation.save(update_fields=["accepted_at"])
    return found.team


def withdraw_invitation(invitation: Invitation) -> None:
    """Its link is dead at once."""
    invitation.delete()


def change_role(membership: Membership, *, by: User, role: Role) -> Membership:
    """Nobody hands out, or takes away, more than their own role. A team always keeps an owner."""
    with transaction.atomic():
        current = _lock_membership(membership)
        _require_reach(by, current.team_id, max(Role(current.role), role, key=lambda one: one.rank))
        if role != Role.OWNER:
            _require_other_owner(current)
        current.role = role
        current.save(update_fields=["role"])
        if role.rank < Role.ADMIN.rank:
            _withdraw_sent_by(current)
    return current


def remove_member(membership: Membership, *, by: User, now: datetime) -> None:
    """Members may leave; admins may remove others up to their own role.

    The member's API keys to the team end for ever, also if the member comes back.
    """
    with transaction.atomic():
        current = _lock_membership(membership)
        if current.user_id != by.pk:
            _require_reach(by, current.team_id, Role(current.role))
        _require_other_owner(current)
        _withdraw_sent_by(current)
        revoke_keys_of(current.user, team_id=current.team_id, now=now)
        current.delete()


def _lock(team_id: int) -> None:
    if Team.objects.select_for_update().filter(pk=team_id).first() is None:
        raise NotFound("No such team.")


def _lock_membership(membership: Membership) -> Membership:
    """The membership as it is now, under the team's lock. Raises ``RuleViolation`` when the member has
    left."""
    _lock(membership.team_id)
    current = Membership.objects.select_related("team", "user").filter(pk=membership.pk).first()
    if current is None:
        raise RuleViolation("This member has left the team already.")
    return current


def _require_reach(by: User, team_id: int, role: Role) -> None:
    """Admins and above, and only up to their own role."""
    require_role(by, team_id, role if role.rank > Role.ADMIN.rank else Role.ADMIN)


def _require_other_owner(membership: Membership) -> None:
    """Refuse to take the owner's role from a personal team's person, or from the last owner."""
    if membership.role != Role.OWNER:
        return
    if membership.team.personal_of_id == membership.user_id:
        raise RuleViolation("Everybody stays the owner of their personal team.")
    owners = Membership.objects.filter(team=membership.team_id, role=Role.OWNER)
    if not owners.exclude(pk=membership.pk).exists():
        raise RuleViolation("A team needs an owner; make somebody else one first.")


def _withdraw_sent_by(membership: Membership) -> None:
    """Who may no longer invite leaves no open door behind."""
    Invitation.objects.filter(
        team=membership.team_id, invited_by=membership.user_id, accepted_at__isnull=True
    ).delete()
