"""The organization's settings, its members and the names of its contact roles."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Status
from pydantic import BaseModel, Field

from dunwell import flows
from dunwell.api import paging, shapes
from dunwell.api.door import Here, here
from dunwell.api.paging import Cursor, Limit, Page
from dunwell.flows import settings
from dunwell.ledger.models import ContactRole
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import Member, Organization
from dunwell.tenancy.operations import dkim
from dunwell.tenancy.roles import Permission

router = Router(tags=["organization"])
members = Router(tags=["organization"])
contact_roles = Router(tags=["organization"])

_TEXTS = (
    "legal_name", "tax_id", "email", "phone", "invoice_prefix", "holiday_calendar", "sender_name",
    "sender_email", "reply_to", "smtp_host", "smtp_user", "smtp_password", "late_rate", "late_law",
    "copy_address",
)  # fmt: skip
_SHOWN = (
    "id", "slug", "name", "legal_name", "tax_id", "email", "phone", "time_zone", "currency",
    "locale", "sandbox", "invoice_prefix", "catch_up_hours", "promise_grace_days",
    "business_days_only", "holiday_calendar", "attach_invoice", "stale_after_days",
    "late_interest", "late_rate", "late_fee", "late_law", "reference_rates",
    "contact_cap", "sms_quiet_from", "sms_quiet_until",
    "sender_name", "sender_email", "reply_to", "smtp_host", "smtp_port",
    "smtp_user", "smtp_security", "address", "track_opened", "list_unsubscribe", "copy_to",
    "copy_address",
)  # fmt: skip


class OrganizationPatch(shapes.Body):
    """The settings that change."""

    name: shapes.Line = ""
    legal_name: shapes.Line | None = None
    tax_id: shapes.Line | None = None
    email: shapes.Line | None = None
    phone: shapes.Line | None = None
    address: shapes.AddressIn | None = None
    time_zone: shapes.Line = ""
    currency: shapes.Line = ""
    locale: shapes.Line = ""
    terms: shapes.TermsIn = shapes.TermsIn(days=30)
    invoice_prefix: shapes.Line | None = None
    catch_up_hours: shapes.Whole = 24
    promise_grace_days: shapes.Whole = 3
    business_days_only: shapes.YesNo = False
    holiday_calendar: shapes.Line | None = None
    minimum_balances: Annotated[list[shapes.MoneyIn], Field(max_length=200)] = []
    attach_invoice: shapes.YesNo = True
    stale_after_days: shapes.Whole = 7
    late_interest: Literal["off", "statutory", "agreed"] = "off"
    late_rate: shapes.Line | None = None
    late_fee: shapes.YesNo = False
    late_law: shapes.Line | None = None
    reference_rates: Annotated[dict[str, str], Field(max_length=100)] = {}
    contact_cap: shapes.Whole | None = None
    sms_quiet_from: shapes.Whole | None = None
    sms_quiet_until: shapes.Whole | None = None
    sender_name: shapes.Line | None = None
    sender_email: shapes.Line | None = None
    reply_to: shapes.Line | None = None
    smtp_host: shapes.Line | None = None
    smtp_port: shapes.Whole = 587
    smtp_user: shapes.Line | None = None
    smtp_password: shapes.Line | None = None
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    track_opened: shapes.YesNo = False
    list_unsubscribe: shapes.YesNo = False
    copy_to: Literal["", "owner", "address"] = ""
    copy_address: shapes.Line | None = None


class DkimOut(BaseModel):
    """The TXT record under which receivers find the key that our mails are signed with."""

    name: str
    value: str


class DkimIn(shapes.Body):
    """For which domain to sign, and under which selector."""

    domain: Annotated[str, Field(max_length=253)]
    selector: Annotated[str, Field(max_length=63)] = "dunwell"


class OrganizationOut(BaseModel):
    """The organization; its clock's instant is `now`."""

    id: UUID
    slug: str
    name: str
    legal_name: str
    tax_id: str
    email: str
    phone: str
    address: shapes.AddressOut
    time_zone: str
    currency: str
    locale: str
    sandbox: bool
    now: shapes.Instant
    terms: shapes.TermsOut
    invoice_prefix: str
    catch_up_hours: int
    promise_grace_days: int
    business_days_only: bool
    holiday_calendar: str
    minimum_balances: list[shapes.MoneyOut]
    attach_invoice: bool
    stale_after_days: int
    late_interest: str
    late_rate: str
    late_fee: bool
    late_law: str
    reference_rates: dict[str, str]
    contact_cap: int | None
    sms_quiet_from: int | None
    sms_quiet_until: int | None
    default_owner: shapes.OwnerOut | None
    sender_name: str
    sender_email: str
    reply_to: str
    smtp_host: str
    smtp_port: int
    smtp_user: str
    smtp_security: str
    track_opened: bool
    list_unsubscribe: bool
    copy_to: str
    copy_address: str
    dkim: DkimOut | None


class MemberOut(BaseModel):
    """A person of the organization."""

    id: UUID
    name: str
    email: str
    role: Literal["owner", "admin", "member", "viewer"]
    active: bool
    joined_at: shapes.Instant


