"""Payments: recorded batch by batch, with all that each of them stops.

Rows of one external id are one payment over several invoices.
"""
# ruff: noqa: S608 (statements are put together from names of this package only)

from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from django.utils.translation import gettext as _

from dunwell.core.errors import CoreError
from dunwell.core.money import CURRENCIES, Money
from dunwell.ledger.checks import sentence
from dunwell.ledger.imports import accounts, entries, sql, staging
from dunwell.ledger.imports.reading import Complain, Values
from dunwell.ledger.imports.work import Tally, Work, read_money
from dunwell.ledger.operations.allocation import ApplicationInput
from dunwell.ledger.operations.payments import PaymentInput

SOURCE: Final = "import"


class Payments:
    """Imports payments for invoices, or for customers' accounts (oldest due date first)."""

    columns: Final = {
        **accounts.COLUMNS,
        "external_id": "text",
        "invoice_number": "text",
        "currency": "text",
        "stated": "boolean",
        "amount_minor": "bigint",
        "received_on": "date",
        "method": "text",
        "reference": "text",
    }
    reckoned: Final = {
        "customer_id": "uuid",
        "invoice_id": "uuid",
        "named": "boolean",
        "first": "integer",
    }

    def __init__(self, work: Work) -> None:
        self.work = work
        self._currency: str = work.import_.options.get("currency") or work.organization.currency

    def stage(self, values: Values, complain: Complain) -> tuple[Any, ...] | None:
        """Check what the row's cells say together."""
        key, name, external_id = accounts.staged(values)
        if key is None and "invoice_number" not in values:
            complain("customer", _("The row names neither an invoice nor a customer."))
        try:
            amount = read_money(
                amount=values["amount"], stated=values.get("currency"), default=self._currency
            )
        except CoreError as error:
            complain("amount", sentence(error))
            return None
        if amount.minor <= 0:
            complain("amount", _("The amount must be greater than zero."))
        return (
            key,
            name,
            external_id,
            values.get("external_id"),
            values.get("invoice_number"),
            amount.currency,
            bool(values.get("currency") or values["amount"][1]),
            amount.minor,
            values["received_on"],
            values.get("method"),
            values.get("reference"),
        )

    def check(self) -> None:
        """Find invoices, customers, rows that belong together and payments that are known."""
        digits = CURRENCIES[self._currency]
        alike = [code for code, n in CURRENCIES.items() if n == digits]
        parameters = {**self.work.parameters, "alike": alike, "source": SOURCE}
        for statement in (_MATCH, _CURRENCY):
            sql.run(statement, parameters)
        accounts.resolve(parameters, create=False)
        known = "FROM ledger_invoice i WHERE i.organization_id = %(organization)s"
        known += " AND i.id = r.invoice_id AND "
        for field, code, value, source in (
            ("invoice_number", "no_invoice", "r.invoice_number",
             "WHERE r.invoice_number IS NOT NULL AND r.invoice_id IS NULL"),
            ("invoice_number", "draft", "i.number", f"{known} i.issued_at IS NULL"),
            ("customer", "other_customer",
             "(SELECT c.name FROM ledger_customer c WHERE c.id = i.customer_id)",
             f"{known} r.customer_id <> i.customer_id"),
            ("currency", "other_currency", "i.currency", f"{known} r.currency <> i.currency"),
        ):  # fmt: skip
            staging.refuse(field, code, value, source, parameters)
        for statement in (_CUSTOMER, _NAME, _FIRST):
            sql.run(statement, parameters)
        staging.refuse_repeated(
            "external_id || ' ' || coalesce(invoice_number, '')", "duplicate_row",
            field="external_id",
        )  # fmt: skip
        for field in ("currency", "received_on", "customer_id"):
            staging.refuse(field.removesuffix("_id"), "mixed", "f.row", _DIFFERS.format(field), {})
        staging.refuse("external_id", "payment_differs", "NULL", _KNOWN_DIFFERS, parameters)
        staging.refuse("external_id", "payment_broken", "b.row", _BROKEN, {})
        sql.run("UPDATE import_row SET action = 'create'")
        sql.run(_SAME, parameters)

    def tally(self) -> Tally:
        """Count payments, not rows: one may stand in several."""
        counts = dict(
            sql.fetch(
                "SELECT action, count(DISTINCT first) FROM import_row WHERE code IS NULL GROUP BY 1"
            )
        )
        return Tally(created=counts.get("create", 0), unchanged=counts.get("same", 0))

    def write(self, *, after: int, through: int) -> None:
        """Record the payments whose first row lies in the range."""
        names = ("first", "customer_id", "external_id", "invoice_id", "currency", "amount_minor",
                 "received_on", "method", "reference")  # fmt: skip
        rows = sql.fetch(
            f"SELECT {', '.join(names)} FROM import_row WHERE first > %(after)s"
            " AND first <= %(through)s AND code IS NULL AND action = 'create' ORDER BY first, row",
            {"after": after, "through": through},
        )
        payments = {
            first: _payment([dict(zip(names, row, strict=True)) for row in group])
            for first, group in groupby(rows, key=itemgetter(0))
        }
        ids = self.work.consequences.pay(payments=list(payments.values()))
        told = {**self.work.parameters, "rows": list(payments), "ids": ids}
        sql.run(_ENTRIES, told)


