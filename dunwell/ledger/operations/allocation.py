"""Decides which invoices a payment or credit note goes to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _

from dunwell.core.money import Money
from dunwell.ledger.checks import Checks
from dunwell.ledger.errors import IsDraft, OverApplied
from dunwell.ledger.models import Invoice


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationInput:
    """An amount of the payment for one invoice; None: as much as the invoice still owes."""

    invoice_id: UUID
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Minor units per invoice; `met_closed` says that a closed invoice's share became credit."""

    shares: Mapping[UUID, int]
    met_closed: bool = False

    @property
    def total(self) -> int:
        """Sum what is applied."""
        return sum(self.shares.values())


def allocate(
    *,
    amount: Money,
    customer_id: UUID,
    invoices: Mapping[UUID, Invoice],
    wanted: Sequence[ApplicationInput] | None,
) -> Allocation:
    """Share an amount out over locked invoices, as told or oldest due date first.

    What an invoice does not owe stays as credit; so does the share of a closed invoice (Rule:
    tracking, Payments). Raises InvalidInput (other currency or customer, nothing or less than
    nothing), OverApplied, IsDraft.
    """
    if wanted is None:
        return Allocation(shares=_oldest_first(amount.minor, invoices.values()))
    _check(amount, customer_id, invoices, wanted)
    return _as_told(amount, invoices, wanted)


def _oldest_first(left: int, invoices: Iterable[Invoice]) -> dict[UUID, int]:
    shares: dict[UUID, int] = {}
    for invoice in sorted(invoices, key=_age):
        share = min(left, invoice.balance.minor)
        if share > 0 and invoice.issued_at is not None and invoice.closed_at is None:
            shares[invoice.pk] = share
            left -= share
    return shares


def _age(invoice: Invoice) -> tuple[date, date, UUID]:
    return invoice.due_date or date.max, invoice.invoice_date, invoice.pk


def _check(
    amount: Money,
    customer_id: UUID,
    invoices: Mapping[UUID, Invoice],
    wanted: Sequence[ApplicationInput],
) -> None:
    checks = Checks()
    for n, application in enumerate(wanted):
        invoice, share = invoices[application.invoice_id], application.amount
        if invoice.customer_id != customer_id:
            checks.add(
                f"applications.{n}.invoice_id",
                _("Invoice %(number)s belongs to another customer.") % {"number": invoice.number},
            )
        if invoice.currency != amount.currency:
            checks.add(f"applications.{n}.invoice_id", _mixed(invoice.currency, amount))
        if share is not None and share.currency != amount.currency:
            checks.add(f"applications.{n}.amount", _mixed(share.currency, amount))
        if share is not None and share.minor <= 0:
            checks.add(f"applications.{n}.amount", _("The amount must be greater than zero."))
    checks.done()
    told = sum(a.amount.minor for a in wanted if a.amount is not None)
    if told > amount.minor:
        raise OverApplied(applied=Money(told, amount.currency), held=amount)


def _mixed(currency: str, amount: Money) -> str:
    return _("The payment is in %(given)s, the invoice in %(needed)s.") % {
        "given": amount.currency,
        "needed": currency,
    }


def _as_told(
    amount: Money, invoices: Mapping[UUID, Invoice], wanted: Sequence[ApplicationInput]
) -> Allocation:
    shares: dict[UUID, int] = {}
    left, met_closed = amount.minor, False
    for application in wanted:
        invoice = invoices[application.invoice_id]
        if invoice.issued_at is None:
            raise IsDraft(number=invoice.number)
        if invoice.closed_at is not None:
            met_closed = True
            continue
        owed = invoice.balance.minor - shares.get(invoice.pk, 0)
        told = left if application.amount is None else application.amount.minor
        share = min(told, owed, left)
        if share > 0:
            shares[invoice.pk] = shares.get(invoice.pk, 0) + share
            left -= share
    return Allocation(shares=shares, met_closed=met_closed)