class RoleIn(shapes.Body):
    """The name of a contact role."""

    name: Annotated[str, Field(max_length=200)]


class RoleOut(BaseModel):
    """A label that contacts can have."""

    id: UUID
    name: str


@router.get("", response=OrganizationOut)
def read(request: HttpRequest) -> Any:
    """Read the organization."""
    place = here(request)
    return present(place, place.organization)


@router.patch("", response=OrganizationOut)
def change(request: HttpRequest, data: OrganizationPatch) -> Any:
    """Change settings."""
    place = here(request, Permission.SETTINGS)
    changed = flows.change_settings(changes=_changes(data), actor=place.actor, now=place.now)
    return present(place, changed)


@router.put("/dkim", response=DkimOut)
def make_dkim(request: HttpRequest, data: DkimIn) -> Any:
    """Make a new key to sign mails with; publish the record that is answered."""
    place = here(request, Permission.SETTINGS)
    made = dkim.make_dkim_key(
        domain=data.domain, selector=data.selector, actor=place.actor, now=place.now
    )
    return {"name": made.name, "value": made.value}


@router.delete("/dkim", response={204: None})
def remove_dkim(request: HttpRequest) -> Any:
    """Sign no more."""
    place = here(request, Permission.SETTINGS)
    dkim.remove_dkim_key(actor=place.actor, now=place.now)
    return Status(204, None)


@members.get("", response=Page[MemberOut])
def find_members(request: HttpRequest, limit: Limit = 100, cursor: Cursor = "") -> Any:
    """List members."""
    place = here(request)
    return paging.page(
        Member.objects.all(),
        order=["id"],
        limit=limit,
        cursor=cursor,
        present=lambda rows: [
            {
                "id": row.pk,
                "name": row.name,
                "email": row.email,
                "role": row.role,
                "active": row.active,
                "joined_at": shapes.instant(row.joined_at, place.organization.zone),
            }
            for row in rows
        ],
    )


@contact_roles.get("", response=Page[RoleOut])
def find_roles(request: HttpRequest, limit: Limit = 100, cursor: Cursor = "") -> Any:
    """List contact roles."""
    here(request)
    return paging.page(
        ContactRole.objects.all(),
        order=["key", "id"],
        limit=limit,
        cursor=cursor,
        present=lambda rows: [_role(row) for row in rows],
    )


@contact_roles.post("", response={201: RoleOut})
def add_role(request: HttpRequest, data: RoleIn) -> Any:
    """Add a contact role."""
    place = here(request, Permission.SETTINGS)
    made = settings.add_contact_role(
        organization=place.organization, name=data.name, actor=place.actor, now=place.now
    )
    return Status(201, _role(made))


@contact_roles.get("/{uuid:role_id}", response=RoleOut)
def read_role(request: HttpRequest, role_id: UUID) -> Any:
    """Read a contact role."""
    here(request)
    found = ContactRole.objects.filter(pk=role_id).first()
    if found is None:
        raise NotFound(_("There is no such role."))
    return _role(found)


@contact_roles.patch("/{uuid:role_id}", response=RoleOut)
def rename_role(request: HttpRequest, role_id: UUID, data: RoleIn) -> Any:
    """Rename a contact role."""
    place = here(request, Permission.SETTINGS)
    return _role(
        settings.rename_contact_role(
            role_id=role_id, name=data.name, actor=place.actor, now=place.now
        )
    )


@contact_roles.delete("/{uuid:role_id}", response={204: None})
def remove_role(request: HttpRequest, role_id: UUID) -> Any:
    """Remove a contact role."""
    place = here(request, Permission.SETTINGS)
    settings.remove_contact_role(role_id=role_id, actor=place.actor, now=place.now)
    return Status(204, None)


def present(place: Here, row: Organization) -> dict[str, Any]:
    """Write the organization."""
    return {
        **{name: getattr(row, name) for name in _SHOWN},
        "now": shapes.instant(place.now, row.zone),
        "terms": shapes.terms(row.terms),
        "minimum_balances": [
            shapes.money_of(minor, code) for code, minor in sorted(row.minimum_balances.items())
        ],
        "dkim": _dkim(row),
        "default_owner": shapes.Owners(row).first_of(),
    }


def _dkim(row: Organization) -> dict[str, str] | None:
    record = dkim.dkim_record(organization=row)
    return {"name": record.name, "value": record.value} if record else None


def _role(row: ContactRole) -> dict[str, Any]:
    return {"id": row.pk, "name": row.name}


def _changes(data: OrganizationPatch) -> dict[str, Any]:
    """Turn what was sent into the names of the settings; null clears."""
    changes = data.given()
    for name in _TEXTS:
        if name in changes:
            changes[name] = changes[name] or ""
    if "address" in changes:
        del changes["address"]
        changes |= (data.address or shapes.AddressIn()).read()
    if "terms" in changes:
        del changes["terms"]
        changes |= {"terms_days": data.terms.days, "terms_anchor": data.terms.anchor}
    if "minimum_balances" in changes:
        amounts = [
            each.read(f"minimum_balances.{n}") for n, each in enumerate(data.minimum_balances)
        ]
        changes["minimum_balances"] = {each.currency: each.text for each in amounts}
    return changes
