"""Customers: new ones inserted as a set, known ones updated by the rules of their operation."""
# ruff: noqa: S608 (statements are put together from names of this package only)

from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from dunwell.core.terms import Anchor, Terms
from dunwell.ledger.imports import entries, people, sql, staging
from dunwell.ledger.imports.reading import Complain, Values
from dunwell.ledger.imports.work import Tally, Work
from dunwell.ledger.models import Customer
from dunwell.ledger.operations.customers import CustomerChanges, update_customer
from dunwell.tenancy.models import ADDRESS_PARTS

_TEXTS: Final = ("name", "external_id", "language", "currency", "tax_id", "notes", *ADDRESS_PARTS)
_COMPARED: Final = {
    **{name: name for name in _TEXTS},
    "terms": "terms_days",
    "terms_anchor": "terms_anchor",
    "owner": "owner_id",
    "tags": "tags",
}
_CONTACT: Final = ("contact", "email", "phone")


class Customers:
    """Imports customers, with one contact each where the file has one."""

    columns: Final = {
        **dict.fromkeys(_TEXTS, "text"),
        "terms": "integer",
        "terms_anchor": "text",
        "owner": "uuid",
        "tags": "text[]",
        **dict.fromkeys(_CONTACT, "text"),
    }
    reckoned: Final = {"customer_id": "uuid"}

    def __init__(self, work: Work) -> None:
        self.work = work

    def stage(self, values: Values, complain: Complain) -> tuple[Any, ...] | None:
        """Check what the row's cells say together."""
        if "terms" in values:
            values.setdefault("terms_anchor", Anchor.INVOICE_DATE.value)
        elif "terms_anchor" in values:
            complain("terms", _("An anchor of terms needs their number of days."))
        if "name" not in values and "external_id" not in values:
            complain("name", _("This field is empty."))
        return tuple(values.get(name) for name in self.columns)

    def check(self) -> None:
        """Find duplicates and known customers: by external id, else by exact name."""
        parameters = self.work.parameters
        staging.refuse_repeated("external_id", "duplicate_id")
        staging.refuse_repeated(
            "CASE WHEN external_id IS NULL THEN name END", "duplicate_row", field="name"
        )
        sql.run(_BY_EXTERNAL_ID, parameters)
        sql.run(_BY_NAME, parameters)
        staging.refuse("name", "several_customers", "r.name", _NAMESAKES, parameters)
        same = " AND ".join(
            f"(r.{theirs} IS NULL OR r.{theirs}::text IS NOT DISTINCT FROM c.{ours}::text)"
            for theirs, ours in _COMPARED.items()
        )
        sql.run(_COMPARE.format(same=same), parameters)
        sql.run(
            "UPDATE import_row SET action = 'create', customer_id = uuidv7(),"
            " name = coalesce(name, external_id) WHERE customer_id IS NULL"
        )

    def tally(self) -> Tally:
        """Count by action."""
        found = staging.tally()
        return Tally(
            created=found.get("create", 0),
            updated=found.get("update", 0),
            unchanged=found.get("same", 0),
        )

    def write(self, *, after: int, through: int) -> None:
        """Insert the new customers, update those that differ, save their contacts."""
        parameters = {**self.work.parameters, "after": after, "through": through}
        text, defaults = sql.insert_select(Customer, _INSERTED, _NEW)
        sql.run(f"{text} ON CONFLICT DO NOTHING", {**defaults, **parameters})
        sql.run(_ENTRIES, parameters)
        self._update(parameters)
        self._contacts(parameters)

    def _update(self, parameters: dict[str, Any]) -> None:
        names = ["row", "customer_id", *_COMPARED]
        rows = sql.fetch(
            f"SELECT {', '.join(names)} FROM import_row"
            " WHERE row > %(after)s AND row <= %(through)s AND code IS NULL"
            " AND action = 'update' ORDER BY customer_id",
            parameters,
        )
        for found in rows:
            row = dict(zip(names, found, strict=True))
            customer = Customer.objects.get(pk=row["customer_id"])
            before = entries.stored({c: getattr(customer, c) for c in _COMPARED.values()})
            if changes := _changes(row, customer):
                update_customer(
                    organization=self.work.organization,
                    actor=self.work.actor,
                    now=self.work.now,
                    customer_id=customer.pk,
                    changes=changes,
                )
            told = {"row": row["row"], "id": customer.pk, "before": Jsonb(before)}
            sql.run(_ENTRY_OF_UPDATE, {**parameters, **told})

    def _contacts(self, parameters: dict[str, Any]) -> None:
        rows = sql.fetch(
            "SELECT r.row, r.customer_id, r.contact, r.email, r.phone FROM import_row r"
            " JOIN ledger_customer c ON c.organization_id = %(organization)s"
            " AND c.id = r.customer_id"
            " WHERE r.row > %(after)s AND r.row <= %(through)s AND r.code IS NULL"
            " AND coalesce(r.contact, r.email) IS NOT NULL",
            parameters,
        )
        for row, customer_id, contact, email, phone in rows:
            given = {"name": contact, "email": email, "phone": phone, "receives_invoices": True}
            people.save(work=self.work, customer_id=customer_id, rows=[(row, people.filled(given))])


