"""What may change in accounts. Each function owns its transaction; e-mails leave after the commit."""

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
from accounts.services.users import change_password, rename_user

__all__ = [
    "accept_invitation",
    "change_password",
    "change_role",
    "create_api_key",
    "create_team",
    "delete_team",
    "invite",
    "remove_member",
    "rename_api_key",
    "rename_user",
    "revoke_api_key",
    "update_team",
    "withdraw_invitation",
]
