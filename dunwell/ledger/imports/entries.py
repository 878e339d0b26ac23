"""Remembers what an import made or changed, so that it can be undone."""

from collections.abc import Mapping
from typing import Any, Final

INTO: Final = """
INSERT INTO ledger_importentry
  (id, organization_id, run_id, row, "table", object_id, label, fingerprint, before)
"""

_FINGERPRINTS: Final[dict[str, tuple[str, ...]]] = {
    "customer": (
        *("name", "external_id", "language", "currency", "tax_id", "terms_days", "terms_anchor"),
        *("owner_id", "tags", "notes", "autopay", "do_not_chase", "line1", "line2"),
        *("postal_code", "city", "region", "country"),
    ),
    "contact": (
        *("name", "email", "phone", "time_zone", "receives_invoices", "line1", "line2"),
        *("postal_code", "city", "region", "country"),
    ),
    "invoice": (
        *("number", "customer_id", "currency", "total_minor", "invoice_date", "delivery_date"),
        *("terms_days", "terms_anchor", "explicit_due_date", "due_date", "engagement"),
        *("purchase_order", "note", "owner_id", "external_id", "closed_at"),
    ),
    "payment": ("customer_id", "currency", "amount_minor", "received_on", "external_id"),
}


def fingerprint(table: str, alias: str) -> str:
    """Give the SQL of a hash over what a person may change of a row."""
    columns = ", ".join(f"{alias}.{column}" for column in _FINGERPRINTS[table])
    return f"md5(row({columns})::text)"


def insert(table: str, *, label: str, source: str, row: str = "r.row", before: str = "NULL") -> str:
    """Give the statement that notes rows `x` of a table; `source` is FROM and WHERE."""
    return (
        f"{INTO} SELECT uuidv7(), x.organization_id, %(import)s, {row}, '{table}', x.id,"
        f" left({label}, 200), {fingerprint(table, 'x')}, {before} {source} ON CONFLICT DO NOTHING"
    )


def stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values as JSON can keep them: dates and ids as text."""
    return {
        name: value if isinstance(value, str | int | bool | list) or value is None else str(value)
        for name, value in values.items()
    }
