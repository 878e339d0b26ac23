"""What a customer owes, has paid and promised, per currency (Rule: tracking, Board and views)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, Sum

from dunwell.core.aging import Aging, aging
from dunwell.core.money import Money, sum_by_currency
from dunwell.ledger.models import CreditNote, Invoice, Payment, Promise
from dunwell.ledger.queries.states import OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer's account; every mapping goes from currency to its figure, never summed."""

    outstanding: Mapping[str, Money]
    overdue: Mapping[str, Money]
    aging: Mapping[str, Aging]
    credit: Mapping[str, Money]
    average_days_to_pay: float | None
    promises_kept: int
    promises_broken: int


def account_of(*, customer_id: UUID, today: date) -> Account:
    """Reckon a customer's account on the organization's local day."""
    items = balances_due(condition=Q(customer_id=customer_id), today=today)
    promises = Promise.objects.filter(invoice__customer_id=customer_id).aggregate(
        kept=Count("id", filter=Q(state="kept")), broken=Count("id", filter=Q(state="broken"))
    )
    return Account(
        outstanding=sum_by_currency(balance for balance, _days in items),
        overdue=sum_by_currency(balance for balance, days in items if days > 0),
        aging=aging(items),
        credit=credit_of(customer_id=customer_id),
        average_days_to_pay=average_days_to_pay(condition=Q(customer_id=customer_id)),
        promises_kept=promises["kept"],
        promises_broken=promises["broken"],
    )


def balances_due(*, condition: Q, today: date) -> list[tuple[Money, int]]:
    """Sum open balances per currency and due date: pairs (balance, days overdue) for core.aging.

    Negative days are still to come.
    """
    sums = (
        Invoice.objects.filter(OPEN & condition)
        .values_list("currency", "due_date")
        .annotate(owed=Sum("balance_minor"))
        .order_by("currency", "due_date")
    )
    return [
        (Money(int(owed), currency), (today - due).days)
        for currency, due, owed in sums
        if due is not None
    ]


def average_days_to_pay(*, condition: Q) -> float | None:
    """Average the days from invoice date to the last receipt over paid invoices, None if none."""
    days = ExpressionWrapper(F("paid_on") - F("invoice_date"), output_field=DurationField())
    paid = Invoice.objects.filter(condition, paid_at__isnull=False, closed_at__isnull=True)
    average: timedelta | None = paid.aggregate(average=Avg(days))["average"]
    return None if average is None else average / timedelta(days=1)


def credit_of(*, customer_id: UUID) -> dict[str, Money]:
    """Sum what is left of a customer's payments and credit notes, per currency."""
    return credit_by_customer(customer_ids=[customer_id]).get(customer_id, {})


def credit_by_customer(*, customer_ids: Iterable[UUID]) -> dict[UUID, dict[str, Money]]:
    """Sum what is left of payments and credit notes per customer and currency."""
    wanted = list(customer_ids)
    found: dict[UUID, list[Money]] = {}
    for model in (Payment, CreditNote):
        left = (
            model.objects.filter(customer_id__in=wanted, unapplied_minor__gt=0)
            .values_list("customer_id", "currency")
            .annotate(left=Sum("unapplied_minor"))
        )
        for customer_id, currency, minor in left:
            found.setdefault(customer_id, []).append(Money(int(minor), currency))
    return {customer_id: sum_by_currency(amounts) for customer_id, amounts in found.items()}
