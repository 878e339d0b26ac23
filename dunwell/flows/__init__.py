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

__all__ = [
    "Advanced",
    "CadenceChoice",
    "NewInvoice",
    "Received",
    "advance",
    "amend_invoice",
    "apply_credit",
    "change_settings",
    "close_invoice",
    "create_invoice",
    "create_invoices",
    "delete_draft",
    "issue_invoice",
    "mark_sent",
    "open_dispute",
    "receive_message",
    "receive_report",
    "record_credit_note",
    "record_payment",
    "record_payments",
    "record_promise",
    "reopen_invoice",
    "resolve_dispute",
    "reverse_payment",
    "update_customer",
]
