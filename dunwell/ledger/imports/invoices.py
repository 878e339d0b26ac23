"""Invoices: staged, compared with what is there, inserted issued, amended where they differ."""
# ruff: noqa: S608 (statements are put together from names of this package only)

from collections import defaultdict
from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from dunwell.core.errors import CoreError, DueBeforeInvoice
from dunwell.core.money import Money
from dunwell.core.terms import Anchor, Terms
from dunwell.ledger.checks import sentence
from dunwell.ledger.errors import ChangedMeanwhile
from dunwell.ledger.imports import accounts, entries, sql, staging
from dunwell.ledger.imports.reading import Complain, Values
from dunwell.ledger.imports.work import Tally, Work, read_money
from dunwell.ledger.models import Activity, Invoice
from dunwell.ledger.operations.invoice_input import InvoiceChanges

# Staged column → the invoice's column it is compared with; what a row leaves empty stays.
_COMPARED: Final = {
    "total_minor": "total_minor",
    "invoice_date": "invoice_date",
    "due_date": "explicit_due_date",
    "delivery_date": "delivery_date",
    "terms": "terms_days",
    "terms_anchor": "terms_anchor",
    "external_id": "external_id",
    "purchase_order": "purchase_order",
    "engagement": "engagement",
    "note": "note",
    "owner": "owner_id",
}


