"""What surrounds invoices: contacts, holds, credit, today's messages, lines, promises, owners."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from dunwell.chasing.sender.rows import uuids
from dunwell.core.holds import Hold, HoldKind
from dunwell.core.mime import Attachment
from dunwell.core.outcomes import Reason
from dunwell.core.recipients import ContactFacts

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


class Around:
    """Everything about some invoices that stands in other tables, by invoice or customer."""

    def __init__(self, cursor: Any, concerned: Concerned) -> None:
        orgs, ids = uuids(concerned.organizations), uuids(concerned.invoices)
        self._contacts(cursor, orgs, uuids(concerned.customers))
        self._holds(cursor, concerned)
        earliest = (concerned.now - timedelta(hours=26)).date()
        self.reached: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
        for invoice, *rest in cursor.execute(_REACHED, [orgs, ids, earliest]):
            self.reached[invoice].append(tuple(rest))
        self.promises: dict[UUID, tuple[date, int]] = {
            invoice: (day, minor) for invoice, day, minor in cursor.execute(_PROMISED, [orgs, ids])
        }
        self.lines: dict[UUID, list[Line]] = defaultdict(list)
        for invoice, *parts in cursor.execute(_LINES, [orgs, ids]):
            self.lines[invoice].append(Line(*parts))
        self.originals: dict[UUID, Attachment] = {
            invoice: Attachment(name, content_type, bytes(data))
            for invoice, name, content_type, data in cursor.execute(_ORIGINALS, [orgs, ids])
        }
        self.owners: dict[UUID, tuple[str, str]] = {
            member: (name, email) for member, name, email in cursor.execute(_OWNERS, [orgs])
        }

    def _contacts(self, cursor: Any, orgs: str, customers: str) -> None:
        self.contacts: dict[UUID, list[ContactFacts]] = defaultdict(list)
        self.names: dict[UUID, dict[UUID, str]] = defaultdict(dict)
        for customer, contact, name, *facts in cursor.execute(_CONTACTS, [orgs, customers]):
            self.contacts[customer].append(_contact(contact, facts))
            self.names[customer][contact] = name

    def _holds(self, cursor: Any, concerned: Concerned) -> None:
        parameters = {
            "orgs": uuids(concerned.organizations),
            "ids": uuids(concerned.invoices),
            "since": concerned.since,
            "customers": uuids(concerned.customers),
        }
        self.holds: dict[UUID, list[Hold]] = defaultdict(list)
        rows = cursor.execute(_HOLDS, parameters)
        for invoice, kind, reason, until, covers, begun, ended in rows:
            self.holds[invoice].append(Hold(HoldKind(kind), reason, until, covers, begun, ended))
        self.credit: dict[tuple[UUID, str], int] = {
            (customer, currency): minor
            for customer, currency, minor in cursor.execute(_CREDIT, parameters)
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
