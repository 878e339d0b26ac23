"""What is given of an invoice, checked and turned into columns and lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypedDict
from uuid import UUID

from django.utils.translation import gettext as _

from dunwell.core.money import LineAmounts, Money, line_amounts
from dunwell.core.terms import Terms
from dunwell.ledger.checks import Checks
from dunwell.ledger.models import Invoice, InvoiceLine

MOST_LINES: Final = 1000
_TEXTS: Final = ("number", "engagement", "purchase_order", "note")
_DAYS: Final = ("invoice_date", "delivery_date")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineInput:
    """One line; `unit_price` in major units before tax, `tax_rate` in percent."""

    description: str = ""
    quantity: Decimal | str = Decimal(1)
    unit_price: Decimal | str
    tax_rate: Decimal | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceInput:
    """A new invoice, as a form or the API gives it.

    Without `number` the next one is taken, without `currency` the customer's or organization's,
    without `invoice_date` the local day. `total` is in major units and needed without lines.
    """

    customer_id: UUID
    number: str = ""
    currency: str = ""
    lines: Sequence[LineInput] = ()
    total: Decimal | str | None = None
    invoice_date: date | None = None
    delivery_date: date | None = None
    terms: Terms | None = None
    due_date: date | None = None
    engagement: str = ""
    purchase_order: str = ""
    note: str = ""
    owner_id: UUID | None = None
    external_id: str | None = None
    autopay: bool = False


class InvoiceChanges(TypedDict, total=False):
    """The fields of InvoiceInput that change; `lines` replaces all lines.

    `terms` None goes back to the customer's terms, `due_date` None to the computed date.
    """

    customer_id: UUID
    number: str
    currency: str
    lines: Sequence[LineInput]
    total: Decimal | str | None
    invoice_date: date
    delivery_date: date | None
    terms: Terms | None
    due_date: date | None
    engagement: str
    purchase_order: str
    note: str
    owner_id: UUID | None
    external_id: str | None
    autopay: bool


@dataclass(slots=True, kw_only=True)
class Cleaned:
    """Columns that are given; `lines` is None where they are not."""

    columns: dict[str, Any]
    lines: list[InvoiceLine] | None = None
    changed_total: str = field(default="")  # the field the total came from


def clean(*, given: Mapping[str, Any], currency: str, organization_id: UUID) -> Cleaned:
    """Check what is given of an invoice in `currency`; raises InvalidInput naming each field."""
    checks = Checks()
    columns: dict[str, Any] = {
        name: checks.column(Invoice, name, given[name] or "") for name in _TEXTS if name in given
    }
    for name in _DAYS:
        if name in given:
            columns[name] = given[name] and checks.day(name, given[name])
    if "due_date" in given:
        due = given["due_date"]
        columns["explicit_due_date"] = due and checks.day("due_date", due)
    if "owner_id" in given:
        columns["owner_id"] = checks.owner("owner", given["owner_id"])
    if "external_id" in given:
        value = checks.column(Invoice, "external_id", given["external_id"] or "")
        columns["external_id"] = value or None
    if "autopay" in given:
        columns["autopay"] = given["autopay"]
    if "terms" in given:
        columns |= _terms(given["terms"])
    cleaned = Cleaned(columns=columns)
    if "lines" in given or "total" in given:
        _amounts(checks, cleaned, given, currency, organization_id)
    checks.done()
    return cleaned


def _terms(terms: Terms | None) -> dict[str, Any]:
    return {
        "terms_days": None if terms is None else terms.days,
        "terms_anchor": None if terms is None else terms.anchor.value,
    }


def _amounts(
    checks: Checks, cleaned: Cleaned, given: Mapping[str, Any], currency: str, owner: UUID
) -> None:
    """Take the total from the lines, else as it is given; it must be greater than zero."""
    lines = given.get("lines") or ()
    stated = given.get("total")
    if len(lines) > MOST_LINES:
        checks.add("lines", _("At most %(limit)d lines.") % {"limit": MOST_LINES})
        return
    known = len(checks.problems)
    if "lines" in given:
        cleaned.lines = [_line(checks, n, line, currency, owner) for n, line in enumerate(lines)]
    cleaned.changed_total = "lines" if lines else "total"
    if not lines and stated is None:
        checks.add("total", _("Give either lines or a total."))
        return
    total = checks.money("total", stated, currency) if stated is not None else None
    if cleaned.lines:
        summed = _sum(checks, cleaned.lines, currency)
        if total is not None and total != summed and len(checks.problems) == known:
            checks.add("total", _("The lines add up to %(sum)s.") % {"sum": summed})
        total = summed
    if total is not None and total.minor <= 0 and len(checks.problems) == known:
        checks.add(cleaned.changed_total, _("The total must be greater than zero."))
    cleaned.columns["total_minor"] = total.minor if total is not None else 0


def _sum(checks: Checks, lines: Sequence[InvoiceLine], currency: str) -> Money:
    minor = sum(line.net_minor + line.tax_minor for line in lines)
    return checks.attempt("lines", lambda: Money(minor, currency), stand_in=Money.zero(currency))


def _line(
    checks: Checks, n: int, given: LineInput, currency: str, organization_id: UUID
) -> InvoiceLine:
    at = f"lines.{n}"
    quantity = checks.decimal(f"{at}.quantity", given.quantity, digits=18, places=6)
    price = checks.decimal(f"{at}.unit_price", given.unit_price, digits=24, places=6)
    rate = None
    if given.tax_rate is not None:
        rate = checks.decimal(f"{at}.tax_rate", given.tax_rate, digits=7, places=4)
        if not 0 <= rate <= 100:
            checks.add(f"{at}.tax_rate", _("The tax rate lies between 0 and 100 percent."))
    amounts = _line_amounts(checks, at, (quantity, price, rate), currency)
    return InvoiceLine(
        organization_id=organization_id,
        position=n + 1,
        description=checks.column(
            InvoiceLine, "description", given.description, field=f"{at}.description"
        ),
        quantity=quantity,
        unit_price=price,
        tax_rate=rate,
        net_minor=amounts.net.minor,
        tax_minor=amounts.tax.minor,
    )


def _line_amounts(
    checks: Checks, at: str, numbers: tuple[Decimal, Decimal, Decimal | None], currency: str
) -> LineAmounts:
    quantity, price, rate = numbers
    zero = Money.zero(currency)
    return checks.attempt(
        f"{at}.unit_price",
        lambda: line_amounts(quantity=quantity, unit_price=price, tax_rate=rate, currency=currency),
        stand_in=LineAmounts(net=zero, tax=zero, total=zero),
    )
