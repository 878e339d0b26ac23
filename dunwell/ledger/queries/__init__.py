"""Reads of the ledger floor, inside the organization's scope unless they say otherwise."""

from dunwell.ledger.queries.accounts import (
    Account,
    account_of,
    average_days_to_pay,
    balances_due,
    credit_by_customer,
    credit_of,
)
from dunwell.ledger.queries.due_dates import due_explained, rule_of
from dunwell.ledger.queries.found import (
    find_customer,
    find_invoice,
    get_contact,
    get_credit_note,
    get_customer,
    get_dispute,
    get_invoice,
    get_payment,
    invoices_by_id,
    open_invoices,
    payments_of,
    responsible_owner,
    roles_of,
)
from dunwell.ledger.queries.holds import holds_of
from dunwell.ledger.queries.statements import (
    Statement,
    StatementEntry,
    balance_forward,
    open_items,
)
from dunwell.ledger.queries.states import OPEN, in_state, state_case, with_state

__all__ = [
    "OPEN",
    "Account",
    "Statement",
    "StatementEntry",
    "account_of",
    "average_days_to_pay",
    "balance_forward",
    "balances_due",
    "credit_by_customer",
    "credit_of",
    "due_explained",
    "find_customer",
    "find_invoice",
    "get_contact",
    "get_credit_note",
    "get_customer",
    "get_dispute",
    "get_invoice",
    "get_payment",
    "holds_of",
    "in_state",
    "invoices_by_id",
    "open_invoices",
    "open_items",
    "payments_of",
    "responsible_owner",
    "roles_of",
    "rule_of",
    "state_case",
    "with_state",
]
