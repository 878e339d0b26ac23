"""Customers and their contacts, timelines and statements."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Status
from pydantic import BaseModel, Field

from dunwell import flows
from dunwell.api import paging, shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.ledger.models import Contact, Customer
from dunwell.ledger.operations import (
    ContactInput,
    CustomerChanges,
    CustomerInput,
    create_customer,
)
from dunwell.overview import search
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.roles import Permission

router = Router(tags=["customers"])


class ContactIn(shapes.Body):
    """A person at a customer; naming a role creates it."""

    id: UUID | None = None
    name: shapes.Line | None = None
    email: shapes.Line | None = None
    phone: shapes.Line | None = None
    address: shapes.AddressIn | None = None
    time_zone: shapes.Line | None = None
    roles: Annotated[list[shapes.Line], Field(max_length=100)] = []
    receives_invoices: shapes.YesNo = False
    billing: shapes.YesNo = False

    def read(self) -> ContactInput:
        """Return the ledger's input."""
        return ContactInput(
            id=self.id,
            name=self.name or "",
            email=self.email or "",
            phone=self.phone or "",
            address=None if self.address is None else self.address.read(),
            time_zone=self.time_zone or "",
            roles=self.roles,
            receives_invoices=self.receives_invoices,
            billing=self.billing,
        )


class CustomerFields(shapes.Body):
    """What can be given of a customer; `contacts` is the whole list."""

    external_id: shapes.Line | None = None
    language: shapes.Line | None = None
    currency: shapes.Line | None = None
    tax_id: shapes.Line | None = None
    terms: shapes.TermsIn | None = None
    owner: Annotated[shapes.Line | None, Field(description="A member's id or email")] = None
    tags: Annotated[list[shapes.Line], Field(max_length=100)] = []
    notes: shapes.Text | None = None
    address: shapes.AddressIn | None = None
    contacts: Annotated[list[ContactIn], Field(max_length=500)] = []
    autopay: shapes.YesNo = False
    do_not_chase: shapes.YesNo = False
    do_not_chase_reason: shapes.Line | None = None


class CustomerIn(CustomerFields):
    """A new customer."""

    name: shapes.Line


class CustomerPatch(CustomerFields):
    """The fields of a customer that change."""

    name: shapes.Line = ""


class ContactOut(BaseModel):
    """A person at a customer; `email_blocked` says why the address is no longer used."""

    id: UUID
    name: str
    email: str
    phone: str
    address: shapes.AddressOut
    time_zone: str
    roles: list[str]
    receives_invoices: bool
    billing: bool
    email_blocked: str | None


class CustomerOut(BaseModel):
    """A customer."""

    id: UUID
    name: str
    external_id: str | None
    language: str | None
    currency: str | None
    tax_id: str
    terms: shapes.TermsOut | None
    owner: shapes.OwnerOut | None
    tags: list[str]
    notes: str
    address: shapes.AddressOut
    contacts: list[ContactOut]
    autopay: bool
    do_not_chase: bool
    do_not_chase_reason: str
    created_at: shapes.Instant


@router.post("", response={201: CustomerOut})
def create(request: HttpRequest, data: CustomerIn) -> Any:
    """Create a customer."""
    place = here(request, Permission.LEDGER_WRITE)
    made = create_customer(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        data=CustomerInput(**_fields(data)),
    )
    return Status(201, one(place, made.pk))


@router.get("", response=Page[CustomerOut])
def find(
    request: HttpRequest,
    *,
    limit: Limit = 50,
    cursor: Cursor = "",
    q: Annotated[str, Query(max_length=200, description="Part of name or external id")] = "",
    external_id: Annotated[str, Query(max_length=100)] = "",
    tag: Annotated[str, Query(max_length=50)] = "",
    owner: Annotated[str, Query(max_length=254, description="A member's id or email")] = "",
) -> Any:
    """List customers."""
    place = here(request)
    rows = _customers()
    if q.strip():
        rows = rows.filter(pk__in=search.customer_ids(text=q))
    if external_id:
        rows = rows.filter(external_id=external_id)
    if tag:
        rows = rows.filter(tags__contains=[tag])
    if owner:
        rows = rows.filter(owner_id=shapes.member_id("owner", owner))
    return paging.page(
        rows,
        order=["id"],
        limit=limit,
        cursor=cursor,
        present=lambda found: present(place, found),
    )


