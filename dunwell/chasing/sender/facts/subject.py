"""One invoice with everything that decides about its messages and stands in them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from dunwell.chasing.sender.facts.around import Around, Concerned, Line, postal_address
from dunwell.chasing.sender.facts.late import History, LateClaim, late_claim, load_history
from dunwell.chasing.sender.facts.organization import (
    OrganizationFacts,
    address_lines,
    load_organizations,
)
from dunwell.core.cadence import Channel
from dunwell.core.calendar import local_date
from dunwell.core.mime import Attachment
from dunwell.core.postal import PostalAddress
from dunwell.core.recipients import ListedAddress
from dunwell.core.sending import InvoiceFacts
from dunwell.tenancy.database.rows import uuids

# JSON comes as text: this runs over Django's connection too, which leaves it so.
_INVOICES = """
SELECT i.id, i.organization_id, i.customer_id, i.number, i.currency, i.total_minor,
       i.balance_minor, i.invoice_date, i.due_date, i.due_rule::text, i.closed_at IS NOT NULL,
       i.version, i.chase_version, i.engagement, i.purchase_order,
       coalesce(s.enabled, false) AND NOT c.do_not_chase, coalesce(s.contacts, '{}'), c.name,
       c.language,
       i.first_marked_sent_at IS NOT NULL OR EXISTS (
         SELECT FROM chasing_firstsend f
         WHERE f.organization_id = i.organization_id AND f.invoice_id = i.id),
       coalesce(i.owner_id, c.owner_id, o.default_owner_id),
       c.line1, c.line2, c.postal_code, c.city, c.region, c.country, c.tax_id,
       coalesce(c.external_id, '')
FROM ledger_invoice i
JOIN ledger_customer c ON c.organization_id = i.organization_id AND c.id = i.customer_id
LEFT JOIN chasing_schedule s
  ON s.organization_id = i.organization_id AND s.invoice_id = i.id
