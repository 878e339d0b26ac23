"""Contacts: saved customer by customer by the rules of their operation."""
# ruff: noqa: S608 (statements are put together from names of this package only)

from itertools import groupby
from typing import Any, Final

from django.utils.translation import gettext as _

from dunwell.ledger.imports import accounts, people, sql, staging
from dunwell.ledger.imports.reading import Complain, Values
from dunwell.ledger.imports.work import Tally, Work
from dunwell.tenancy.models import ADDRESS_PARTS

_TEXTS: Final = ("name", "email", "phone", "time_zone", *ADDRESS_PARTS)
_MARKS: Final = ("receives_invoices", "billing")


class Contacts:
    """Imports contacts of customers that are known."""

    columns: Final = {
        **accounts.COLUMNS,
        **dict.fromkeys(_TEXTS, "text"),
        **dict.fromkeys(_MARKS, "boolean"),
        "roles": "text[]",
    }
    reckoned: Final = {"customer_id": "uuid", "contact_id": "uuid"}

    def __init__(self, work: Work) -> None:
        self.work = work

    def stage(self, values: Values, complain: Complain) -> tuple[Any, ...] | None:
        """Check what the row's cells say together."""
        key, name, external_id = accounts.staged(values)
        if key is None:
            complain("customer", _("The row names no customer."))
        if "name" not in values and "email" not in values:
            complain("name", _("Give a name or an email address."))
        rest = (values.get(name) for name in (*_TEXTS, *_MARKS, "roles"))
        return (key, name, external_id, *rest)

    def check(self) -> None:
        """Find customers, persons named twice, and what differs from what is known."""
        parameters = self.work.parameters
        accounts.resolve(parameters, create=False)
        person = "customer_id::text || ' ' || coalesce(lower(email), name)"
        staging.refuse_repeated(person, "duplicate_row", field="email")
        staging.refuse_repeated(
            "CASE WHEN billing THEN customer_id END", "two_billing", field="billing"
        )
        sql.run(_MATCH, parameters)
        same = " AND ".join(
            f"(r.{name} IS NULL OR r.{name} = p.{name})" for name in (*_TEXTS, *_MARKS)
        )
        sql.run(_COMPARE.format(same=same), parameters)
        sql.run("UPDATE import_row SET action = 'create' WHERE contact_id IS NULL")

    def tally(self) -> Tally:
        """Count by action."""
        found = staging.tally()
        return Tally(
            created=found.get("create", 0),
            updated=found.get("update", 0),
            unchanged=found.get("same", 0),
        )

    def write(self, *, after: int, through: int) -> None:
        """Save the contacts of each customer together."""
        names = (*_TEXTS, *_MARKS, "roles")
        rows = sql.fetch(
            f"SELECT row, customer_id, {', '.join(names)} FROM import_row WHERE row > %(after)s"
            " AND row <= %(through)s AND code IS NULL AND action <> 'same'"
            " ORDER BY customer_id, row",
            {"after": after, "through": through},
        )
        for customer_id, group in groupby(rows, key=lambda row: row[1]):
            people.save(
                work=self.work,
                customer_id=customer_id,
                rows=[
                    (row[0], people.filled(dict(zip(names, row[2:], strict=True)))) for row in group
                ],
            )


_MATCH: Final = """
UPDATE import_row r SET contact_id = p.id FROM ledger_contact p
WHERE p.organization_id = %(organization)s AND p.customer_id = r.customer_id AND r.code IS NULL
  AND CASE WHEN r.email IS NOT NULL THEN lower(p.email) = lower(r.email) ELSE p.name = r.name END
"""

_COMPARE: Final = """
UPDATE import_row r SET action = CASE WHEN {same} AND NOT EXISTS (
    SELECT FROM unnest(r.roles) AS wanted(name) WHERE NOT EXISTS (
      SELECT FROM ledger_contactroleassignment a JOIN ledger_contactrole role ON role.id = a.role_id
      WHERE a.organization_id = %(organization)s AND a.contact_id = p.id
        AND role.key = lower(wanted.name)))
  THEN 'same' ELSE 'update' END
FROM ledger_contact p WHERE p.organization_id = %(organization)s AND p.id = r.contact_id
"""