class Invoices:
    """Imports invoices; the customers they name are made where they are unknown."""

    columns: Final = {
        **accounts.COLUMNS,
        "number": "text",
        "external_id": "text",
        "currency": "text",
        "total_minor": "bigint",
        "invoice_date": "date",
        "due_date": "date",
        "delivery_date": "date",
        "terms": "integer",
        "terms_anchor": "text",
        "purchase_order": "text",
        "engagement": "text",
        "note": "text",
        "owner": "uuid",
        "cadence": "uuid",
        "sent": "boolean",
    }
    reckoned: Final = {
        "customer_id": "uuid",
        "invoice_id": "uuid",
        "due_final": "date",
        "due_rule": "jsonb",
    }

    def __init__(self, work: Work) -> None:
        self.work = work
        self.skipped = 0
        self._currency = work.import_.options.get("currency") or work.organization.currency
        self._sent = {"yes": True, "no": False}.get(work.import_.options.get("sent", "auto"))
        self._today = work.today

    def stage(self, values: Values, complain: Complain) -> tuple[Any, ...] | None:
        """Check what the row's cells say together."""
        if values.get("open") is False:
            self.skipped += 1
            return None
        total = self._total(values, complain)
        invoice_date: date = values["invoice_date"]
        due: date | None = values.get("due_date")
        if due is not None and due < invoice_date:
            error = DueBeforeInvoice(due=due.isoformat(), invoice=invoice_date.isoformat())
            complain("due_date", sentence(error))
        anchor = values.get("terms_anchor")
        if "terms" in values:
            anchor = anchor or Anchor.INVOICE_DATE.value
        elif anchor:
            complain("terms", _("An anchor of terms needs their number of days."))
        if total is None:
            return None
        get = values.get
        sent = get("sent", self._sent)
        return (
            *accounts.staged(values),
            values["number"],
            get("external_id"),
            total.currency,
            total.minor,
            invoice_date,
            due,
            get("delivery_date"),
            get("terms"),
            anchor,
            get("purchase_order"),
            get("engagement"),
            get("note"),
            get("owner"),
            get("cadence"),
            invoice_date < self._today if sent is None else sent,
        )

    def _total(self, values: Values, complain: Complain) -> Money | None:
        try:
            total = read_money(
                amount=values["total"], stated=values.get("currency"), default=self._currency
            )
        except CoreError as error:
            complain("total", sentence(error))
            return None
        if total.minor <= 0:
            complain("total", _("The amount must be greater than zero."))
            return None
        return total

    def check(self) -> None:
        """Find duplicates, known invoices, customers and due dates."""
        parameters = self.work.parameters
        staging.refuse_repeated("number", "duplicate")
        staging.refuse_repeated("external_id", "duplicate_id")
        sql.run(_MATCH, parameters)
        staging.refuse("external_id", "id_number_differ", "i.number", _OTHER_NUMBER, parameters)
        accounts.resolve(parameters, create=True)
        self._compare(parameters)
        staging.refuse(
            "customer",
            "no_customer",
            "NULL",
            "WHERE r.action = 'create' AND r.customer_id IS NULL",
            {},
        )
        organization = self.work.organization
        terms = {"days": organization.terms_days, "anchor": organization.terms_anchor}
        sql.run(_DUE, {**parameters, **terms})
        staging.refuse(
            "delivery_date",
            "no_delivery_date",
            "NULL",
            "WHERE r.action = 'create' AND r.due_final IS NULL",
            {},
        )

    def _compare(self, parameters: dict[str, Any]) -> None:
        """Decide for each row whether it is new, the same as before or different."""
        same = " AND ".join(
            f"(r.{theirs} IS NULL OR r.{theirs} IS NOT DISTINCT FROM i.{ours})"
            for theirs, ours in _COMPARED.items()
        )
        known = "FROM ledger_invoice i WHERE i.organization_id = %(organization)s"
        known += " AND i.id = r.invoice_id"
        sql.run(
            f"UPDATE import_row r SET action = CASE WHEN {same} THEN 'same' ELSE 'update' END"
            f" {known}",
            parameters,
        )
        sql.run(
            "UPDATE import_row SET action = 'create', invoice_id = uuidv7()"
            " WHERE invoice_id IS NULL"
        )
        changed = f"{known} AND r.action = 'update'"
        for field, code, value, source in (
            ("customer", "other_customer",
             "(SELECT c.name FROM ledger_customer c WHERE c.id = i.customer_id)",
             f"{known} AND r.action <> 'create' AND r.customer_id <> i.customer_id"),
            ("currency", "other_currency", "i.currency",
             f"{known} AND r.action <> 'create' AND r.currency <> i.currency"),
            ("number", "draft", "i.number", f"{known} AND i.issued_at IS NULL"),
            ("number", "closed", "i.number", f"{changed} AND i.closed_at IS NOT NULL"),
            ("total", "below_applied", "NULL", f"{changed} AND r.total_minor < i.applied_minor"),
            ("due_date", "due_before_invoice", "i.invoice_date",
             f"{changed} AND r.due_date IS NULL AND i.explicit_due_date < r.invoice_date"),
        ):  # fmt: skip
            staging.refuse(field, code, value, source, parameters)

    def tally(self) -> Tally:
        """Count by action, with new customers, marks and messages that go out now."""
        by_action = staging.tally()
        marked = sql.one(
            "SELECT count(*) FROM import_row WHERE code IS NULL AND action = 'create' AND sent"
        )[0]
        return Tally(
            created=by_action.get("create", 0),
            updated=by_action.get("update", 0),
            unchanged=by_action.get("same", 0),
            counts={
                "customers_created": accounts.fresh(),
                "marked_sent": marked,
                "messages_now": self._messages_now(),
                "skipped": self.skipped,
            },
        )

    def _messages_now(self) -> int:
        """Count the first messages of invoices that nobody has sent yet."""
        parameters = {**self.work.parameters, "cadence": self.work.cadence_id}
        groups = sql.fetch(
            "SELECT coalesce(cadence, %(cadence)s), count(*) FROM import_row WHERE code IS NULL"
            " AND action = 'create' AND NOT sent AND invoice_date <= %(today)s GROUP BY 1",
            parameters,
        )
        sends = self.work.consequences.sends_now
        total = sum(sends(cadence_id=c, fresh=n, known=()) for c, n in groups if c is not None)
        for after, through, _rows in staging.bounds(20_000):
            known = self._known_with_cadence(after, through)
            total += sum(sends(cadence_id=c, fresh=0, known=ids) for c, ids in known.items())
        return total

    def _known_with_cadence(self, after: int, through: int) -> dict[UUID, list[UUID]]:
        found: dict[UUID, list[UUID]] = defaultdict(list)
        for cadence, invoice in sql.fetch(
            "SELECT cadence, invoice_id FROM import_row WHERE code IS NULL AND action <> 'create'"
            " AND cadence IS NOT NULL AND row > %(after)s AND row <= %(through)s",
            {"after": after, "through": through},
        ):
            found[cadence].append(invoice)
        return found

    def write(self, *, after: int, through: int) -> None:
        """Insert the new invoices with their customers, amend those that differ."""
        parameters = {**self.work.parameters, "after": after, "through": through}
        accounts.write(parameters)
        text, defaults = sql.insert_select(Invoice, _INSERTED, _NEW)
        made = sql.run(f"{text} ON CONFLICT DO NOTHING", {**defaults, **parameters})
        if made < sql.one(f"SELECT count(*) {_NEW}", parameters)[0]:
            raise ChangedMeanwhile  # somebody else took one of the numbers
        text, defaults = sql.insert_select(Activity, _ACTIVITY, _WRITTEN)
        told = {"text": self.work.import_.filename}
        sql.run(text, {**defaults, **parameters, **told})
        sql.run(_ENTRIES, parameters)
        self._amend(parameters)
        cadences = self._known_with_cadence(after, through)
        marked: list[UUID] = []
        for invoice, sent, cadence in sql.fetch(
            f"SELECT r.invoice_id, r.sent, r.cadence {_WRITTEN}", parameters
        ):
            if sent:
                marked.append(invoice)
            chosen = cadence or self.work.cadence_id
            if chosen is not None:
                cadences[chosen].append(invoice)
        self.work.consequences.arrived(marked_sent=marked, cadences=cadences)

    def _amend(self, parameters: dict[str, Any]) -> None:
        names = ["row", "invoice_id", *_COMPARED]
        rows = sql.fetch(
            f"SELECT {', '.join(names)} FROM import_row"
            " WHERE row > %(after)s AND row <= %(through)s AND code IS NULL"
            " AND action = 'update' ORDER BY invoice_id",
            parameters,
        )
        for found in rows:
            row = dict(zip(names, found, strict=True))
            invoice = Invoice.objects.get(pk=row["invoice_id"])
            before = entries.stored({c: getattr(invoice, c) for c in _COMPARED.values()})
            self.work.consequences.amend(
                invoice_id=invoice.pk, changes=changes(row, currency=invoice.currency)
            )
            sql.run(
                _ENTRY_OF_UPDATE,
                {**parameters, "row": row["row"], "id": invoice.pk, "before": Jsonb(before)},
            )


