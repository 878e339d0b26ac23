"""Payments with what they were applied to."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, Sum

from dunwell.core.money import Money
from dunwell.ledger.models import Application, Payment
from dunwell.overview import sorting

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class AppliedTo:
    """A share of a payment on one invoice, after everything taken back."""

    invoice_id: UUID
    number: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """A payment in the list."""

    id: UUID
    customer_id: UUID
    customer: str
    amount: Money
    reversed: Money
    unapplied: Money
    received_on: date
    method: str
    reference: str
    recorded_by: str
    flag: str
    applied_to: tuple[AppliedTo, ...]


def payments(
    *, customer_id: UUID | None = None, after: str = "", limit: int = PAGE
) -> tuple[list[PaymentRow], str | None]:
    """Read one page of payments, the last received first, and the cursor of those that follow."""
    found = Payment.objects.all()
    if customer_id is not None:
        found = found.filter(customer_id=customer_id)
    if after:
        day, pk = sorting.read_cursor(after, sort="received")
        found = found.filter(Q(received_on__lte=day) & (Q(received_on__lt=day) | Q(pk__gt=pk)))
    raw = list(
        found.order_by("-received_on", "pk").values(
            "id", "customer_id", "customer__name", "currency", "amount_minor", "reversed_minor",
            "unapplied_minor", "received_on", "method", "reference", "recorded_by", "flag",
        )[: limit + 1]
    )  # fmt: skip
    applied = applied_to([each["id"] for each in raw[:limit]])
    rows = [_row(each, applied.get(each["id"], ())) for each in raw[:limit]]
    following = None
    if len(raw) > limit:
        following = sorting.cursor(sort="received", value=rows[-1].received_on, pk=rows[-1].id)
    return rows, following


def applied_to(payment_ids: Sequence[UUID]) -> dict[UUID, tuple[AppliedTo, ...]]:
    """Sum the applications of payments per invoice, leaving out those taken back in full."""
    lines = (
        Application.objects.filter(payment__in=payment_ids)
        .order_by()
        .values("payment_id", "invoice_id", "invoice__number", "invoice__currency")
        .annotate(applied=Sum("amount_minor"))
        .order_by("invoice__number")
    )
    found: dict[UUID, list[AppliedTo]] = defaultdict(list)
    for line in lines if payment_ids else ():
        if line["applied"]:
            amount = Money(int(line["applied"]), line["invoice__currency"])
            share = AppliedTo(line["invoice_id"], line["invoice__number"], amount)
            found[line["payment_id"]].append(share)
    return {pk: tuple(shares) for pk, shares in found.items()}


def _row(raw: Mapping[str, Any], shares: tuple[AppliedTo, ...]) -> PaymentRow:
    currency = raw["currency"]
    return PaymentRow(
        id=raw["id"],
        customer_id=raw["customer_id"],
        customer=raw["customer__name"],
        amount=Money(raw["amount_minor"], currency),
        reversed=Money(raw["reversed_minor"], currency),
        unapplied=Money(raw["unapplied_minor"], currency),
        received_on=raw["received_on"],
        method=raw["method"],
        reference=raw["reference"],
        recorded_by=raw["recorded_by"],
        flag=raw["flag"],
        applied_to=shares,
    )
