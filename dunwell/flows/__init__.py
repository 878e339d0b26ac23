"""Acts that cross areas, one module per kind of act; doors call these (docs/why/house.md)."""

from dunwell.flows.advance_clock import Advanced, advance
from dunwell.flows.customers import update_customer
from dunwell.flows.invoices import (
    CadenceChoice,
    NewInvoice,
    amend_invoice,
    close_invoice,
    create_invoice,
    create_invoices,
    delete_draft,
    issue_invoice,
    mark_sent,
    reopen_invoice,
)
from dunwell.flows.money import (
    apply_credit,
    record_credit_note,
    record_payment,
    record_payments,
    reverse_payment,
)
from dunwell.flows.receive_message import Received, receive_message
from dunwell.flows.receive_report import receive_report
from dunwell.flows.settings import change_settings
from dunwell.flows.standing import open_dispute, record_promise, resolve_dispute
from dunwell.flows.waiting import (
    answer_claim,
    claim_paid,
    discard_unmatched_payment,
    fail_pending_payment,
    match_payment,
    record_pending_payment,
    record_unmatched_payment,
    settle_pending_payment,
)

__all__ = [
    "Advanced",
    "CadenceChoice",
    "NewInvoice",
    "Received",
    "advance",
    "amend_invoice",
    "answer_claim",
    "apply_credit",
    "change_settings",
    "claim_paid",
    "close_invoice",
    "create_invoice",
    "create_invoices",
    "delete_draft",
    "discard_unmatched_payment",
    "fail_pending_payment",
    "issue_invoice",
    "mark_sent",
    "match_payment",
    "open_dispute",
    "receive_message",
    "receive_report",
    "record_credit_note",
    "record_payment",
    "record_payments",
    "record_pending_payment",
    "record_promise",
    "record_unmatched_payment",
    "reopen_invoice",
    "resolve_dispute",
    "reverse_payment",
    "settle_pending_payment",
    "update_customer",
]
