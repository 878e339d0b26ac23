"""The errors of an import's rows: all of them in a file, the first ones in the answer."""

import csv
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _

from dunwell.core.tables.export import neutralize

SHOWN: Final = 1000


class Problems:
    """Gathers errors; constant in memory however many there are."""

    def __init__(self, path: Path) -> None:
        self.first: list[dict[str, Any]] = []
        self.rows = 0
        self._last_row = 0
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(("row", "field", "message"))

    def add(self, row: int, field: str, message: str) -> None:
        """Note an error of a field in a row; several of one row come one after another."""
        if row != self._last_row:
            self.rows, self._last_row = self.rows + 1, row
        if len(self.first) < SHOWN:
            self.first.append({"row": row, "field": field, "message": message})
        self._writer.writerow((row, field, neutralize(message)))

    def close(self) -> list[dict[str, Any]]:
        """Write the rest and give the first errors in the order of their rows; again is fine."""
        self._file.close()
        return sorted(self.first, key=lambda problem: int(problem["row"]))


def sentence(code: str, value: str) -> str:
    """Say what the database found wrong with a row."""
    return _SENTENCES[code]() % {"value": value}


# Functions, because the language is known only when an import runs.
_SENTENCES: Final = {
    "duplicate": lambda: _("The same number is already in row %(value)s of this file."),
    "duplicate_id": lambda: _("The same external id is already in row %(value)s of this file."),
    "duplicate_row": lambda: _("The same is already in row %(value)s of this file."),
    "id_number_differ": lambda: _("This external id belongs to invoice %(value)s."),
    "number_id_differ": lambda: _("This number belongs to an invoice with external id %(value)s."),
    "id_taken": lambda: _("This external id is taken by “%(value)s”."),
    "several_customers": lambda: _(
        "Several customers are called “%(value)s”: give customer_external_id."
    ),
    "no_customer": lambda: _("The row names no customer."),
    "unknown_customer": lambda: _("There is no customer “%(value)s”."),
    "other_customer": lambda: _("The invoice belongs to another customer: “%(value)s”."),
    "other_currency": lambda: _("The invoice is in %(value)s."),
    "mixed": lambda: _("The rows of one payment differ here from row %(value)s."),
    "closed": lambda: _("Invoice %(value)s is closed."),
    "below_applied": lambda: _("Payments of more than this total are already applied."),
    "no_delivery_date": lambda: _("The terms count from delivery: give the delivery date."),
    "due_before_invoice": lambda: _("The due date lies before the invoice date %(value)s."),
    "draft": lambda: _("Invoice %(value)s is a draft; issue it first."),
    "no_invoice": lambda: _("There is no invoice “%(value)s”."),
    "payment_differs": lambda: _("The payment is already recorded with other content."),
    "payment_broken": lambda: _("Row %(value)s of the same payment is wrong."),
    "two_billing": lambda: _("Row %(value)s already names the billing contact of this customer."),
    "meanwhile": lambda: _("This was changed by somebody else at the same moment; import again."),
}
