"""The file of a replay: invoices with the day on which each was settled."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from dunwell.commands import CommandFailed

COLUMNS: Final = (
    "customerID",
    "invoiceNumber",
    "InvoiceDate",
    "DueDate",
    "InvoiceAmount",
    "SettledDate",
)
"""The columns read, by the names of IBM's sample set of receivables; others are left alone."""

_FORMATS: Final = ("%m/%d/%Y", "%Y-%m-%d")


@dataclass(frozen=True, slots=True)
class Entry:
    """One invoice; `settled_on` None: not paid in the time of the file. Amount in major units."""

    customer: str
    number: str
    invoice_date: date
    due_date: date
    amount: Decimal
    settled_on: date | None


def read(path: Path) -> list[Entry]:
    """Read a CSV file, days as month/day/year or ISO. Raises CommandFailed naming the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(_entries(csv.DictReader(file)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandFailed(f"{path} cannot be read: {error}") from error


def _entries(rows: "csv.DictReader[str]") -> Iterator[Entry]:
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise CommandFailed(f"the file has no column {', '.join(missing)}")
    for row in rows:
        try:
            yield _entry(row)
        except (ValueError, InvalidOperation) as error:
            raise CommandFailed(f"line {rows.line_num}: {error}") from error


def _entry(row: Mapping[str, str]) -> Entry:
    settled = row["SettledDate"].strip()
    return Entry(
        customer=row["customerID"].strip(),
        number=row["invoiceNumber"].strip(),
        invoice_date=_day(row["InvoiceDate"]),
        due_date=_day(row["DueDate"]),
        amount=Decimal(row["InvoiceAmount"].strip()),
        settled_on=_day(settled) if settled else None,
    )


def _day(text: str) -> date:
    for form in _FORMATS:
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007  # only a day
        except ValueError:
            continue
    raise ValueError(f"“{text}” is not a day")