def changes(row: dict[str, Any], *, currency: str) -> InvoiceChanges:
    """Give what a staged row changes of an invoice; empty fields stay."""
    given: InvoiceChanges = {}
    if row["total_minor"] is not None:
        given["total"] = Money(row["total_minor"], currency).amount
    for name in ("invoice_date", "due_date", "delivery_date"):
        if row[name] is not None:
            given[name] = row[name]
    if row["external_id"] is not None:
        given["external_id"] = row["external_id"]
    texts: tuple[Literal["purchase_order", "engagement", "note"], ...]
    texts = ("purchase_order", "engagement", "note")
    for text in texts:
        if row[text] is not None:
            given[text] = row[text]
    if row["owner"] is not None:
        given["owner_id"] = row["owner"]
    if row["terms"] is not None:
        given["terms"] = Terms(days=row["terms"], anchor=Anchor(row["terms_anchor"]))
    return given


_MATCH: Final = """
UPDATE import_row r SET invoice_id = i.id FROM ledger_invoice i
WHERE i.organization_id = %(organization)s AND i.number = r.number AND r.code IS NULL
"""

_OTHER_NUMBER: Final = """
FROM ledger_invoice i WHERE i.organization_id = %(organization)s
AND i.external_id = r.external_id AND r.invoice_id IS DISTINCT FROM i.id
"""