JOIN tenancy_organization o ON o.id = i.organization_id
WHERE i.id = ANY(%s)
"""


class _Row(NamedTuple):
    """A row of _INVOICES."""

    id: UUID
    organization_id: UUID
    customer_id: UUID
    number: str
    currency: str
    total_minor: int
    balance_minor: int
    invoice_date: date
    due_date: date
    due_rule: str
    closed: bool
    version: int
    chase_version: int
    engagement: str
    purchase_order: str
    chasing_on: bool
    own_list: Sequence[str]
    customer_name: str
    language: str
    ever_sent: bool
    owner_id: UUID | None
    line1: str
    line2: str
    postal_code: str
    city: str
    region: str
    country: str
    tax_id: str
    customer_number: str


@dataclass(frozen=True, slots=True)
class Subject:
    """One invoice with what its messages say and what decides about them."""

    id: UUID
    organization: OrganizationFacts
    customer_id: UUID
    customer_name: str
    number: str
    currency: str
    total_minor: int
    balance_minor: int
    invoice_date: date
    due_date: date
    due_rule: Mapping[str, Any]
    version: int
    chase_version: int
    engagement: str
    purchase_order: str
    language: str
    owner: tuple[str, str]
    contact_names: Mapping[UUID, str]
    contact_postal: Mapping[UUID, PostalAddress]
    contact_zones: Mapping[UUID, str]  # of those who have one of their own
    promise: tuple[date, int] | None
    lines: Sequence[Line]
    original: Attachment | None
    customer_address: tuple[str, ...]
    customer_postal: PostalAddress
    customer_tax_id: str
    customer_number: str
    late: LateClaim | None
    invoice: InvoiceFacts


def load_subjects(
    cursor: Any, *, invoice_ids: Iterable[UUID], since: datetime, now: datetime
) -> dict[UUID, Subject]:
    """Load invoices with contacts, holds and who was reached today.

    `since` is the earliest planned instant in question (holds that ended before it do not
    matter), `now` the instant of the decision.
    """
    ids = sorted(set(invoice_ids))
    rows = [_Row(*row) for row in cursor.execute(_INVOICES, [uuids(ids)]).fetchall()]
    concerned = Concerned(
        organizations=sorted({row.organization_id for row in rows}),
        customers=sorted({row.customer_id for row in rows}),
        invoices=ids,
        since=since,
        now=now,
        own_lists=[address for row in rows for address in row.own_list],
    )
    organizations = load_organizations(cursor, concerned.organizations)
    around = Around(cursor, concerned)
    history = load_history(
        cursor,
        organizations=[each.id for each in organizations.values() if each.late],
        invoices=ids,
    )
    return {
        row.id: _subject(
            row,
            organizations[row.organization_id],
            around,
            now,
            _late(row, organizations[row.organization_id], history, now),
        )
        for row in rows
    }


def _late(
    row: _Row, organization: OrganizationFacts, history: History, now: datetime
) -> LateClaim | None:
    if organization.late is None:
        return None
    return late_claim(
        terms=organization.late,
        currency=row.currency,
        total_minor=row.total_minor,
        dates=(row.invoice_date, row.due_date),
        applied=history.get(row.id, ()),
        today=local_date(now, organization.zone),
    )


def _subject(
    row: _Row,
    organization: OrganizationFacts,
    around: Around,
    now: datetime,
    late: LateClaim | None,
) -> Subject:
    return Subject(
        id=row.id,
        organization=organization,
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        number=row.number,
        currency=row.currency,
        total_minor=row.total_minor,
        balance_minor=row.balance_minor,
        invoice_date=row.invoice_date,
        due_date=row.due_date,
        due_rule=json.loads(row.due_rule),
        version=row.version,
        chase_version=row.chase_version,
        engagement=row.engagement,
        purchase_order=row.purchase_order,
        language=row.language or organization.locale,
        owner=around.owners.get(row.owner_id, ("", "")) if row.owner_id else ("", ""),
        contact_names=around.people.names.get(row.customer_id, {}),
        contact_postal=around.people.postal.get(row.customer_id, {}),
        contact_zones=around.people.zones,
        promise=around.promises.get(row.id),
        lines=around.lines.get(row.id, ()),
        original=around.originals.get(row.id),
        customer_address=address_lines(_parts(row)),
        customer_postal=postal_address(_parts(row)),
        customer_tax_id=row.tax_id,
        customer_number=row.customer_number,
        late=late,
        invoice=_facts(row, organization, around, now),
    )


def _facts(
    row: _Row, organization: OrganizationFacts, around: Around, now: datetime
) -> InvoiceFacts:
    return InvoiceFacts(
        balance_minor=row.balance_minor,
        due_date=row.due_date,
        ever_sent=row.ever_sent,
        closed=row.closed,
        chasing_on=row.chasing_on,
        minimum_minor=_minimum(organization, row.currency),
        holds=around.holds.get(row.id, ()),
        contacts=around.people.reachable(
            row.customer_id, at=postal_address(_parts(row)), home=organization.country
        ),
        own_list=[
            ListedAddress(each, around.people.suppressed.get((row.organization_id, each.lower())))
            for each in row.own_list
        ],
        reached=_reached(row, around, local_date(now, organization.zone)),
    )


def _parts(row: _Row) -> tuple[str, ...]:
    return row.line1, row.line2, row.postal_code, row.city, row.region, row.country


def _reached(row: _Row, around: Around, today: date) -> dict[tuple[Channel, UUID | str], UUID]:
    """Map who got this invoice today, by contact and by address, to the send that did it."""
    found: dict[tuple[Channel, UUID | str], UUID] = {}
    for channel, contact, address, send, day in around.reached.get(row.id, ()):
        if day == today:
            for person in (contact, address):
                if person:
                    found[Channel(channel), person] = send
    return found


def _minimum(organization: OrganizationFacts, currency: str) -> int:
    """Return the minimum balance for a currency, in minor units."""
    return organization.minimum_balances.get(currency, 0)
