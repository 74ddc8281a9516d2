"""What may change in accounts. Each function owns its transaction; letters leave after the commit."""

from accounts.services.keys import create_api_key, rename_api_key, revoke_api_key
from accounts.services.teams import (
    accept_invitation,
    change_role,
    create_team,
    delete_team,
    invite,
    remove_member,
    update_team,
    withdraw_invitation,
)
from accounts.services.users import (
    change_password,
    confirm_password_reset,
    note_verified,
    register_user,
    rename_user,
    request_password_reset,
    sign_up,
)

__all__ = [
    "accept_invitation",
    "change_password",
    "change_role",
    "confirm_password_reset",
    "create_api_key",
    "create_team",
    "delete_team",
    "invite",
    "note_verified",
    "register_user",
    "remove_member",
    "rename_api_key",
    "rename_user",
    "request_password_reset",
    "revoke_api_key",
    "sign_up",
    "update_team",
    "withdraw_invitation",
]
