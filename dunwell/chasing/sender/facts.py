"""Loads all that deciding and rendering need, for many invoices with a handful of queries.

Each invoice's chase_version is read first: whatever changes afterwards raises it, and the check
under the row lock sees that.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from dunwell.core.cadence import Channel
from dunwell.core.calendar import local_date
from dunwell.core.holds import Hold, HoldKind
from dunwell.core.mime import Attachment
from dunwell.core.money import Money
from dunwell.core.outcomes import Reason
from dunwell.core.recipients import ContactFacts, ListedAddress
from dunwell.core.sending import ChaseRules, InvoiceFacts

_INVOICES = """
SELECT i.id, i.organization_id, i.customer_id, i.number, i.currency, i.total_minor,
       i.balance_minor, i.invoice_date, i.due_date, i.due_rule, i.closed_at IS NOT NULL,
       i.version, i.chase_version, i.engagement, i.purchase_order,
       coalesce(s.enabled, false) AND NOT c.do_not_chase, coalesce(s.contacts, '{}'), c.name, c.language,
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
_ORGANIZATIONS = """
SELECT id, name, legal_name, email, phone, time_zone, locale, sandbox_now IS NOT NULL, smtp_sink,
       catch_up_hours, promise_grace_days, minimum_balances, attach_invoice,
       sender_name, sender_email, reply_to, smtp_host, smtp_port, smtp_user, smtp_secret,
       smtp_security, line1, line2, postal_code, city, region, country, tax_id
FROM tenancy_organization WHERE id = ANY(%s)
"""
_CONTACTS = """
SELECT c.customer_id, c.id, c.name, c.email, c.phone, c.line1 <> '' AND c.city <> '',
       c.receives_invoices, c.billing, c.email_blocked, c.sms_blocked,
       ARRAY(SELECT a.role_id::text FROM ledger_contactroleassignment a
             WHERE a.organization_id = c.organization_id AND a.contact_id = c.id)
FROM ledger_contact c WHERE c.organization_id = ANY(%s) AND c.customer_id = ANY(%s)
ORDER BY c.customer_id, c.created_at, c.id
"""
_HOLDS = """
SELECT invoice_id, 'pause', reason, until, NULL::bigint, started_at, ends_at
  FROM chasing_pause
  WHERE organization_id = ANY(%(orgs)s) AND invoice_id = ANY(%(ids)s) AND ends_at > %(since)s
UNION ALL
SELECT invoice_id, 'promise', note, promised_on, NULL, said_at, settled_at FROM ledger_promise
  WHERE organization_id = ANY(%(orgs)s) AND invoice_id = ANY(%(ids)s)
    AND (state = 'open' OR settled_at > %(since)s)
UNION ALL
SELECT invoice_id, 'dispute', reason, NULL, amount_minor, opened_at, resolved_at
  FROM ledger_dispute
  WHERE organization_id = ANY(%(orgs)s) AND invoice_id = ANY(%(ids)s)
    AND (resolved_at IS NULL OR resolved_at > %(since)s)
"""
_CREDIT = """
SELECT customer_id, currency, sum(unapplied_minor)::bigint FROM (
  SELECT customer_id, currency, unapplied_minor FROM ledger_payment
    WHERE organization_id = ANY(%(orgs)s) AND customer_id = ANY(%(customers)s)
      AND unapplied_minor > 0
  UNION ALL
  SELECT customer_id, currency, unapplied_minor FROM ledger_creditnote
    WHERE organization_id = ANY(%(orgs)s) AND customer_id = ANY(%(customers)s)
      AND unapplied_minor > 0
) credit GROUP BY 1, 2
"""
_REACHED = """
SELECT invoice_id, channel, contact_id, lower(to_address), planned_send_id, local_day
FROM inbox_delivery
WHERE organization_id = ANY(%s) AND invoice_id = ANY(%s) AND local_day >= %s
  AND state IN ('queued', 'sending', 'sent', 'delivered', 'uncertain')
"""
_PROMISED = """
SELECT DISTINCT ON (invoice_id) invoice_id, promised_on, amount_minor FROM ledger_promise
WHERE organization_id = ANY(%s) AND invoice_id = ANY(%s) ORDER BY invoice_id, said_at DESC
"""
_BANKS = """
SELECT organization_id, holder, bank, iban, bic, account_number, routing_number, currency
FROM tenancy_bankaccount WHERE organization_id = ANY(%s) ORDER BY id
"""
_TEMPLATES = """
SELECT organization_id, name, channel, language, id, subject, text, html
FROM chasing_messagetemplate WHERE organization_id = ANY(%s)
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
class OrganizationFacts:
    """An organization as the sender needs it."""

    id: UUID
    name: str
    email: str
    phone: str
    zone: ZoneInfo
    locale: str
    sandbox: bool
    smtp_sink: str
    rules: ChaseRules
    minimum_balances: Mapping[str, str]
    attach_invoice: bool
    sender_name: str
    sender_email: str
    reply_to: str
    smtp: tuple[str, int, str, str, str]
    address: tuple[str, ...]
    country: str
    banks: tuple[tuple[str, ...], ...]
    tax_id: str
    templates: Mapping[tuple[str, str, str], "OwnTemplate"]


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """An organization's own wording of one template, channel and language."""

    id: UUID
    subject: str
    text: str
    html: str


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
    promise: tuple[date, int] | None
    lines: Sequence[Line]
    original: Attachment | None
    customer_address: tuple[str, ...]
    customer_tax_id: str
    customer_number: str
    invoice: InvoiceFacts


