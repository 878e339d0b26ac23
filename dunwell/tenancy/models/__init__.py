"""Tables of the tenancy floor."""

from dunwell.tenancy.database.keys import TenantKey
from dunwell.tenancy.models.base import (
    ADDRESS_PARTS,
    PostalAddress,
    TenantModel,
    unchecked_organization,
)
from dunwell.tenancy.models.channels import ChannelAccount
from dunwell.tenancy.models.log import AuditEntry, Event, WorkerHeartbeat, WorkerOutage
from dunwell.tenancy.models.organization import BankAccount, Organization
from dunwell.tenancy.models.people import ApiToken, IdempotencyKey, Invitation, Member, User

__all__ = [
    "ADDRESS_PARTS",
    "ApiToken",
    "AuditEntry",
    "BankAccount",
    "ChannelAccount",
    "Event",
    "IdempotencyKey",
    "Invitation",
    "Member",
    "Organization",
    "PostalAddress",
    "TenantKey",
    "TenantModel",
    "User",
    "WorkerHeartbeat",
    "WorkerOutage",
    "unchecked_organization",
]
