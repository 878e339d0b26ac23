"""Making an organization, and changing its settings."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from dunwell.core.ids import uuid7
from dunwell.tenancy import doors, events, scope
from dunwell.tenancy.errors import InvalidInput
from dunwell.tenancy.models import Member, Organization, User
from dunwell.tenancy.operations import checks, late_payment
from dunwell.tenancy.roles import Actor, Permission, Role
from dunwell.tenancy.scope import organization_scope, system_scope
from dunwell.tenancy.secrets import encrypt

CHECKS: Final[dict[str, checks.Check]] = {
    "name": checks.text(200, required=True),
    "legal_name": checks.text(200),
    "tax_id": checks.text(50),
    "email": checks.email,
    "phone": checks.text(50),
    "line1": checks.text(200),
    "line2": checks.text(200),
    "postal_code": checks.text(20),
    "city": checks.text(100),
    "region": checks.text(100),
    "country": checks.country,
    "time_zone": checks.time_zone,
    "currency": checks.currency,
    "locale": checks.locale,
    "terms_days": checks.whole(0, 3650),
    "terms_anchor": checks.anchor,
    "invoice_prefix": checks.text(20),
    "catch_up_hours": checks.whole(0, 168),
    "promise_grace_days": checks.whole(0, 60),
    "business_days_only": checks.yes_no,
    "holiday_calendar": checks.holiday_calendar,
    "minimum_balances": checks.minimum_balances,
    "attach_invoice": checks.yes_no,
    "reply_hold_days": checks.whole(0, 30),
    "contact_cap": checks.cap_or_none,
    "sms_quiet_from": checks.hour_or_none,
    "sms_quiet_until": checks.hour_or_none,
    "stale_after_days": checks.whole(1, 365),
    "late_interest": checks.one_of("off", "statutory", "agreed"),
    "late_rate": late_payment.percent,
    "late_fee": checks.yes_no,
    "late_law": late_payment.law,
    "reference_rates": late_payment.reference_rates,
    "track_opened": checks.yes_no,
    "list_unsubscribe": checks.yes_no,
    "copy_to": checks.one_of("", "owner", "address"),
    "copy_address": checks.email,
    "sender_name": checks.text(200),
    "sender_email": checks.email,
    "reply_to": checks.email,
    "smtp_host": checks.host,
    "smtp_port": checks.whole(1, 65535),
    "smtp_user": checks.text(255),
    "smtp_password": checks.text(500),
    "smtp_security": checks.one_of("none", "starttls", "tls"),
}
"""What `update_organization` may change, each with its check."""

MOVES_SCHEDULES: Final = frozenset({"time_zone", "business_days_only", "holiday_calendar"})
"""Settings that planned sends are reckoned with (Rule: chasing, Planning again)."""


@dataclass(frozen=True, slots=True)
class Updated:
    """What a change of settings did; with `plan_again` the flow plans all schedules again."""

    organization: Organization
    changed: frozenset[str]
    plan_again: bool


def create_organization(
    *,
    name: str,
    time_zone: str,
    currency: str,
    locale: str,
    owner: User,
    now: datetime,
    slug: str = "",
    owner_name: str = "",
) -> Organization:
    """Create a live organization with its first owner, and the owner its default owner.

    Without a slug one is made of the name. Raises InvalidInput.
    """
    values = checks.checked(
        {"name": name, "time_zone": time_zone, "currency": currency, "locale": locale}, CHECKS
    )
    chosen = _free_slug(slug) if slug else slug_for(name=name)
    found = Organization(id=uuid7(), slug=chosen, created_at=now, **values)
    return found_with_owner(organization=found, owner=owner, owner_name=owner_name, now=now)


def found_with_owner(
    *, organization: Organization, owner: User, owner_name: str, now: datetime
) -> Organization:
    """Store a new organization and make the user its owner; raises InvalidInput at the slug."""
    name = owner_name.strip() or owner.name or owner.email
    try:
        with (
            system_scope("nobody can be inside an organization that is being made"),
            organization_scope(organization),
            transaction.atomic(),
        ):
            organization.save(force_insert=True)
            member = Member.objects.create(
                organization=organization,
                user=owner,
                name=name,
                email=owner.email,
                role=Role.OWNER,
                joined_at=now,
            )
            organization.default_owner = member
            organization.save(update_fields=["default_owner"])
            events.audit(
                actor=Actor(label=name, member_id=member.pk, role=Role.OWNER),
                at=now,
                action="organization.created",
                object_type="organization",
                object_id=organization.pk,
            )
    except IntegrityError as error:
        if "slug" not in str(error):
            raise
        raise _slug_taken(organization.slug) from error
    return organization


def _slug_taken(slug: str) -> InvalidInput:
    return InvalidInput.at("slug", _("“%(slug)s” is taken already.") % {"slug": slug})


def _free_slug(slug: str) -> str:
    word = str(checks.slug("slug", slug))
    if doors.by_slug(slug=word) is not None:
        raise _slug_taken(word)
    return word


def slug_for(*, name: str) -> str:
    """Make a free slug of a company's name: "Müller & Söhne" gives "muller-sohne"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or "company"
    number, slug = 1, base
    while doors.by_slug(slug=slug) is not None:
        number += 1
        slug = f"{base}-{number}"
    return slug


def update_organization(*, changes: Mapping[str, Any], actor: Actor, now: datetime) -> Updated:
    """Change settings of the organization of the scope, and write down who changed what.

    `changes` maps names of CHECKS to new values; minimum balances are decimal strings or minor
    units by currency; `smtp_password` is stored encrypted and never written down. Raises
    InvalidInput naming every wrong field, NotAllowed.
    """
    actor.require(Permission.SETTINGS)
    values = checks.checked(changes, CHECKS)
    if "smtp_password" in values:
        values["smtp_secret"] = encrypt(text=values.pop("smtp_password"))
    with transaction.atomic():
        organization = Organization.objects.select_for_update().get(pk=scope.organization_id())
        before = {name: getattr(organization, name) for name in values}
        changed = frozenset(name for name in values if before[name] != values[name])
        if changed:
            _store(organization, {name: values[name] for name in changed})
            events.audit(
                actor=actor,
                at=now,
                action="organization.changed",
                object_type="organization",
                object_id=organization.pk,
                changes={name: _told(name, before[name], values[name]) for name in sorted(changed)},
            )
            events.emit(kind="organization.changed", at=now, data={"fields": sorted(changed)})
    return Updated(organization, changed, plan_again=bool(changed & MOVES_SCHEDULES))


def _store(organization: Organization, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(organization, name, value)
    organization.save(update_fields=list(values))


def _told(name: str, old: Any, new: Any) -> list[Any]:
    if name == "smtp_secret":
        return [bool(old), bool(new)]
    return [old, new]
