"""What surrounds invoices: contacts, holds, credit, today's messages, lines, promises, owners."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from dunwell.chasing.holds import all_holds
from dunwell.core.mime import Attachment
from dunwell.core.outcomes import Reason
from dunwell.core.postal import PostalAddress
from dunwell.core.recipients import ContactFacts
from dunwell.tenancy.database.rows import uuids
from dunwell.tenancy.numbers import normalized

_CONTACTS = """
SELECT c.organization_id, c.customer_id, c.id, c.name, c.email, c.phone,
       c.time_zone, c.line1, c.line2, c.postal_code, c.city, c.region, c.country,
       c.receives_invoices, c.billing, c.email_blocked, c.sms_blocked,
       ARRAY(SELECT a.role_id::text FROM ledger_contactroleassignment a
             WHERE a.organization_id = c.organization_id AND a.contact_id = c.id)
FROM ledger_contact c WHERE c.organization_id = ANY(%s) AND c.customer_id = ANY(%s)
ORDER BY c.customer_id, c.created_at, c.id
"""
_SUPPRESSED = """
SELECT organization_id, address, reason FROM ledger_suppression
WHERE organization_id = ANY(%s) AND channel = 'email' AND address = ANY(%s)
"""
# For each invoice over the index of its deliveries: the order asked for is the one it has, and
# keeps the planner, also one without statistics, from reading all the organization's.
_REACHED = """
SELECT reached.* FROM ledger_invoice i
CROSS JOIN LATERAL (
  SELECT i.id, d.channel, d.contact_id, lower(d.to_address), d.planned_send_id, d.local_day
  FROM inbox_delivery d
  WHERE d.organization_id = i.organization_id AND d.invoice_id = i.id AND d.local_day >= %s
    AND d.planned_send_id IS NOT NULL
    AND d.state IN ('queued', 'sending', 'sent', 'delivered', 'uncertain')
  ORDER BY d.local_day
) reached
WHERE i.id = ANY(%s)
"""
_PROMISED = """
SELECT DISTINCT ON (invoice_id) invoice_id, promised_on, amount_minor FROM ledger_promise
WHERE organization_id = ANY(%s) AND invoice_id = ANY(%s) ORDER BY invoice_id, said_at DESC
"""
_LINES = """
SELECT invoice_id, description, quantity, unit_price, tax_rate, net_minor, tax_minor
FROM ledger_invoiceline WHERE organization_id = ANY(%s) AND invoice_id = ANY(%s)
ORDER BY invoice_id, position
"""
_ORIGINALS = """
SELECT invoice_id, name, content_type, data FROM ledger_invoicedocument
WHERE organization_id = ANY(%s) AND invoice_id = ANY(%s) AND original
"""
_OWNERS = "SELECT id, name, email FROM tenancy_member WHERE organization_id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice as its document shows it; money in minor units."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    tax_rate: Decimal | None
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whose surroundings to load. `since`: holds that ended before it do not matter."""

    organizations: Sequence[UUID]
    customers: Sequence[UUID]
    invoices: Sequence[UUID]
    since: datetime
    now: datetime
    own_lists: Sequence[str] = ()


class Around:
    """Everything about some invoices that stands in other tables, by invoice or customer."""

    def __init__(self, cursor: Any, concerned: Concerned) -> None:
        orgs, ids = uuids(concerned.organizations), uuids(concerned.invoices)
        self.people = load_people(
            cursor,
            organizations=orgs,
            customers=uuids(concerned.customers),
            own_lists=concerned.own_lists,
        )
        self.holds = all_holds(
            cursor=cursor, invoice_ids=concerned.invoices, ended_after=concerned.since
        )
        earliest = (concerned.now - timedelta(hours=26)).date()
        self.reached: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
        for invoice, *rest in cursor.execute(_REACHED, [earliest, ids]).fetchall():
            self.reached[invoice].append(tuple(rest))
        self.promises: dict[UUID, tuple[date, int]] = {
            invoice: (day, minor)
            for invoice, day, minor in cursor.execute(_PROMISED, [orgs, ids]).fetchall()
        }
        self.lines: dict[UUID, list[Line]] = defaultdict(list)
        for invoice, *parts in cursor.execute(_LINES, [orgs, ids]).fetchall():
            self.lines[invoice].append(Line(*parts))
        self.originals: dict[UUID, Attachment] = {
            invoice: Attachment(name, content_type, bytes(data))
            for invoice, name, content_type, data in cursor.execute(
                _ORIGINALS, [orgs, ids]
            ).fetchall()
        }
        self.owners = load_owners(cursor, organizations=orgs)


