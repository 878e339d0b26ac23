"""What narrows the board and the list of invoices."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, Literal
from uuid import UUID

from django.db.models import Q, QuerySet

from dunwell.core.money import CURRENCIES
from dunwell.core.states import State
from dunwell.ledger.models import Invoice
from dunwell.ledger.queries.states import OPEN, in_state
from dunwell.overview import flags, search
from dunwell.tenancy.models import Organization

Status = Literal["draft", "sent", "due", "overdue", "paid", "closed", "open", "all"]
STATUSES: Final[tuple[Status, ...]] = (
    *("draft", "sent", "due", "overdue", "paid", "closed"),
    *("open", "all"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFilter:
    """The choices of a reader; every field left out means all.

    Amounts are in major units of each invoice's own currency and are compared with its balance.
    `status` "open" is sent, due and overdue together, "all" also draft, paid and closed.
    """

    customer_id: UUID | None = None
    owner_id: UUID | None = None
    engagement: str = ""
    tag: str = ""
    currency: str = ""
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    text: str = ""
    flag: flags.Flag | None = None

    @property
    def narrows(self) -> bool:
        """Say whether anything is left out."""
        return self != InvoiceFilter()


def of_status(status: Status, *, today: date) -> Q:
    """Return the condition of a status on the organization's local day.

    Rule: tracking, The five states. Closed invoices are in "closed" and "all" only.
    """
    if status == "all":
        return Q()
    return OPEN if status == "open" else in_state(State(status), today=today)


def narrow(
    invoices: QuerySet[Invoice],
    *,
    chosen: InvoiceFilter,
    organization: Organization,
    now: datetime,
) -> QuerySet[Invoice]:
    """Keep the invoices that the filter lets through."""
    if chosen.customer_id:
        invoices = invoices.filter(customer_id=chosen.customer_id)
    if chosen.owner_id:
        invoices = invoices.filter(_owned_by(chosen.owner_id, organization))
    if chosen.engagement:
        invoices = invoices.filter(engagement=chosen.engagement)
    if chosen.tag:
        invoices = invoices.filter(customer__tags__contains=[chosen.tag])
    if chosen.currency:
        invoices = invoices.filter(currency=chosen.currency)
    if chosen.at_least is not None or chosen.at_most is not None:
        invoices = invoices.filter(_within(chosen.at_least, chosen.at_most))
    if chosen.text:
        invoices = invoices.filter(pk__in=search.invoice_ids(text=chosen.text))
    if chosen.flag:
        invoices = flags.having(invoices, flag=chosen.flag, organization=organization, now=now)
    return invoices


def _owned_by(owner_id: UUID, organization: Organization) -> Q:
    """Whoever answers for an invoice: its owner, else its customer's, else the default.

    Rule: tracking, Never chase blind.
    """
    condition = Q(owner_id=owner_id) | Q(owner_id__isnull=True, customer__owner_id=owner_id)
    if organization.default_owner_id == owner_id:
        condition |= Q(owner_id__isnull=True, customer__owner_id__isnull=True)
    return condition


def _within(at_least: Decimal | None, at_most: Decimal | None) -> Q:
    """Compare balances in minor units: one bound for each number of digits."""
    by_digits: dict[int, list[str]] = defaultdict(list)
    for currency, digits in CURRENCIES.items():
        by_digits[digits].append(currency)
    condition = Q(pk__in=[])
    for digits, currencies in by_digits.items():
        bounds = Q() if digits == 2 else Q(currency__in=currencies)
        if digits == 2:
            bounds = ~Q(currency__in=[c for c, d in CURRENCIES.items() if d != 2])
        if at_least is not None:
            bounds &= Q(balance_minor__gte=_minor(at_least, digits, ROUND_CEILING))
        if at_most is not None:
            bounds &= Q(balance_minor__lte=_minor(at_most, digits, ROUND_FLOOR))
        condition |= bounds
    return condition


def _minor(amount: Decimal, digits: int, rounding: str) -> int:
    return int(amount.scaleb(digits).to_integral_value(rounding))
