"""Customers: who owes, and on what terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from django.db import transaction

from dunwell.core.terms import Terms
from dunwell.ledger.checks import Checks, as_json
from dunwell.ledger.constraints import refusals
from dunwell.ledger.errors import DuplicateExternalId
from dunwell.ledger.models import Customer
from dunwell.ledger.operations import history
from dunwell.ledger.operations.contacts import ContactInput, save_contacts
from dunwell.ledger.operations.locks import lock_open_invoices, raise_chase_versions
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerInput:
    """A new customer, as a form or the API gives it; `owner_id` is a member's id."""

    name: str
    external_id: str | None = None
    language: str = ""
    currency: str = ""
    tax_id: str = ""
    terms: Terms | None = None
    owner_id: UUID | None = None
    tags: Sequence[str] = ()
    notes: str = ""
    autopay: bool = False
    do_not_chase: bool = False
    do_not_chase_reason: str = ""
    address: Mapping[str, str] | None = None
    contacts: Sequence[ContactInput] = ()


class CustomerChanges(TypedDict, total=False):
    """The fields of CustomerInput that change; `contacts` replaces the whole list."""

    name: str
    external_id: str | None
    language: str
    currency: str
    tax_id: str
    terms: Terms | None
    owner_id: UUID | None
    tags: Sequence[str]
    notes: str
    autopay: bool
    do_not_chase: bool
    do_not_chase_reason: str
    address: Mapping[str, str] | None
    contacts: Sequence[ContactInput]


@transaction.atomic
def create_customer(
    *, organization: Organization, actor: Actor, now: datetime, data: CustomerInput
) -> Customer:
    """Create a customer with its contacts.

    Raises InvalidInput naming every wrong field, DuplicateExternalId.
    """
    given = {field.name: getattr(data, field.name) for field in fields(data)}
    customer = Customer(organization=organization, created_at=now, **_columns(given))
    with refusals(_taken(customer)):
        customer.save(force_insert=True)
    if data.contacts:
        save_contacts(
            organization=organization,
            actor=actor,
            now=now,
            customer_id=customer.pk,
            contacts=data.contacts,
        )
    history.happened(
        actor=actor,
        now=now,
        kind="customer_created",
        event="customer.created",
        customer=customer,
        data={"name": customer.name},
    )
    return customer


@transaction.atomic
def update_customer(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    customer_id: UUID,
    changes: CustomerChanges,
) -> Customer:
    """Change the given fields of a customer.

    `do_not_chase` stops messages that are on their way. Raises NotFound, InvalidInput,
    DuplicateExternalId.
    """
    columns = _columns(changes)
    # Before the customer's row: invoices are locked first everywhere.
    stopped = lock_open_invoices(customer_id=customer_id) if "do_not_chase" in columns else {}
    customer = lock_customer(customer_id=customer_id)
    changed = {
        name: [as_json(getattr(customer, name)), as_json(value)]
        for name, value in columns.items()
        if getattr(customer, name) != value
    }
    _store(customer, {name: columns[name] for name in changed})
    if "do_not_chase" in changed:
        raise_chase_versions(invoice_ids=stopped)
    if "contacts" in changes:
        save_contacts(
            organization=organization,
            actor=actor,
            now=now,
            customer_id=customer_id,
            contacts=changes["contacts"],
            replace=True,
        )
    if changed:
        _tell_update(actor, now, customer, changed)
    return customer


def lock_customer(*, customer_id: UUID) -> Customer:
    """Lock a customer against other changes, not against new invoices; raise NotFound."""
    found = Customer.objects.filter(pk=customer_id).select_for_update(no_key=True).first()
    if found is None:
        raise NotFound
    return found


def _store(customer: Customer, columns: Mapping[str, Any]) -> None:
    for name, value in columns.items():
        setattr(customer, name, value)
    if columns:
        with refusals(_taken(customer)):
            customer.save(update_fields=list(columns))


def _tell_update(
    actor: Actor, now: datetime, customer: Customer, changed: Mapping[str, Any]
) -> None:
    history.audited(actor=actor, now=now, action="customer.updated", row=customer, changes=changed)
    history.happened(
        actor=actor,
        now=now,
        kind="customer_updated",
        event="customer.updated",
        customer=customer,
        data={"fields": sorted(changed)},
    )


def _taken(customer: Customer) -> dict[str, Any]:
    return {
        "customer_external_id_once": DuplicateExternalId(external_id=customer.external_id or "")
    }


def _columns(given: Mapping[str, Any]) -> dict[str, Any]:
    """Check what is given and turn it into columns; raises InvalidInput."""
    checks = Checks()
    columns: dict[str, Any] = {}
    for name in ("name", "tax_id", "notes", "do_not_chase_reason"):
        if name in given:
            columns[name] = checks.column(Customer, name, given[name], required=name == "name")
    for name in ("autopay", "do_not_chase"):
        if name in given:
            columns[name] = given[name]
    columns |= _codes(checks, given)
    if "address" in given:
        columns |= checks.address("address", Customer, given["address"])
    if "tags" in given:
        columns["tags"] = _tags(checks, given["tags"])
    if "owner_id" in given:
        columns["owner_id"] = checks.owner("owner", given["owner_id"])
    if "terms" in given:
        terms: Terms | None = given["terms"]
        columns["terms_days"] = None if terms is None else terms.days
        columns["terms_anchor"] = None if terms is None else terms.anchor.value
    checks.done()
    return columns


def _codes(checks: Checks, given: Mapping[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if "external_id" in given:
        value = given["external_id"] or ""
        columns["external_id"] = checks.column(Customer, "external_id", value) or None
    if "language" in given:
        columns["language"] = checks.language("language", given["language"])
    if "currency" in given:
        columns["currency"] = checks.currency("currency", given["currency"])
    return columns


def _tags(checks: Checks, tags: Sequence[str]) -> list[str]:
    """Clean the tags and keep each once, in their order."""
    cleaned = [checks.text(f"tags.{n}", tag, limit=50) for n, tag in enumerate(tags)]
    return [tag for tag in dict.fromkeys(cleaned) if tag]