@dataclass(frozen=True, slots=True)
class People:
    """Customers' contacts in their order, and what is known of them, by customer.

    `suppressed` are addresses that are not used any more, by organization; `zones` the time zones
    of contacts that have one of their own.
    """

    contacts: Mapping[UUID, Sequence[ContactFacts]]
    names: Mapping[UUID, Mapping[UUID, str]]
    postal: Mapping[UUID, Mapping[UUID, PostalAddress]]
    zones: Mapping[UUID, str]
    suppressed: Mapping[tuple[UUID, str], Reason]

    def reachable(self, customer: UUID, *, at: PostalAddress, home: str) -> Sequence[ContactFacts]:
        """Give the contacts with numbers as dialled; who has no address lives at the customer's.

        A number without country code is of the contact's country, else the customer's, else ours.
        """
        found = []
        for contact in self.contacts.get(customer, ()):
            if contact.phone or (at.usable and not contact.has_postal_address):
                own = self.postal[customer][contact.id].country
                phone = contact.phone and normalized(contact.phone, own or at.country or home)
                known = replace(contact, phone=phone or contact.phone)
                found.append(
                    replace(known, has_postal_address=contact.has_postal_address or at.usable)
                )
            else:
                found.append(contact)
        return found


def load_people(
    cursor: Any, *, organizations: str, customers: str, own_lists: Iterable[str] = ()
) -> People:
    """Load customers' contacts; also which addresses of theirs and of `own_lists` are not used."""
    rows = cursor.execute(_CONTACTS, [organizations, customers]).fetchall()
    addresses = {row[4].lower() for row in rows if row[4]}
    addresses |= {address.lower() for address in own_lists}
    listed = cursor.execute(_SUPPRESSED, [organizations, sorted(addresses)]).fetchall()
    suppressed = {
        (organization, address): Reason(reason) for organization, address, reason in listed
    }
    contacts: dict[UUID, list[ContactFacts]] = defaultdict(list)
    names: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    postal: dict[UUID, dict[UUID, PostalAddress]] = defaultdict(dict)
    zones: dict[UUID, str] = {}
    for organization, customer, contact, name, *facts in rows:
        known = suppressed.get((organization, facts[0].lower()))
        contacts[customer].append(_contact(contact, facts, known))
        names[customer][contact] = name
        postal[customer][contact] = postal_address(facts[3:9])
        if facts[2]:
            zones[contact] = facts[2]
    return People(contacts, names, postal, zones, suppressed)


def load_owners(cursor: Any, *, organizations: str) -> dict[UUID, tuple[str, str]]:
    """Load the names and addresses of organizations' members."""
    rows = cursor.execute(_OWNERS, [organizations]).fetchall()
    return {member: (name, email) for member, name, email in rows}


def postal_address(parts: Sequence[str]) -> PostalAddress:
    """Read the six parts of a postal address, in the order of the columns."""
    line1, line2, postal_code, city, region, country = parts
    return PostalAddress(
        line1=line1,
        line2=line2,
        postal_code=postal_code,
        city=city,
        region=region,
        country=country,
    )


def _contact(contact: UUID, facts: Sequence[Any], suppressed: Reason | None) -> ContactFacts:
    email, phone, _zone, *postal, receives, billing, email_blocked, sms_blocked, roles = facts
    return ContactFacts(
        id=contact,
        email=email or None,
        phone=phone or None,
        has_postal_address=postal_address(postal).usable,
        roles=frozenset(roles),
        receives_invoices=receives,
        billing=billing,
        email_blocked=Reason(email_blocked) if email_blocked else suppressed,
        sms_blocked=Reason(sms_blocked) if sms_blocked else None,
    )
