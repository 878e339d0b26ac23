"""Making an organization that lives on a test clock (Rule: api, Sandbox)."""

import ipaddress
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from dunwell.core.ids import uuid7
from dunwell.tenancy.errors import InvalidInput
from dunwell.tenancy.models import BankAccount, Organization, User
from dunwell.tenancy.operations import checks
from dunwell.tenancy.operations.organization import CHECKS, found_with_owner
from dunwell.tenancy.operations.tokens import create_token
from dunwell.tenancy.roles import ALL_SCOPES, Actor, Role
from dunwell.tenancy.scope import organization_scope

# Made up from end to end: a reserved domain, the bank's own sample account, a number kept for
# stories. Nothing sent by mistake can reach anyone.
_SENDER: Final = {
    "legal_name": "Sandbox Trading GmbH",
    "tax_id": "DE123456789",
    "phone": "+49 30 23125 000",
    "line1": "Musterstraße 1",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
}
_BANK: Final = {
    "holder": "Sandbox Trading GmbH",
    "bank": "Musterbank",
    "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX",
}


def create_sandbox(
    *,
    slug: str,
    time_zone: str,
    currency: str,
    start: datetime,
    wall: datetime,
    locale: str = "en",
    smtp_sink: str = "",
    name: str = "",
) -> tuple[Organization, str]:
    """Create a sandbox whose clock stands at `start`; return it with its token's secret.

    It has no customers, a complete made-up sender and an owner for whom the token acts, with
    every scope. `wall` is the real instant, by which tokens go. Raises InvalidInput.
    """
    values = checks.checked(
        {
            "slug": slug,
            "name": name or slug,
            "time_zone": time_zone,
            "currency": currency,
            "locale": locale,
            "smtp_sink": smtp_sink,
        },
        {**CHECKS, "slug": checks.slug, "smtp_sink": _loopback_sink},
    )
    if start.tzinfo is None:
        raise InvalidInput.at("start", _("The instant needs an offset, such as Z or +02:00."))
    address = f"billing@{slug}.example"
    organization = Organization(
        id=uuid7(),
        created_at=start,
        sandbox_now=start,
        email=address,
        sender_name=values["name"],
        sender_email=address,
        **values,
        **_SENDER,
    )
    with transaction.atomic():
        return organization, _found(organization, start=start, wall=wall)


def _found(organization: Organization, *, start: datetime, wall: datetime) -> str:
    found_with_owner(
        organization=organization,
        owner=_owner(organization.slug),
        owner_name="Sandbox Owner",
        now=start,
    )
    owner = organization.default_owner
    assert owner is not None  # noqa: S101  # found_with_owner has just set it
    with organization_scope(organization):
        BankAccount.objects.create(
            organization=organization, currency=organization.currency, **_BANK
        )
        return create_token(
            name="sandbox",
            member_id=owner.pk,
            scopes=ALL_SCOPES,
            actor=Actor(label=owner.name, member_id=owner.pk, role=Role.OWNER),
            now=start,
            wall=wall,
        ).secret


def _owner(slug: str) -> User:
    """Make the sandbox's own user, who has no password: only the token and demos come in."""
    try:
        with transaction.atomic():
            return User.objects.create_user(f"owner@{slug}.example", name="Sandbox Owner")
    except IntegrityError as error:
        message = _("“%(slug)s” is taken already.")
        raise InvalidInput.at("slug", message % {"slug": slug}) from error


def _loopback_sink(field: str, value: object) -> str:
    """Return HOST:PORT of a server on this machine; "" is allowed."""
    text = str(value).strip()
    if not text:
        return ""
    host, _colon, port = text.rpartition(":")
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise InvalidInput.at(field, _("Write the sink as HOST:PORT, such as 127.0.0.1:2525."))
    if not _is_loopback(host.strip("[]")):
        message = _("A sandbox hands mail to this machine alone (127.0.0.1, ::1), not to %(host)s.")
        raise InvalidInput.at(field, message % {"host": host[:100] or "“”"})
    return text


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