def _changes(row: dict[str, Any], customer: Customer) -> CustomerChanges:
    """Give what a staged row changes of a customer; empty fields stay."""
    given: CustomerChanges = {}
    for name in ("name", "external_id", "language", "currency", "tax_id", "notes", "tags"):
        if row[name] is not None:
            given[name] = row[name]
    if row["owner"] is not None:
        given["owner_id"] = row["owner"]
    if row["terms"] is not None:
        given["terms"] = Terms(days=row["terms"], anchor=Anchor(row["terms_anchor"]))
    address = {part: row[part] for part in ADDRESS_PARTS if row[part] is not None}
    if address:
        given["address"] = {**customer.address, **address}
    return given


_BY_EXTERNAL_ID: Final = """
UPDATE import_row r SET customer_id = c.id FROM ledger_customer c
WHERE c.organization_id = %(organization)s AND c.external_id = r.external_id
"""

_BY_NAME: Final = """
UPDATE import_row r SET customer_id = c.id FROM ledger_customer c
WHERE c.organization_id = %(organization)s AND r.external_id IS NULL AND c.name = r.name
"""

_NAMESAKES: Final = """
FROM (SELECT name FROM ledger_customer WHERE organization_id = %(organization)s
      GROUP BY name HAVING count(*) > 1) c
WHERE r.external_id IS NULL AND c.name = r.name
"""

# A contact beside the customer is compared too, so that importing again finds nothing to do.
_COMPARE: Final = """
UPDATE import_row r SET action = CASE WHEN {same} AND (
    coalesce(r.contact, r.email) IS NULL OR EXISTS (
      SELECT FROM ledger_contact p WHERE p.organization_id = %(organization)s
        AND p.customer_id = c.id
        AND (r.email IS NULL OR lower(p.email) = lower(r.email))
        AND (r.contact IS NULL OR p.name = r.contact)
        AND (r.phone IS NULL OR p.phone = r.phone)))
  THEN 'same' ELSE 'update' END
FROM ledger_customer c WHERE c.organization_id = %(organization)s AND c.id = r.customer_id
"""

_INSERTED: Final = {
    "id": "r.customer_id",
    "organization_id": "%(organization)s",
    "name": "r.name",
    "external_id": "r.external_id",
    "terms_days": "r.terms",
    "terms_anchor": "r.terms_anchor",
    "owner_id": "r.owner",
    "tags": "coalesce(r.tags, '{}')",
    "created_at": "%(now)s",
    **{
        name: f"coalesce(r.{name}, '')"
        for name in ("language", "currency", "tax_id", "notes", *ADDRESS_PARTS)
    },
}

_NEW: Final = (
    "FROM import_row r WHERE r.row > %(after)s AND r.row <= %(through)s AND r.code IS NULL"
    " AND r.action = 'create'"
)

_ENTRIES: Final = entries.insert(
    "customer",
    label="x.name",
    source="FROM import_row r JOIN ledger_customer x ON x.organization_id = %(organization)s"
    " AND x.id = r.customer_id WHERE r.row > %(after)s AND r.row <= %(through)s"
    " AND r.code IS NULL AND r.action = 'create'",
)

_ENTRY_OF_UPDATE: Final = entries.insert(
    "customer",
    label="x.name",
    row="%(row)s",
    before="%(before)s::jsonb",
    source="FROM ledger_customer x WHERE x.organization_id = %(organization)s AND x.id = %(id)s",
)
