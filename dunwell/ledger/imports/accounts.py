"""Finds the customer each staged row means, and makes those that are new."""

from collections.abc import Mapping
from typing import Any

from dunwell.ledger.imports import entries, sql, staging
from dunwell.ledger.imports.reading import Values
from dunwell.ledger.models import Customer

COLUMNS: Mapping[str, str] = {
    "customer_key": "text",
    "customer": "text",
    "customer_external_id": "text",
}
"""The staged columns that `staged` fills."""


def staged(values: Values) -> tuple[str | None, str | None, str | None]:
    """Give key, name and external id of a row's customer; the external id decides."""
    name, external_id = values.get("customer"), values.get("customer_external_id")
    key = f"x{external_id}" if external_id else f"n{name}" if name else None
    return key, name, external_id


def resolve(parameters: Mapping[str, Any], *, create: bool) -> None:
    """Fill `customer_id` of the staged rows; unknown customers get a new id, or are refused.

    By external id, else by exact name. A new customer has the most frequent spelling of its name.
    """
    sql.run(
        "CREATE TEMPORARY TABLE import_customer AS SELECT customer_key AS key,"
        " max(customer_external_id) AS external_id,"
        " coalesce(mode() WITHIN GROUP (ORDER BY customer),"
        " max(customer_external_id)) AS name, NULL::uuid AS id, false AS fresh, 0 AS namesakes"
        " FROM import_row WHERE customer_key IS NOT NULL AND code IS NULL GROUP BY customer_key"
    )
    sql.run("ALTER TABLE import_customer ADD PRIMARY KEY (key)")
    sql.run("ANALYZE import_customer")
    sql.run(_BY_EXTERNAL_ID, parameters)
    sql.run(_BY_NAME, parameters)
    if create:
        sql.run("UPDATE import_customer SET id = uuidv7(), fresh = true WHERE id IS NULL")
    sql.run("CREATE INDEX ON pg_temp.import_customer (id)")
    sql.run("ANALYZE import_customer")
    sql.run(
        "UPDATE import_row r SET customer_id = k.id FROM import_customer k"
        " WHERE k.key = r.customer_key"
    )
    _refuse()


_BY_EXTERNAL_ID = """
UPDATE import_customer k SET id = c.id FROM ledger_customer c
WHERE c.organization_id = %(organization)s AND c.external_id = k.external_id
"""

_BY_NAME = """
UPDATE import_customer k SET id = c.id, namesakes = c.namesakes
FROM (SELECT name, (array_agg(id))[1] AS id, count(*) AS namesakes FROM ledger_customer
      WHERE organization_id = %(organization)s
        AND name IN (SELECT name FROM import_customer WHERE external_id IS NULL)
      GROUP BY name) c
WHERE k.external_id IS NULL AND k.name = c.name
"""


def _refuse() -> None:
    staging.refuse(
        "customer",
        "several_customers",
        "k.name",
        "FROM import_customer k WHERE k.key = r.customer_key AND k.namesakes > 1",
        {},
    )
    staging.refuse(
        "customer",
        "unknown_customer",
        "coalesce(r.customer_external_id, r.customer)",
        "WHERE r.customer_id IS NULL AND r.customer_key IS NOT NULL",
        {},
    )


def fresh() -> int:
    """Count the customers that valid new rows make."""
    return int(
        sql.one(
            "SELECT count(*) FROM import_customer k"
            " JOIN (SELECT DISTINCT customer_id FROM import_row"
            "       WHERE code IS NULL AND action = 'create') r ON r.customer_id = k.id"
            " WHERE k.fresh"
        )[0]
    )


def write(parameters: Mapping[str, Any]) -> None:
    """Make the new customers of the rows between %(after)s and %(through)s."""
    text, defaults = sql.insert_select(
        Customer,
        {
            "id": "k.id",
            "organization_id": "%(organization)s",
            "name": "k.name",
            "external_id": "k.external_id",
            "created_at": "%(now)s",
        },
        "FROM (SELECT DISTINCT customer_id FROM import_row WHERE row > %(after)s"
        " AND row <= %(through)s AND code IS NULL AND action = 'create') r"
        " JOIN import_customer k ON k.id = r.customer_id AND k.fresh ON CONFLICT (id) DO NOTHING",
    )
    sql.run(text, {**defaults, **parameters})
    sql.run(_ENTRIES, parameters)
    sql.run(_MADE, parameters)


_ENTRIES = entries.insert(
    "customer",
    label="x.name",
    source="""
FROM (SELECT customer_id, min(row) AS row FROM import_row
      WHERE row > %(after)s AND row <= %(through)s AND code IS NULL AND action = 'create'
      GROUP BY customer_id) r
JOIN import_customer k ON k.id = r.customer_id AND k.fresh
JOIN ledger_customer x ON x.organization_id = %(organization)s AND x.id = k.id
""",
)

# The next batches need not look at them again.
_MADE = """
UPDATE import_customer k SET fresh = false
FROM import_row r WHERE r.customer_id = k.id AND k.fresh AND r.row > %(after)s
  AND r.row <= %(through)s AND r.code IS NULL AND r.action = 'create'
"""
