"""What must never be true in the ledger: queries that find nothing (house rule 20).

Tests and `dunwell audit` run them in system scope, over all organizations.
"""

from dataclasses import dataclass
from typing import Final

from django.db import connection


@dataclass(frozen=True, slots=True)
class Invariant:
    """A query whose every row is a violation; its first two columns are organization and id."""

    name: str
    sql: str
    explanation: str


def violations(invariant: Invariant) -> int:
    """Count the rows that violate an invariant, in the present scope."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({invariant.sql}) AS violation")  # noqa: S608 - constants
        row = cursor.fetchone()
    return int(row[0]) if row else 0


INVARIANTS: Final = (
    Invariant(
        "invoice_balance",
        """
        SELECT i.organization_id, i.id FROM ledger_invoice i
        LEFT JOIN (SELECT invoice_id, sum(amount_minor) AS applied
                   FROM ledger_application GROUP BY invoice_id) a ON a.invoice_id = i.id
        WHERE i.applied_minor <> coalesce(a.applied, 0)
           OR i.balance_minor <> i.total_minor - coalesce(a.applied, 0)
        """,
        "the balance of an invoice is its total minus the sum of what was applied",
    ),
    Invariant(
        "invoice_balance_not_negative",
        """
        SELECT organization_id, id FROM ledger_invoice
        WHERE balance_minor < 0 OR applied_minor < 0 OR total_minor <= 0
        """,
        "an invoice never has a negative balance",
    ),
    Invariant(
        "payment_applied",
        """
        SELECT p.organization_id, p.id FROM ledger_payment p
        LEFT JOIN (SELECT payment_id, sum(amount_minor) AS applied
                   FROM ledger_application GROUP BY payment_id) a ON a.payment_id = p.id
        WHERE p.applied_minor <> coalesce(a.applied, 0) OR p.unapplied_minor < 0
        """,
        "what a payment says is applied is the sum of its applications, at most what it holds",
    ),
    Invariant(
        "payment_reversed",
        """
        SELECT p.organization_id, p.id FROM ledger_payment p
        LEFT JOIN (SELECT payment_id, sum(amount_minor) AS reversed
                   FROM ledger_paymentreversal GROUP BY payment_id) r ON r.payment_id = p.id
        WHERE p.reversed_minor <> coalesce(r.reversed, 0)
        """,
        "what a payment says is reversed is the sum of its reversals",
    ),
    Invariant(
        "credit_note_applied",
        """
        SELECT c.organization_id, c.id FROM ledger_creditnote c
        LEFT JOIN (SELECT credit_note_id, sum(amount_minor) AS applied
                   FROM ledger_application GROUP BY credit_note_id) a ON a.credit_note_id = c.id
        WHERE c.applied_minor <> coalesce(a.applied, 0) OR c.unapplied_minor < 0
        """,
        "what a credit note says is applied is the sum of its applications, at most its amount",
    ),
    Invariant(
        "application_per_invoice_not_negative",
        """
        SELECT organization_id, invoice_id FROM ledger_application
        GROUP BY organization_id, invoice_id, payment_id, credit_note_id
        HAVING sum(amount_minor) < 0
        """,
        "no more is taken back from an invoice than was applied to it",
    ),
    Invariant(
        "application_one_account",
        """
        SELECT a.organization_id, a.id FROM ledger_application a
        JOIN ledger_invoice i ON i.id = a.invoice_id
        LEFT JOIN ledger_payment p ON p.id = a.payment_id
        LEFT JOIN ledger_creditnote c ON c.id = a.credit_note_id
        WHERE i.currency <> coalesce(p.currency, c.currency)
           OR i.customer_id <> coalesce(p.customer_id, c.customer_id)
           OR i.organization_id <> a.organization_id
        """,
        "money stays within one customer and one currency",
    ),
    Invariant(
        "paid_when_nothing_owed",
        """
        SELECT organization_id, id FROM ledger_invoice
        WHERE (paid_at IS NOT NULL) <> (issued_at IS NOT NULL AND balance_minor <= 0)
           OR (paid_at IS NULL) <> (paid_on IS NULL)
        """,
        "an invoice bears a moment of payment exactly when it is issued and nothing is owed",
    ),
    Invariant(
        "draft_without_money",
        """
        SELECT i.organization_id, i.id FROM ledger_invoice i
        WHERE i.issued_at IS NULL
          AND (i.applied_minor <> 0 OR i.closed_at IS NOT NULL
               OR EXISTS (SELECT FROM ledger_application a WHERE a.invoice_id = i.id))
        """,
        "a draft has no money and is not closed",
    ),
    Invariant(
        "issued_with_due_date",
        """
        SELECT organization_id, id FROM ledger_invoice
        WHERE (issued_at IS NOT NULL AND due_date IS NULL) OR due_date < invoice_date
        """,
        "an issued invoice has a due date, and no due date lies before the invoice date",
    ),
    Invariant(
        "closed_with_reason",
        """
        SELECT organization_id, id FROM ledger_invoice
        WHERE (closed_at IS NULL) <> (close_reason = '')
           OR (closed_at IS NULL) <> (closed_on IS NULL)
        """,
        "a closed invoice has a reason and a day, an open one has neither",
    ),
    Invariant(
        "lines_add_up",
        """
        SELECT i.organization_id, i.id FROM ledger_invoice i
        JOIN (SELECT invoice_id, sum(net_minor + tax_minor) AS total
              FROM ledger_invoiceline GROUP BY invoice_id) l ON l.invoice_id = i.id
        WHERE i.total_minor <> l.total
        """,
        "an invoice with lines has their sum as its total",
    ),
    Invariant(
        "one_billing_contact",
        """
        SELECT organization_id, customer_id FROM ledger_contact
        GROUP BY organization_id, customer_id
        HAVING count(*) FILTER (WHERE billing) <> 1
        """,
        "a customer with contacts has exactly one billing contact",
    ),
    Invariant(
        "promise_settled",
        """
        SELECT organization_id, id FROM ledger_promise
        WHERE (state = 'open') <> (settled_at IS NULL)
        """,
        "a promise bears the moment it was settled exactly when it is not open",
    ),
    Invariant(
        "crossing_told_once",
        """
        SELECT organization_id, invoice_id FROM tenancy_event
        WHERE kind IN ('invoice.due', 'invoice.overdue') AND data->>'by' = 'Dunwell'
        GROUP BY organization_id, invoice_id, kind, at
        HAVING count(*) > 1
        """,
        "no midnight tells twice that an invoice became due or overdue",
    ),
    Invariant(
        "plan_sums_to_balance",
        """
        SELECT p.organization_id, p.id FROM ledger_paymentplan p
        JOIN ledger_invoice i ON i.organization_id = p.organization_id AND i.id = p.invoice_id
        LEFT JOIN (SELECT plan_id, sum(amount_minor) AS agreed
                   FROM ledger_installment GROUP BY plan_id) n ON n.plan_id = p.id
        WHERE p.ended_at IS NULL
          AND (coalesce(n.agreed, 0) <> i.total_minor - p.applied_before_minor
               OR i.applied_minor < p.applied_before_minor)
        """,
        "the installments of a plan sum to what was owed when it was agreed",
    ),
    Invariant(
        "waiting_money_keeps_currency",
        """
        SELECT w.organization_id, w.id FROM (
          SELECT organization_id, id, currency, payment_id FROM ledger_pendingpayment
          UNION ALL
          SELECT organization_id, id, currency, payment_id FROM ledger_unmatchedpayment) w
        JOIN ledger_payment p ON p.organization_id = w.organization_id AND p.id = w.payment_id
        WHERE p.currency <> w.currency
        """,
        "announced and unmatched money becomes a payment of its currency",
    ),
    Invariant(
        "paid_invoice_without_open_claim",
        """
        SELECT c.organization_id, c.id FROM ledger_paidclaim c
        JOIN ledger_invoice i ON i.organization_id = c.organization_id AND i.id = c.invoice_id
        WHERE c.ended_at IS NULL AND i.balance_minor <= 0 AND i.applied_minor > 0
          AND i.total_minor = i.applied_minor AND i.paid_at > c.claimed_at
        """,
        "no claim stays open once the invoice is paid",
    ),
)
