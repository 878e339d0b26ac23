"""The one audited place that finds out which organization a caller belongs to.

Before that is known no scope can hold, so these few look-ups run in system scope and give back
ids and hashes of credentials only, never an organization's content.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dunwell.tenancy.models import ApiToken, ChannelAccount, Invitation, Member, Organization
from dunwell.tenancy.roles import Actor, Role
from dunwell.tenancy.scope import system_scope


def hash_secret(secret: str) -> str:
    """Return the hash under which a random secret is stored (it has 256 bits: no salt needed)."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where a caller may go: one organization, as one actor."""

    organization_id: UUID
    actor: Actor
    token_id: UUID | None = None


def by_token(*, secret: str) -> Entrance | None:
    """Resolve an API token to its organization and actor; None if unknown or revoked."""
    with system_scope("resolve an API token"):
        row = (
            ApiToken.objects.filter(
                secret_hash=hash_secret(secret), revoked_at__isnull=True, member__active=True
            )
            .values_list(
                "organization_id",
                "id",
                "name",
                "scopes",
                "member_id",
                "member__role",
                "member__name",
            )
            .first()
        )
    if row is None:
        return None
    organization, token, name, scopes, member, role, member_name = row
    actor = Actor(
        label=f"{member_name} ({name})",
        member_id=member,
        role=Role(role),
        scopes=frozenset(scopes),
    )
    return Entrance(organization_id=organization, actor=actor, token_id=token)


def of_user(*, user_id: UUID) -> list[Entrance]:
    """List the organizations a signed-in user is an active member of, oldest membership first."""
    with system_scope("resolve the memberships of a user"):
        rows = list(
            Member.objects.filter(user_id=user_id, active=True)
            .order_by("joined_at", "id")
            .values_list("organization_id", "id", "name", "role")
        )
    return [
        Entrance(organization_id=org, actor=Actor(label=name, member_id=member, role=Role(role)))
        for org, member, name, role in rows
    ]


def by_invitation(*, secret: str, now: datetime) -> UUID | None:
    """Resolve an invitation link to its organization; None if unknown, used or expired."""
    with system_scope("resolve an invitation"):
        return (
            Invitation.objects.filter(
                secret_hash=hash_secret(secret), accepted_at__isnull=True, expires_at__gt=now
            )
            .values_list("organization_id", flat=True)
            .first()
        )


def by_channel_hook(*, secret: str) -> tuple[UUID, UUID] | None:
    """Resolve the secret part of a webhook's address to organization and channel account."""
    with system_scope("resolve a provider's webhook"):
        return (
            ChannelAccount.objects.filter(hook_hash=hash_secret(secret))
            .values_list("organization_id", "id")
            .first()
        )


def by_slug(*, slug: str) -> UUID | None:
    """Resolve an organization's slug, for commands on the machine itself."""
    with system_scope("resolve a slug given on the command line"):
        return Organization.objects.filter(slug=slug).values_list("id", flat=True).first()
