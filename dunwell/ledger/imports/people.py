"""Saves contacts of one customer from rows, leaving what the rows do not say as it is."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from dunwell.ledger.imports import entries, sql
from dunwell.ledger.imports.work import Work
from dunwell.ledger.models import Contact
from dunwell.ledger.operations.contacts import ContactInput, save_contacts
from dunwell.tenancy.models import ADDRESS_PARTS

_KEPT: Final = ("name", "email", "phone", "time_zone", "receives_invoices", *ADDRESS_PARTS)


def filled(given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is empty."""
    return {name: value for name, value in given.items() if value not in (None, "")}


def save(*, work: Work, customer_id: UUID, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """Add or change contacts; the same email address, else the same name, means the same person."""
    present = list(
        Contact.objects.filter(customer_id=customer_id).prefetch_related("role_assignments__role")
    )
    before = {
        contact.pk: entries.stored({n: getattr(contact, n) for n in _KEPT}) for contact in present
    }
    merged = {}
    for row, given in rows:
        same = _same(present, given)
        merged[same.pk if same else row] = (row, _input(same, given))
    saved = save_contacts(
        organization=work.organization,
        actor=work.actor,
        now=work.now,
        customer_id=customer_id,
        contacts=[contact for _row, contact in merged.values()],
    )
    by_person = {_person(contact.email, contact.name): contact for contact in saved}
    for row, contact in merged.values():
        pk = by_person[_person(contact.email, contact.name)].pk
        sql.run(
            _ENTRY,
            {
                **work.parameters,
                "row": row,
                "id": pk,
                "before": Jsonb(before[pk]) if pk in before else None,
            },
        )


def restore(*, work: Work, contact: Contact, before: Mapping[str, Any]) -> None:
    """Give a contact back the values that an import replaced."""
    save_contacts(
        organization=work.organization,
        actor=work.actor,
        now=work.now,
        customer_id=contact.customer_id,
        contacts=[_input(contact, before)],
    )


def _person(email: str, name: str) -> str:
    return email.lower() or name


def _same(present: Sequence[Contact], given: Mapping[str, Any]) -> Contact | None:
    email, name = str(given.get("email", "")).lower(), given.get("name", "")
    if email:
        return next((c for c in present if c.email.lower() == email), None)
    return next((c for c in present if c.name == name), None)


def _input(same: Contact | None, given: Mapping[str, Any]) -> ContactInput:
    """Lay what a row gives over what is known of the person."""
    known = {name: getattr(same, name) for name in _KEPT} if same else {}
    values = {**known, **given}
    roles = [a.role.name for a in same.role_assignments.all()] if same else []
    return ContactInput(
        id=same.pk if same else None,
        name=values.get("name", ""),
        email=values.get("email", ""),
        phone=values.get("phone", ""),
        time_zone=values.get("time_zone", ""),
        address={part: values.get(part, "") for part in ADDRESS_PARTS},
        roles=list(dict.fromkeys([*roles, *values.get("roles", ())])),
        receives_invoices=bool(values.get("receives_invoices", False)),
        billing=bool(values.get("billing", same.billing if same else False)),
    )


_ENTRY: Final = entries.insert(
    "contact",
    label="coalesce(nullif(x.email, ''), x.name)",
    row="%(row)s",
    before="%(before)s::jsonb",
    source="FROM ledger_contact x WHERE x.organization_id = %(organization)s AND x.id = %(id)s",
)
