"""Made-up files in the shape of public ones, so that proofs and tests run without any download."""

import csv
import random
from datetime import date, timedelta
from pathlib import Path

_HEADER = (
    "countryCode", "customerID", "PaperlessDate", "invoiceNumber", "InvoiceDate", "DueDate",
    "InvoiceAmount", "Disputed", "SettledDate", "PaperlessBill", "DaysToSettle", "DaysLate",
)  # fmt: skip


def receivables(
    path: Path, *, count: int, customers: int, first: date, last: date, seed: int
) -> Path:
    """Write invoices in the shape of IBM's sample set: net 30, settled between day 0 and day 75.

    Invoice dates lie between `first` and `last`; numbers have leading zeros.
    """
    dice = random.Random(seed)
    names = [f"{dice.randrange(10**4):04}-{_letters(dice)}" for _ in range(customers)]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(_HEADER)
        for n in range(count):
            rows.writerow(_row(dice, n, dice.choice(names), first, last))
    return path


def _letters(dice: random.Random) -> str:
    return "".join(dice.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(5))


def _row(dice: random.Random, n: int, name: str, first: date, last: date) -> list[object]:
    day = first + timedelta(days=dice.randrange((last - first).days + 1))
    due = day + timedelta(days=30)
    days = 0 if dice.random() < 0.01 else min(75, max(1, round(dice.gauss(27, 13))))
    settled = day + timedelta(days=days)
    return [
        391, name, _us(first), f"{n * 7919 % 10**10:010}", _us(day), _us(due),
        f"{dice.gauss(60, 20) % 128 + 5:.2f}", dice.choice(["No", "No", "No", "Yes"]),
        _us(settled), dice.choice(["Paper", "Electronic"]), days, max(0, days - 30),
    ]  # fmt: skip


def _us(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"
