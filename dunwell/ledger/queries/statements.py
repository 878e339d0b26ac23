"""Statements of account: what is open, or what moved over a time (Rule: api, statement)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q

from dunwell.core.money import Money
from dunwell.ledger.models import CreditNote, Invoice, Payment, PaymentReversal
from dunwell.ledger.queries.found import open_invoices


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementEntry:
    """One line. `amount` is what it adds to the account (payments and credits are negative)."""

    day: date
    kind: str  # invoice, payment, credit_note, reversal, closed
    label: str
    amount: Money
    balance: Money
    due_date: date | None = None
    invoice_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The lines of one currency, from an opening to a closing balance."""

    currency: str
    opening: Money
    entries: Sequence[StatementEntry]
    closing: Money


def open_items(*, customer_id: UUID) -> list[Statement]:
    """List a customer's open invoices per currency, oldest due date first.

    Each entry has the invoice's total as `amount` and what is left of it as `balance`; `closing`
    sums what is left.
    """
    by_currency: dict[str, list[StatementEntry]] = {}
    for invoice in open_invoices(customer_id=customer_id):
        by_currency.setdefault(invoice.currency, []).append(
            StatementEntry(
                day=invoice.invoice_date,
                kind="invoice",
                label=invoice.number,
                amount=invoice.total,
                balance=invoice.balance,
                due_date=invoice.due_date,
                invoice_id=invoice.pk,
            )
        )
    return [
        Statement(
            currency=currency,
            opening=Money.zero(currency),
            entries=entries,
            closing=sum((entry.balance for entry in entries), Money.zero(currency)),
        )
        for currency, entries in sorted(by_currency.items())
    ]


def balance_forward(*, customer_id: UUID, since: date, until: date) -> list[Statement]:
    """List what moved a customer's account from `since` to `until`, per currency, in order.

    By invoice, receipt, credit and closing dates, never the time of recording (Rule: tracking,
    Never chase blind). `balance` of an entry is the running one; credit makes it negative.
    """
    moves = sorted(_moves(customer_id), key=lambda move: (move.day, move.kind, move.label))
    statements = []
    for currency in sorted({move.amount.currency for move in moves}):
        own = [move for move in moves if move.amount.currency == currency and move.day <= until]
        opening = Money(sum(m.amount.minor for m in own if m.day < since), currency)
        running, entries = opening, []
        for move in own:
            if move.day >= since:
                running += move.amount
                entries.append(_with_balance(move, running))
        statements.append(
            Statement(currency=currency, opening=opening, entries=entries, closing=running)
        )
    return [s for s in statements if s.entries or s.opening]


@dataclass(frozen=True, slots=True)
class _Move:
    day: date
    kind: str
    label: str
    amount: Money
    due_date: date | None = None
    invoice_id: UUID | None = None


def _with_balance(move: _Move, balance: Money) -> StatementEntry:
    return StatementEntry(
        day=move.day,
        kind=move.kind,
        label=move.label,
        amount=move.amount,
        balance=balance,
        due_date=move.due_date,
        invoice_id=move.invoice_id,
    )


def _moves(customer_id: UUID) -> list[_Move]:
    return [*_invoiced(customer_id), *_received(customer_id), *_credited(customer_id)]


def _invoiced(customer_id: UUID) -> list[_Move]:
    """List invoices as they were issued, and what closing them took off."""
    moves = []
    for invoice in Invoice.objects.filter(Q(customer_id=customer_id), issued_at__isnull=False):
        moves.append(
            _Move(
                invoice.invoice_date,
                "invoice",
                invoice.number,
                invoice.total,
                invoice.due_date,
                invoice.pk,
            )
        )
        if invoice.closed_on is not None:
            moves.append(
                _Move(
                    max(invoice.closed_on, invoice.invoice_date),
                    "closed",
                    invoice.number,
                    -invoice.balance,
                    invoice_id=invoice.pk,
                )
            )
    return moves


def _received(customer_id: UUID) -> list[_Move]:
    payments = Payment.objects.filter(customer_id=customer_id)
    reversals = PaymentReversal.objects.filter(payment__customer_id=customer_id)
    return [
        *(_Move(p.received_on, "payment", p.reference, -p.amount) for p in payments),
        *(
            _Move(
                r.reversed_on,
                "reversal",
                r.reason,
                Money(r.amount_minor, r.payment.currency),
            )
            for r in reversals.select_related("payment")
        ),
    ]


def _credited(customer_id: UUID) -> list[_Move]:
    notes = CreditNote.objects.filter(customer_id=customer_id)
    return [_Move(n.issued_on, "credit_note", n.number, -n.amount) for n in notes]