def _payment(parts: list[dict[str, Any]]) -> PaymentInput:
    """Put the rows of one payment together."""
    head = parts[0]
    currency = head["currency"]
    shares = [
        ApplicationInput(
            invoice_id=part["invoice_id"], amount=Money(part["amount_minor"], currency)
        )
        for part in parts
        if part["invoice_id"] is not None
    ]
    return PaymentInput(
        customer_id=head["customer_id"],
        amount=Money(sum(part["amount_minor"] for part in parts), currency),
        received_on=head["received_on"],
        method=head["method"] or "",
        reference=head["reference"] or "",
        source=SOURCE,
        external_id=head["external_id"],
        applications=shares or None,
    )


_MATCH: Final = """
UPDATE import_row r SET invoice_id = i.id FROM ledger_invoice i
WHERE i.organization_id = %(organization)s AND i.number = r.invoice_number
"""

# A payment that names no currency is in its invoice's, if that counts in the same minor units.
_CURRENCY: Final = """
UPDATE import_row r SET currency = i.currency FROM ledger_invoice i
WHERE i.organization_id = %(organization)s AND i.id = r.invoice_id AND NOT r.stated
  AND i.currency = ANY(%(alike)s)
"""

_CUSTOMER: Final = """
UPDATE import_row r SET customer_id = i.customer_id FROM ledger_invoice i
WHERE i.organization_id = %(organization)s AND i.id = r.invoice_id AND r.code IS NULL
"""

# A payment without an id gets one from its content, so that importing again finds it; the same
# content twice in one file is two payments.
_NAME: Final = """
UPDATE import_row r SET named = r.external_id IS NOT NULL,
  external_id = coalesce(r.external_id, 'row:' || md5(d.content || d.n))
FROM (SELECT row, content, row_number() OVER (PARTITION BY content ORDER BY row) AS n
      FROM (SELECT row, row(customer_id, invoice_id, currency, amount_minor, received_on, method,
                            reference)::text AS content
            FROM import_row WHERE code IS NULL AND external_id IS NULL) contents
      UNION ALL SELECT row, '', 0 FROM import_row WHERE external_id IS NOT NULL) d
WHERE d.row = r.row
"""

_FIRST: Final = """
UPDATE import_row r SET first = f.first
FROM (SELECT row, min(row) OVER (PARTITION BY external_id) AS first FROM import_row
      WHERE code IS NULL) f
WHERE f.row = r.row
"""

_DIFFERS: Final = "FROM import_row f WHERE f.row = r.first AND f.{0} <> r.{0}"

# Never a part of a payment: one wrong row of it refuses all.
_BROKEN: Final = """
FROM (SELECT first, min(row) AS row FROM import_row WHERE code IS NOT NULL GROUP BY first) b
WHERE b.first = r.first
"""

_KNOWN_DIFFERS: Final = """
FROM ledger_payment p
WHERE p.organization_id = %(organization)s AND p.source = %(source)s
  AND p.external_id = r.external_id
  AND (p.customer_id, p.currency, p.received_on, p.amount_minor) IS DISTINCT FROM
      (r.customer_id, r.currency, r.received_on,
       (SELECT sum(s.amount_minor)::bigint FROM import_row s WHERE s.first = r.first))
"""

_SAME: Final = """
UPDATE import_row r SET action = 'same' FROM ledger_payment p
WHERE p.organization_id = %(organization)s AND p.source = %(source)s
  AND p.external_id = r.external_id
"""

_ENTRIES: Final = entries.insert(
    "payment",
    label="coalesce(nullif(x.reference, ''), x.external_id)",
    row="t.row",
    source="FROM unnest(%(rows)s::int[], %(ids)s::uuid[]) AS t (row, id)"
    " JOIN ledger_payment x ON x.organization_id = %(organization)s AND x.id = t.id",
)