def load_organizations(cursor: Any, ids: Sequence[UUID]) -> dict[UUID, OrganizationFacts]:
    """Load organizations by id."""
    banks: dict[UUID, list[tuple[str, ...]]] = defaultdict(list)
    for organization, *parts in cursor.execute(_BANKS, [ids]).fetchall():
        banks[organization].append(tuple(parts))
    templates: dict[UUID, dict[tuple[str, str, str], OwnTemplate]] = defaultdict(dict)
    for organization, name, channel, language, *parts in cursor.execute(_TEMPLATES, [ids]):
        templates[organization][name, channel, language] = OwnTemplate(*parts)
    found = {}
    for row in cursor.execute(_ORGANIZATIONS, [ids]).fetchall():
        found[row[0]] = _organization(row, tuple(banks.get(row[0], ())), templates.get(row[0], {}))
    return found


def _organization(
    row: Sequence[Any],
    banks: tuple[tuple[str, ...], ...],
    templates: Mapping[tuple[str, str, str], OwnTemplate],
) -> OrganizationFacts:
    zone = ZoneInfo(row[5])
    return OrganizationFacts(
        id=row[0],
        name=row[2] or row[1],
        email=row[3],
        phone=row[4],
        zone=zone,
        locale=row[6],
        sandbox=row[7],
        smtp_sink=row[8],
        rules=ChaseRules(zone=zone, grace_days=row[10], catch_up_window=timedelta(hours=row[9])),
        minimum_balances=row[11],
        attach_invoice=row[12],
        sender_name=row[13] or row[1],
        sender_email=row[14],
        reply_to=row[15],
        smtp=(row[16], row[17], row[18], row[19], row[20]),
        address=address_lines(*row[21:27]),
        country=row[26],
        banks=banks,
        tax_id=row[27],
        templates=templates,
    )


def load_subjects(
    cursor: Any, *, invoice_ids: Iterable[UUID], since: datetime, now: datetime
) -> dict[UUID, Subject]:
    """Load invoices with contacts, holds and who was reached today.

    `since` is the earliest planned instant in question (holds that ended before it do not
    matter), `now` the instant of the decision. Invoices without a schedule are not returned.
    """
    ids = sorted(set(invoice_ids))
    rows = cursor.execute(_INVOICES, [ids]).fetchall()
    orgs = sorted({row[1] for row in rows})
    customers = sorted({row[2] for row in rows})
    organizations = load_organizations(cursor, orgs)
    around = _Around(cursor, orgs, customers, ids, since, now)
    return {row[0]: _subject(row, organizations[row[1]], around, now) for row in rows}


