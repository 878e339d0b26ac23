"""Reads of the tenancy floor, within the organization of the scope."""

from uuid import UUID

from django.db.models import QuerySet

from dunwell.tenancy import scope
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import (
    ApiToken,
    AuditEntry,
    BankAccount,
    ChannelAccount,
    Event,
    Invitation,
    Member,
    Organization,
)
from dunwell.tenancy.scope import system_scope


def organization() -> Organization:
    """Return the organization of the scope."""
    return Organization.objects.get(pk=scope.organization_id())


def events_after(*, position: int, limit: int) -> list[Event]:
    """List published events behind a position, in order; a reader goes on from the last one."""
    return list(
        Event.objects.filter(
            organization_id=scope.organization_id(), position__gt=position
        ).order_by("position")[:limit]
    )


def last_position() -> int:
    """Return the position of the newest published event; 0 if there is none."""
    newest = (
        Event.objects.filter(organization_id=scope.organization_id(), position__isnull=False)
        .order_by("-position")
        .values_list("position", flat=True)
        .first()
    )
    return newest or 0


def members(*, active_only: bool = False) -> QuerySet[Member]:
    """List members, active ones first, by name."""
    found = Member.objects.select_related("user").order_by("-active", "name", "id")
    return found.filter(active=True) if active_only else found


def member(*, member_id: UUID) -> Member:
    """Find a member. Raises NotFound."""
    found = Member.objects.filter(pk=member_id).first()
    if found is None:
        raise NotFound
    return found


def open_invitations() -> QuerySet[Invitation]:
    """List invitations that were not accepted yet, newest first, expired ones too."""
    return (
        Invitation.objects.filter(accepted_at__isnull=True)
        .select_related("invited_by")
        .order_by("-created_at")
    )


def tokens() -> QuerySet[ApiToken]:
    """List API tokens, those in use first, newest first."""
    return ApiToken.objects.select_related("member").order_by("revoked_at", "-created_at")


def bank_accounts() -> QuerySet[BankAccount]:
    """List the organization's bank accounts in the order they were added."""
    return BankAccount.objects.order_by("id")


def bank_account(*, account_id: UUID) -> BankAccount:
    """Find a bank account. Raises NotFound."""
    found = BankAccount.objects.filter(pk=account_id).first()
    if found is None:
        raise NotFound
    return found


def audit_entries(*, limit: int, object_id: UUID | None = None) -> list[AuditEntry]:
    """List who changed what, newest first."""
    found = AuditEntry.objects.filter(organization_id=scope.organization_id()).order_by("-id")
    if object_id is not None:
        found = found.filter(object_id=object_id)
    return list(found[:limit])


def live_organizations() -> list[Organization]:
    """List the organizations that live on the real clock; for the worker."""
    with system_scope("the worker serves every live organization"):
        return list(Organization.objects.filter(sandbox_now__isnull=True).order_by("id"))


def organizations_with(*, channel: str) -> list[Organization]:
    """List the organizations that chose a provider for a channel; for the worker."""
    with system_scope("the worker fetches every organization's mail"):
        chosen = ChannelAccount.objects.filter(channel=channel).values("organization_id")
        return list(Organization.objects.filter(pk__in=chosen).order_by("id"))
