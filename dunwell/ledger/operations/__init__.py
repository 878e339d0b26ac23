"""Writes of the ledger floor; each is one transaction, inside the organization's scope.

Every write takes the `organization`, the `actor` who does it (doors have checked that they may)
and `now`, the organization's instant. Invoices are locked first and in the order of their ids
(docs/decisions/0004), then everything else; an organization's row is locked after them.
"""

from dunwell.ledger.operations.activities import ActivityInput, log_activity
from dunwell.ledger.operations.allocation import ApplicationInput
from dunwell.ledger.operations.claims import answer_claim, claim_paid
from dunwell.ledger.operations.closing import close_invoice, delete_draft, reopen_invoice
from dunwell.ledger.operations.contacts import (
    ContactInput,
    ensure_roles,
    role_key,
    save_contacts,
)
from dunwell.ledger.operations.creating import NewInvoice, create_invoice, create_invoices
from dunwell.ledger.operations.credit import CreditNoteInput, apply_credit, record_credit_note
from dunwell.ledger.operations.crossings import cross_midnights, next_crossing
from dunwell.ledger.operations.customers import (
    CustomerChanges,
    CustomerInput,
    create_customer,
    update_customer,
)
from dunwell.ledger.operations.disputes import open_dispute, resolve_dispute
from dunwell.ledger.operations.invoice_input import InvoiceChanges, InvoiceInput, LineInput
from dunwell.ledger.operations.invoices import (
    amend_invoice,
    issue_invoice,
    mark_sent,
)
from dunwell.ledger.operations.locks import (
    lock_invoice,
    lock_invoices,
    lock_open_invoices,
    raise_chase_versions,
)
from dunwell.ledger.operations.payment_plans import (
    InstallmentInput,
    cancel_plan,
    change_plan,
    create_plan,
)
from dunwell.ledger.operations.payments import (
    PaymentInput,
    PaymentResult,
    record_payment,
    record_payments,
)
from dunwell.ledger.operations.pending import (
    fail_pending_payment,
    record_pending_payment,
    settle_pending_payment,
)
from dunwell.ledger.operations.promises import next_promise_end, record_promise, settle_promises
from dunwell.ledger.operations.reversals import reverse_payment
from dunwell.ledger.operations.suppressions import block_address, block_contact, free_address
from dunwell.ledger.operations.unmatched import (
    UnmatchedInput,
    discard_unmatched_payment,
    match_payment,
    record_unmatched_payment,
)
from dunwell.ledger.operations.waiting import Waiting

__all__ = [
    "ActivityInput",
    "ApplicationInput",
    "ContactInput",
    "CreditNoteInput",
    "CustomerChanges",
    "CustomerInput",
    "InstallmentInput",
    "InvoiceChanges",
    "InvoiceInput",
    "LineInput",
    "NewInvoice",
    "PaymentInput",
    "PaymentResult",
    "UnmatchedInput",
    "Waiting",
    "amend_invoice",
    "answer_claim",
    "apply_credit",
    "block_address",
    "block_contact",
    "cancel_plan",
    "change_plan",
    "claim_paid",
    "close_invoice",
    "create_customer",
    "create_invoice",
    "create_invoices",
    "create_plan",
    "cross_midnights",
    "delete_draft",
    "discard_unmatched_payment",
    "ensure_roles",
    "fail_pending_payment",
    "free_address",
    "issue_invoice",
    "lock_invoice",
    "lock_invoices",
    "lock_open_invoices",
    "log_activity",
    "mark_sent",
    "match_payment",
    "next_crossing",
    "next_promise_end",
    "open_dispute",
    "raise_chase_versions",
    "record_credit_note",
    "record_payment",
    "record_payments",
    "record_pending_payment",
    "record_promise",
    "record_unmatched_payment",
    "reopen_invoice",
    "resolve_dispute",
    "reverse_payment",
    "role_key",
    "save_contacts",
    "settle_pending_payment",
    "settle_promises",
    "update_customer",
]
