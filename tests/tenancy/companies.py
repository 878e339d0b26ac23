"""Two companies for tests that must keep them apart."""

from datetime import UTC, datetime
from typing import Any

from dunwell.tenancy.models import Organization, User
from dunwell.tenancy.operations import create_organization
from dunwell.tenancy.roles import Actor, Role

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def company(name: str, *, now: datetime = NOW, **changed: Any) -> Organization:
    """Make a live organization whose owner is `owner@<slug>.test`."""
    slug = name.lower()
    owner = User.objects.create_user(f"owner@{slug}.test", name=f"Owner of {name}")
    values = {"time_zone": "Europe/Berlin", "currency": "EUR", "locale": "en", "slug": slug}
    return create_organization(name=name, owner=owner, now=now, **{**values, **changed})


def actor_of(organization: Organization, role: Role = Role.OWNER) -> Actor:
    """Return the organization's owner as an actor, in the given role."""
    owner = organization.default_owner
    assert owner is not None
    return Actor(label=owner.name, member_id=owner.pk, role=role)
