"""The key by which an organization's mails are signed for its domain (RFC 6376)."""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.tenancy import events, scope
from dunwell.tenancy.errors import InvalidInput
from dunwell.tenancy.models import Organization
from dunwell.tenancy.operations import checks
from dunwell.tenancy.roles import Actor, Permission
from dunwell.tenancy.secrets import decrypt, encrypt

BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """What is to be published as a TXT record, so that receivers find the key."""

    name: str
    value: str


def make_dkim_key(*, domain: str, selector: str, actor: Actor, now: datetime) -> DnsRecord:
    """Make a new key for a domain and sign with it from now on; the old one is forgotten.

    Publish the record first, or at once: until then receivers see a signature without a key,
    which is no worse than none. Raises InvalidInput, NotAllowed.
    """
    actor.require(Permission.SETTINGS)
    host = str(checks.host("dkim_domain", domain)).lower().rstrip(".")
    label = str(checks.slug("dkim_selector", selector.strip().lower()))
    if "." not in host:
        raise InvalidInput.at("dkim_domain", _("Write the domain in full, such as example.com."))
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    with transaction.atomic():
        organization = Organization.objects.select_for_update().get(pk=scope.organization_id())
        organization.dkim_domain, organization.dkim_selector = host, label
        organization.dkim_secret = encrypt(text=pem.decode())
        organization.save(update_fields=["dkim_domain", "dkim_selector", "dkim_secret"])
        _audit("dkim_key_made", f"{label}._domainkey.{host}", actor, now)
    return _record(host, label, key.public_key())


def remove_dkim_key(*, actor: Actor, now: datetime) -> None:
    """Sign no more and forget the key. Raises NotAllowed."""
    actor.require(Permission.SETTINGS)
    with transaction.atomic():
        organization = Organization.objects.select_for_update().get(pk=scope.organization_id())
        _audit("dkim_key_removed", organization.dkim_domain, actor, now)
        organization.dkim_domain = organization.dkim_selector = organization.dkim_secret = ""
        organization.save(update_fields=["dkim_domain", "dkim_selector", "dkim_secret"])


def dkim_record(*, organization: Organization) -> DnsRecord | None:
    """Return the record to publish for the present key; None where nothing is signed."""
    if not organization.dkim_secret:
        return None
    pem = decrypt(sealed=organization.dkim_secret).encode()
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("only RSA keys are made here")
    return _record(organization.dkim_domain, organization.dkim_selector, key.public_key())


def _record(domain: str, selector: str, key: rsa.RSAPublicKey) -> DnsRecord:
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    value = f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"
    return DnsRecord(f"{selector}._domainkey.{domain}", value)


def _audit(what: str, name: str, actor: Actor, now: datetime) -> None:
    events.audit(
        actor=actor,
        at=now,
        action=f"organization.{what}",
        object_type="organization",
        object_id=scope.organization_id(),
        changes={"dkim": [None, name]},
    )
