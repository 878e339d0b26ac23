"""Writes of the tenancy floor."""

from dunwell.tenancy.operations.bank_accounts import (
    add_bank_account,
    change_bank_account,
    remove_bank_account,
)
from dunwell.tenancy.operations.channels import (
    ChannelSettings,
    channel_settings,
    remove_channel,
    set_channel,
)
from dunwell.tenancy.operations.members import (
    NewInvitation,
    accept_invitation,
    change_role,
    deactivate_member,
    invite_member,
    revoke_invitation,
)
from dunwell.tenancy.operations.organization import (
    Updated,
    create_organization,
    slug_for,
    update_organization,
)
from dunwell.tenancy.operations.sandbox import create_sandbox
from dunwell.tenancy.operations.tokens import NewToken, create_token, revoke_token, touch_token

__all__ = [
    "ChannelSettings",
    "NewInvitation",
    "NewToken",
    "Updated",
    "accept_invitation",
    "add_bank_account",
    "change_bank_account",
    "change_role",
    "channel_settings",
    "create_organization",
    "create_sandbox",
    "create_token",
    "deactivate_member",
    "invite_member",
    "remove_bank_account",
    "remove_channel",
    "revoke_invitation",
    "revoke_token",
    "set_channel",
    "slug_for",
    "touch_token",
    "update_organization",
]
