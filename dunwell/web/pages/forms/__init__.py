"""The forms of invoices, customers, contacts and payments; the operations hold the rules."""

from dunwell.web.pages.forms.customers import (
    ContactForm,
    CustomerForm,
    NewCustomerForm,
    as_input,
)
from dunwell.web.pages.forms.invoices import InvoiceForm, PauseForm
from dunwell.web.pages.forms.parts import CustomerField
from dunwell.web.pages.forms.payments import PaymentForm, ReversalForm

__all__ = [
    "ContactForm",
    "CustomerField",
    "CustomerForm",
    "InvoiceForm",
    "NewCustomerForm",
    "PauseForm",
    "PaymentForm",
    "ReversalForm",
    "as_input",
]
