"""Tables of the ledger floor."""

from dunwell.ledger.models.activity import Activity
from dunwell.ledger.models.customer import Contact, ContactRole, ContactRoleAssignment, Customer
from dunwell.ledger.models.imports import Import, ImportEntry
from dunwell.ledger.models.invoice import Invoice, InvoiceDocument, InvoiceLine
from dunwell.ledger.models.money import Application, CreditNote, Payment, PaymentReversal
from dunwell.ledger.models.plan import (
    Installment,
    PaidClaim,
    PaymentPlan,
    PendingPayment,
    PendingShare,
    UnmatchedPayment,
)
from dunwell.ledger.models.promise import Dispute, Promise
from dunwell.ledger.models.suppression import Suppression

__all__ = [
    "Activity",
    "Application",
    "Contact",
    "ContactRole",
    "ContactRoleAssignment",
    "CreditNote",
    "Customer",
    "Dispute",
    "Import",
    "ImportEntry",
    "Installment",
    "Invoice",
    "InvoiceDocument",
    "InvoiceLine",
    "PaidClaim",
    "Payment",
    "PaymentPlan",
    "PaymentReversal",
    "PendingPayment",
    "PendingShare",
    "Promise",
    "Suppression",
    "UnmatchedPayment",
]