@router.get("/{uuid:customer_id}", response=CustomerOut)
def read(request: HttpRequest, customer_id: UUID) -> Any:
    """Read a customer."""
    return one(here(request), customer_id)


@router.patch("/{uuid:customer_id}", response=CustomerOut)
def change(request: HttpRequest, customer_id: UUID, data: CustomerPatch) -> Any:
    """Change a customer."""
    place = here(request, Permission.LEDGER_WRITE)
    flows.update_customer(
        organization=place.organization,
        actor=place.actor,
        now=place.now,
        customer_id=customer_id,
        changes=CustomerChanges(**_fields(data)),  # type: ignore[typeddict-item]  # checked by the body
    )
    return one(place, customer_id)


def one(place: Here, customer_id: UUID) -> dict[str, Any]:
    """Write one customer. Raises NotFound."""
    found = _customers().filter(pk=customer_id).first()
    if found is None:
        raise NotFound(_("There is no such customer."))
    return present(place, [found])[0]


def require(customer_id: UUID) -> None:
    """Raise NotFound unless the customer is of this organization."""
    if not Customer.objects.filter(pk=customer_id).exists():
        raise NotFound(_("There is no such customer."))


def present(place: Here, rows: Sequence[Customer]) -> list[dict[str, Any]]:
    """Write customers with their contacts."""
    owners = shapes.Owners(place.organization)
    return [_present(row, owners, place.organization.zone) for row in rows]


def contact(row: Contact) -> dict[str, Any]:
    """Write a contact whose roles were prefetched."""
    return {
        "id": row.pk,
        "name": row.name,
        "email": row.email,
        "phone": row.phone,
        "address": row.address,
        "time_zone": row.time_zone,
        "roles": sorted(each.role.name for each in row.role_assignments.all()),
        "receives_invoices": row.receives_invoices,
        "billing": row.billing,
        "email_blocked": row.email_blocked or None,
    }


def _present(row: Customer, owners: shapes.Owners, zone: ZoneInfo) -> dict[str, Any]:
    contacts = sorted(row.contacts.all(), key=lambda each: (each.created_at, each.pk))
    return {
        "id": row.pk,
        "name": row.name,
        "external_id": row.external_id,
        "language": row.language or None,
        "currency": row.currency or None,
        "tax_id": row.tax_id,
        "terms": shapes.terms(row.terms),
        "owner": owners.first_of(row.owner_id),
        "tags": row.tags,
        "notes": row.notes,
        "address": row.address,
        "contacts": [contact(each) for each in contacts],
        "autopay": row.autopay,
        "do_not_chase": row.do_not_chase,
        "do_not_chase_reason": row.do_not_chase_reason,
        "created_at": shapes.instant(row.created_at, zone),
    }


def _customers() -> QuerySet[Customer]:
    return Customer.objects.prefetch_related("contacts__role_assignments__role")


def _fields(data: CustomerFields) -> dict[str, Any]:
    """Turn what was sent into the ledger's fields; null clears."""
    fields = data.given()
    for name in ("language", "currency", "tax_id", "notes", "do_not_chase_reason"):
        if name in fields:
            fields[name] = fields[name] or ""
    if "terms" in fields:
        fields["terms"] = data.terms and data.terms.read()
    if "owner" in fields:
        fields["owner_id"] = shapes.member_id("owner", fields.pop("owner"))
    if "address" in fields:
        fields["address"] = data.address and data.address.read()
    if "contacts" in fields:
        fields["contacts"] = [each.read() for each in data.contacts]
    return fields