# Rule: tracking, Dates and terms: explicit, else the invoice's, customer's, organization's terms.
_DUE: Final = """
UPDATE import_row r SET
  due_final = coalesce(r.due_date, CASE WHEN d.anchor_date IS NOT NULL
    THEN greatest(d.anchor_date + d.days, r.invoice_date) END),
  due_rule = CASE WHEN r.due_date IS NOT NULL THEN jsonb_build_object(
      'source', 'explicit', 'days', NULL, 'anchor', NULL, 'anchor_date', NULL, 'moved', false,
      'blocked', NULL)
    ELSE jsonb_build_object(
      'source', d.source, 'days', d.days, 'anchor', d.anchor, 'anchor_date', d.anchor_date,
      'moved', d.anchor_date + d.days < r.invoice_date, 'blocked', NULL) END
FROM (
  SELECT t.row, t.source, t.days, t.anchor,
    CASE t.anchor WHEN 'delivery_date' THEN t.delivery_date
      WHEN 'end_of_month'
        THEN (date_trunc('month', t.invoice_date) + interval '1 month - 1 day')::date
      ELSE t.invoice_date END AS anchor_date
  FROM (
    SELECT s.row, s.delivery_date, s.invoice_date,
      CASE WHEN s.terms IS NOT NULL THEN 'invoice' WHEN c.terms_days IS NOT NULL THEN 'customer'
        ELSE 'organization' END AS source,
      coalesce(s.terms, c.terms_days, %(days)s)::integer AS days,
      CASE WHEN s.terms IS NOT NULL THEN s.terms_anchor
        WHEN c.terms_days IS NOT NULL THEN c.terms_anchor ELSE %(anchor)s END AS anchor
    FROM import_row s
    LEFT JOIN ledger_customer c ON c.organization_id = %(organization)s AND c.id = s.customer_id
    WHERE s.code IS NULL AND s.action = 'create'
  ) t
) d WHERE d.row = r.row
"""

_INSERTED: Final = {
    "id": "r.invoice_id",
    "organization_id": "%(organization)s",
    "number": "r.number",
    "customer_id": "r.customer_id",
    "currency": "r.currency",
    "total_minor": "r.total_minor",
    "invoice_date": "r.invoice_date",
    "delivery_date": "r.delivery_date",
    "terms_days": "r.terms",
    "terms_anchor": "r.terms_anchor",
    "explicit_due_date": "r.due_date",
    "due_date": "r.due_final",
    "due_rule": "r.due_rule",
    "engagement": "coalesce(r.engagement, '')",
    "purchase_order": "coalesce(r.purchase_order, '')",
    "note": "coalesce(r.note, '')",
    "owner_id": "r.owner",
    "external_id": "r.external_id",
    "created_at": "%(now)s",
    "issued_at": "%(now)s",
    "first_marked_sent_at": "CASE WHEN r.sent THEN %(now)s::timestamptz END",
}

_NEW: Final = (
    "FROM import_row r WHERE r.row > %(after)s AND r.row <= %(through)s AND r.code IS NULL"
    " AND r.action = 'create'"
)

_WRITTEN: Final = (
    "FROM import_row r JOIN ledger_invoice x ON x.organization_id = %(organization)s"
    " AND x.id = r.invoice_id WHERE r.row > %(after)s AND r.row <= %(through)s AND r.code IS NULL"
    " AND r.action = 'create'"
)

_ACTIVITY: Final = {
    "id": "uuidv7()",
    "organization_id": "%(organization)s",
    "customer_id": "x.customer_id",
    "invoice_id": "x.id",
    "kind": "'imported'",
    "counts": "false",
    "at": "%(now)s",
    "by": "%(by)s",
    "member_id": "%(member)s::uuid",
    "text": "%(text)s",
}

_ENTRIES: Final = entries.insert("invoice", label="x.number", source=_WRITTEN)

_ENTRY_OF_UPDATE: Final = entries.insert(
    "invoice",
    label="x.number",
    row="%(row)s",
    before="%(before)s::jsonb",
    source="FROM ledger_invoice x WHERE x.organization_id = %(organization)s AND x.id = %(id)s",
)