class _Around:
    """What surrounds invoices: contacts, holds, credit, today's messages, promises, owners."""

    def __init__(
        self,
        cursor: Any,
        orgs: Sequence[UUID],
        customers: Sequence[UUID],
        ids: Sequence[UUID],
        since: datetime,
        now: datetime,
    ) -> None:
        self.contacts: dict[UUID, list[ContactFacts]] = defaultdict(list)
        self.names: dict[UUID, dict[UUID, str]] = defaultdict(dict)
        for customer, contact, name, *facts in cursor.execute(_CONTACTS, [orgs, customers]):
            self.contacts[customer].append(_contact(contact, facts))
            self.names[customer][contact] = name
        self.holds: dict[UUID, list[Hold]] = defaultdict(list)
        parameters = {"orgs": orgs, "ids": ids, "since": since, "customers": customers}
        for invoice, kind, reason, until, covers, begun, ended in cursor.execute(
            _HOLDS, parameters
        ):
            self.holds[invoice].append(Hold(HoldKind(kind), reason, until, covers, begun, ended))
        self.credit: dict[tuple[UUID, str], int] = {
            (customer, currency): minor
            for customer, currency, minor in cursor.execute(_CREDIT, parameters)
        }
        earliest = (now - timedelta(hours=26)).date()
        self.reached: dict[UUID, list[tuple[str, UUID | None, str, UUID, date]]] = defaultdict(list)
        for invoice, *rest in cursor.execute(_REACHED, [orgs, ids, earliest]):
            self.reached[invoice].append((rest[0], rest[1], rest[2], rest[3], rest[4]))
        self.promises = {
            invoice: (day, minor) for invoice, day, minor in cursor.execute(_PROMISED, [orgs, ids])
        }
        self.lines: dict[UUID, list[Line]] = defaultdict(list)
        for invoice, *parts in cursor.execute(_LINES, [orgs, ids]):
            self.lines[invoice].append(Line(*parts))
        self.originals = {
            invoice: Attachment(name, content_type, bytes(data))
            for invoice, name, content_type, data in cursor.execute(_ORIGINALS, [orgs, ids])
        }
        self.owners = {
            member: (name, email) for member, name, email in cursor.execute(_OWNERS, [orgs])
        }


def _contact(contact: UUID, facts: Sequence[Any]) -> ContactFacts:
    email, phone, postal, receives, billing, email_blocked, sms_blocked, roles = facts
    return ContactFacts(
        id=contact,
        email=email or None,
        phone=phone or None,
        has_postal_address=postal,
        roles=frozenset(roles),
        receives_invoices=receives,
        billing=billing,
        email_blocked=Reason(email_blocked) if email_blocked else None,
        sms_blocked=Reason(sms_blocked) if sms_blocked else None,
    )


def _subject(
    row: Sequence[Any], organization: OrganizationFacts, around: _Around, now: datetime
) -> Subject:
    (
        invoice,
        _organization_id,
        customer,
        number,
        currency,
        total,
        balance,
        invoice_date,
        due_date,
        due_rule,
        closed,
        version,
        chase_version,
        engagement,
        order,
        chasing_on,
        own_list,
        customer_name,
        language,
        ever_sent,
        owner,
        line1,
        line2,
        postal_code,
        city,
        region,
        country,
        tax_id,
        customer_number,
    ) = row
    today = local_date(now, organization.zone)
    holds = list(around.holds.get(invoice, ()))
    if credit := around.credit.get((customer, currency)):
        holds.append(Hold(HoldKind.CREDIT, covers_minor=credit))
    reached: dict[tuple[Channel, UUID | str], UUID] = {}
    for channel, contact, address, send, day in around.reached.get(invoice, ()):
        if day == today:
            for person in (contact, address):
                if person:
                    reached[Channel(channel), person] = send
    return Subject(
        id=invoice,
        organization=organization,
        customer_id=customer,
        customer_name=customer_name,
        number=number,
        currency=currency,
        total_minor=total,
        balance_minor=balance,
        invoice_date=invoice_date,
        due_date=due_date,
        due_rule=due_rule,
        version=version,
        chase_version=chase_version,
        engagement=engagement,
        purchase_order=order,
        language=language or organization.locale,
        owner=around.owners.get(owner, ("", "")),
        contact_names=around.names.get(customer, {}),
        promise=around.promises.get(invoice),
        lines=around.lines.get(invoice, ()),
        original=around.originals.get(invoice),
        customer_address=address_lines(line1, line2, postal_code, city, region, country),
        customer_tax_id=tax_id,
        customer_number=customer_number,
        invoice=InvoiceFacts(
            balance_minor=balance,
            due_date=due_date,
            ever_sent=ever_sent,
            closed=closed,
            chasing_on=chasing_on,
            minimum_minor=_minimum(organization, currency),
            holds=holds,
            contacts=around.contacts.get(customer, ()),
            own_list=[ListedAddress(address) for address in own_list],
            reached=reached,
        ),
    )


def address_lines(
    line1: str, line2: str, postal_code: str, city: str, region: str, country: str
) -> tuple[str, ...]:
    """Set a postal address in lines, without the empty ones."""
    lines = (line1, line2, f"{postal_code} {city}".strip(), region, country)
    return tuple(line for line in lines if line)


def _minimum(organization: OrganizationFacts, currency: str) -> int:
    """Return the minimum balance for a currency, in minor units."""
    value = organization.minimum_balances.get(currency)
    if not value:
        return 0
    return Money.parse(str(value), currency).minor
