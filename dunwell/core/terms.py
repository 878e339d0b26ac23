"""Payment terms, the due date they give, and how it came about."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from dunwell.core.calendar import add_days
from dunwell.core.errors import DueBeforeInvoice, gettext_noop


class Anchor(StrEnum):
    """The day that net days are counted from."""

    INVOICE_DATE = "invoice_date"
    DELIVERY_DATE = "delivery_date"
    END_OF_MONTH = "end_of_month"


class Source(StrEnum):
    """Who set the due date or the terms that gave it."""

    EXPLICIT = "explicit"
    INVOICE = "invoice"
    CUSTOMER = "customer"
    ORGANIZATION = "organization"


class Blocked(StrEnum):
    """Why there is no due date, and so no issuing."""

    NO_DELIVERY_DATE = "no_delivery_date"
    NO_TERMS = "no_terms"


@dataclass(frozen=True, slots=True)
class Terms:
    """Net `days` counted from an anchor."""

    days: int
    anchor: Anchor = Anchor.INVOICE_DATE

    def __post_init__(self) -> None:
        if self.days < 0:
            raise ValueError("net days must not be negative")


@dataclass(frozen=True, slots=True)
class DueRule:
    """Which rule gave the due date.

    `days`, `anchor` and `anchor_date` are None for an explicit date; `anchor_date` also while
    the delivery date is missing. `moved`: it was earlier and became the invoice date.
    """

    source: Source
    days: int | None = None
    anchor: Anchor | None = None
    anchor_date: date | None = None
    moved: bool = False


@dataclass(frozen=True, slots=True)
class DueDate:
    """The due date with its rule, or None with what blocks it."""

    date: date | None
    rule: DueRule | None
    blocked: Blocked | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """An English sentence for translators (`template`) and its values, dates still dates."""

    template: str
    values: Mapping[str, int | date]


def due_date(
    *,
    invoice_date: date,
    delivery_date: date | None,
    explicit: date | None,
    invoice_terms: Terms | None,
    customer_terms: Terms | None,
    organization_terms: Terms | None,
) -> DueDate:
    """Find the due date: explicit, else by the invoice's, customer's, organization's terms.

    Rule: tracking, Dates and terms. Raises DueBeforeInvoice for an explicit date before the
    invoice date and DateOutOfRange.
    """
    if explicit is not None:
        if explicit < invoice_date:
            raise DueBeforeInvoice(due=explicit.isoformat(), invoice=invoice_date.isoformat())
        return DueDate(explicit, DueRule(Source.EXPLICIT))
    for source, terms in (
        (Source.INVOICE, invoice_terms),
        (Source.CUSTOMER, customer_terms),
        (Source.ORGANIZATION, organization_terms),
    ):
        if terms is not None:
            return _by_terms(source, terms, invoice_date, delivery_date)
    return DueDate(None, None, Blocked.NO_TERMS)


def _by_terms(
    source: Source, terms: Terms, invoice_date: date, delivery_date: date | None
) -> DueDate:
    """Count the net days from their anchor, but never to before the invoice date."""
    anchor_date = _anchor_date(terms.anchor, invoice_date, delivery_date)
    if anchor_date is None:
        rule = DueRule(source, terms.days, terms.anchor)
        return DueDate(None, rule, Blocked.NO_DELIVERY_DATE)
    due = add_days(anchor_date, terms.days)
    moved = due < invoice_date
    rule = DueRule(source, terms.days, terms.anchor, anchor_date, moved)
    return DueDate(invoice_date if moved else due, rule)


def _anchor_date(anchor: Anchor, invoice_date: date, delivery_date: date | None) -> date | None:
    """Return the day the anchor stands for, None if delivery is not dated yet."""
    if anchor is Anchor.DELIVERY_DATE:
        return delivery_date
    if anchor is Anchor.END_OF_MONTH:
        last = calendar.monthrange(invoice_date.year, invoice_date.month)[1]
        return invoice_date.replace(day=last)
    return invoice_date


_COUNTED: Final = {
    Anchor.INVOICE_DATE: gettext_noop(
        "net %(days)s from the invoice date %(anchor_date)s → due %(due)s"
    ),
    Anchor.DELIVERY_DATE: gettext_noop(
        "net %(days)s from delivery on %(anchor_date)s → due %(due)s"
    ),
    Anchor.END_OF_MONTH: gettext_noop(
        "net %(days)s from the end of the month, %(anchor_date)s → due %(due)s"
    ),
}
_MOVED: Final = {
    Anchor.INVOICE_DATE: _COUNTED[Anchor.INVOICE_DATE],
    Anchor.DELIVERY_DATE: gettext_noop(
        "net %(days)s from delivery on %(anchor_date)s is before the invoice date"
        " → due on the invoice date, %(due)s"
    ),
    Anchor.END_OF_MONTH: _COUNTED[Anchor.END_OF_MONTH],
}
_EXPLICIT: Final = gettext_noop("due date set by hand → due %(due)s")


def explanation(rule: DueRule, due: date) -> Explanation:
    """Give the sentence that explains a due date in pieces, for another language or format."""
    if rule.days is None or rule.anchor is None or rule.anchor_date is None:
        return Explanation(_EXPLICIT, {"due": due})
    template = (_MOVED if rule.moved else _COUNTED)[rule.anchor]
    values: dict[str, int | date] = {
        "days": rule.days,
        "anchor_date": rule.anchor_date,
        "due": due,
    }
    return Explanation(template, values)


def explain(rule: DueRule, due: date) -> str:
    """Say in English how the due date came about.

    "net 60 from delivery on 3 March 2026 → due 2 May 2026". Rule: tracking, Dates and terms.
    """
    pieces = explanation(rule, due)
    return pieces.template % {name: _english(value) for name, value in pieces.values.items()}


_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _english(value: int | date) -> str:
    """Write a number or a date ("3 March 2026") whatever the process's locale is."""
    if isinstance(value, date):
        return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
    return str(value)
