"""Contacts: the people at a customer and the roles they have."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.core.addresses import folded
from dunwell.core.ids import uuid7
from dunwell.ledger.checks import Checks
from dunwell.ledger.models import (
    Contact,
    ContactRole,
    ContactRoleAssignment,
    Customer,
    Suppression,
)
from dunwell.ledger.operations import history
from dunwell.ledger.operations.locks import lock_open_invoices, raise_chase_versions
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import ADDRESS_PARTS, Organization
from dunwell.tenancy.roles import Actor

_COLUMNS: Final = (
    "name",
    "email",
    "phone",
    "time_zone",
    "receives_invoices",
    "billing",
    *ADDRESS_PARTS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactInput:
    """A contact as a form or the API gives it; `roles` are names, made where they are new.

    With `id` it changes that contact, else the customer's contact of the same email address,
    else it is a new one.
    """

    id: UUID | None = None
    name: str = ""
    email: str = ""
    phone: str = ""
    address: Mapping[str, str] | None = None
    time_zone: str = ""
    roles: Sequence[str] = ()
    receives_invoices: bool = False
    billing: bool = False


@transaction.atomic
def save_contacts(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    customer_id: UUID,
    contacts: Sequence[ContactInput],
    replace: bool = False,
) -> list[Contact]:
    """Add and change contacts of a customer; `replace` removes those that are not in the list.

    One contact is the billing contact: the one last named so, else the one that was, else the
    first. Messages on their way to the customer are thought over. Raises NotFound, InvalidInput.
    """
    cleaned = _cleaned(contacts)
    waiting = lock_open_invoices(customer_id=customer_id)
    if not Customer.objects.filter(pk=customer_id).select_for_update(no_key=True).exists():
        raise NotFound
    before = list(Contact.objects.filter(customer_id=customer_id).order_by("created_at", "id"))
    saved = _merged(
        contacts=contacts,
        cleaned=cleaned,
        before=before,
        customer_id=customer_id,
        organization=organization,
        now=now,
    )
    kept = list(saved) if replace else [*(c for c in before if c not in saved), *saved]
    _choose_billing(
        kept, named=[c for c, row in zip(saved, cleaned, strict=True) if row["billing"]]
    )
    _write(before, kept)
    _assign(organization, saved, contacts)
    raise_chase_versions(invoice_ids=waiting)
    history.audited(
        actor=actor,
        now=now,
        action="customer.contacts_saved",
        row=Customer(pk=customer_id),
        changes={"contacts": [[str(c) for c in before], [str(c) for c in kept]]},
    )
    return kept


def _cleaned(contacts: Sequence[ContactInput]) -> list[dict[str, Any]]:
    checks = Checks()
    rows = [_clean(checks, f"contacts.{n}", contact) for n, contact in enumerate(contacts)]
    for field, values in (("id", [c.id for c in contacts]), ("email", [_key(r) for r in rows])):
        given = [value for value in values if value]
        if len(given) > len(set(given)):
            checks.add("contacts", _("Two contacts have the same %(field)s.") % {"field": field})
    checks.done()
    return rows


def _clean(checks: Checks, at: str, contact: ContactInput) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": checks.column(Contact, "name", contact.name, field=f"{at}.name"),
        "email": checks.email(f"{at}.email", contact.email),
        "phone": checks.column(Contact, "phone", contact.phone, field=f"{at}.phone"),
        "time_zone": checks.time_zone(f"{at}.time_zone", contact.time_zone),
        "receives_invoices": contact.receives_invoices,
        "billing": contact.billing,
        **checks.address(f"{at}.address", Contact, contact.address),
    }
    if not (row["name"] or row["email"]):
        checks.add(f"{at}.name", _("Give a name or an email address."))
    for n, role in enumerate(contact.roles):
        checks.column(ContactRole, "name", role, field=f"{at}.roles.{n}", required=True)
    return row


def _key(row: Mapping[str, Any]) -> str:
    """Return what tells whether two addresses are one."""
    return str(row["email"]).lower()


def _merged(
    *,
    contacts: Sequence[ContactInput],
    cleaned: Sequence[Mapping[str, Any]],
    before: Sequence[Contact],
    customer_id: UUID,
    organization: Organization,
    now: datetime,
) -> list[Contact]:
    """Find or make the contact each input means, with its new values."""
    by_id = {contact.pk: contact for contact in before}
    by_email = {contact.email.lower(): contact for contact in before if contact.email}
    claimed = {contact.id for contact in contacts if contact.id}
    merged = []
    for given, row in zip(contacts, cleaned, strict=True):
        same = by_email.get(_key(row))
        if given.id is not None:
            contact = by_id.get(given.id)
            if contact is None:
                raise NotFound
        elif same is not None and same.pk not in claimed:
            contact = same
        else:
            contact = Contact(organization=organization, customer_id=customer_id, created_at=now)
        _judge_addresses(contact, row)
        for name in _COLUMNS:
            setattr(contact, name, row[name])
        merged.append(contact)
    return merged


def _judge_addresses(contact: Contact, row: Mapping[str, Any]) -> None:
    """Take what is known of an address that is new on the contact: it may be in use elsewhere."""
    for channel, column in (("email", "email"), ("sms", "phone")):
        old = folded(channel=channel, address=getattr(contact, column))
        new = folded(channel=channel, address=row[column])
        if old != new:
            known = Suppression.objects.filter(channel=channel, address=new)
            reason = known.values_list("reason", flat=True).first() if new else None
            setattr(contact, f"{channel}_blocked", reason or "")


def _choose_billing(kept: Sequence[Contact], *, named: Sequence[Contact]) -> None:
    """Leave exactly one billing contact where there is any contact."""
    if not kept:
        return
    chosen = named[-1] if named else next((c for c in kept if c.billing), kept[0])
    for contact in kept:
        contact.billing = contact is chosen


def _write(before: Sequence[Contact], kept: Sequence[Contact]) -> None:
    gone = {contact.pk for contact in before} - {contact.pk for contact in kept}
    if gone:
        Contact.objects.filter(pk__in=gone).delete()
    known = {contact.pk for contact in before}
    # The database knows at most one billing contact at any moment: take the mark away first.
    for contact in sorted(kept, key=lambda contact: contact.billing):
        if contact.pk in known:
            contact.save(update_fields=[*_COLUMNS, "email_blocked", "sms_blocked"])
    Contact.objects.bulk_create(contact for contact in kept if contact.pk not in known)


def _assign(
    organization: Organization, saved: Sequence[Contact], contacts: Sequence[ContactInput]
) -> None:
    """Give each saved contact exactly the roles it was given."""
    roles = ensure_roles(
        organization=organization, names=[name for given in contacts for name in given.roles]
    )
    wanted = {
        (contact.pk, roles[role_key(name)].pk)
        for contact, given in zip(saved, contacts, strict=True)
        for name in given.roles
    }
    assigned = ContactRoleAssignment.objects.filter(contact__in=saved)
    present = {(row.contact_id, row.role_id): row.pk for row in assigned}
    surplus = [pk for pair, pk in present.items() if pair not in wanted]
    if surplus:
        ContactRoleAssignment.objects.filter(pk__in=surplus).delete()
    ContactRoleAssignment.objects.bulk_create(
        ContactRoleAssignment(organization=organization, contact_id=contact, role_id=role)
        for contact, role in sorted(wanted - present.keys())
    )


def role_key(name: str) -> str:
    """Return what tells whether two names of roles are one."""
    return " ".join(name.split()).lower()


def ensure_roles(*, organization: Organization, names: Iterable[str]) -> dict[str, ContactRole]:
    """Return the roles of these names by `role_key`, making those that are new.

    Rule: api, Naming a contact role creates it.
    """
    checks = Checks()
    wanted: dict[str, str] = {}
    for name in names:
        cleaned = checks.column(ContactRole, "name", " ".join(name.split()), required=True)
        wanted.setdefault(role_key(cleaned), cleaned)
    checks.done()
    if not wanted:
        return {}
    ContactRole.objects.bulk_create(
        (
            ContactRole(pk=uuid7(), organization=organization, name=wanted[key], key=key)
            for key in sorted(wanted)
        ),
        ignore_conflicts=True,
    )
    return {role.key: role for role in ContactRole.objects.filter(key__in=wanted)}
