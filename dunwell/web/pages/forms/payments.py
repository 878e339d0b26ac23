"""The forms of payments and of taking them back."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from dunwell.core.money import CURRENCIES, Money
from dunwell.ledger.models import Customer, Invoice
from dunwell.ledger.operations import ApplicationInput, PaymentInput
from dunwell.ledger.queries.found import open_invoices
from dunwell.web.pages.forms.parts import CustomerField, DayField, amount_field
from dunwell.web.requests import Here


class PaymentForm(forms.Form):
    """Money received, and which invoices it is for."""

    OLDEST, CHOSEN, CREDIT = "oldest", "chosen", "credit"

    customer = CustomerField(label=gettext_lazy("Customer"))
    amount = amount_field(label=gettext_lazy("Amount received"))
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    received_on = DayField(label=gettext_lazy("Received on"))
    method = forms.CharField(
        label=gettext_lazy("Method"), required=False, max_length=40,
        help_text=gettext_lazy("Bank transfer, card, cheque …"),
    )  # fmt: skip
    reference = forms.CharField(
        label=gettext_lazy("Reference"), required=False, max_length=200,
        help_text=gettext_lazy("What the bank statement says."),
    )  # fmt: skip
    apply = forms.ChoiceField(
        label=gettext_lazy("Goes to"),
        choices=[
            (OLDEST, gettext_lazy("Oldest due invoices first")),
            (CHOSEN, gettext_lazy("The invoices and amounts below")),
            (CREDIT, gettext_lazy("Nothing yet: keep it as credit")),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, data: QueryDict | None, *, here: Here, initial: Mapping[str, Any]) -> None:
        start = {
            "received_on": here.today,
            "currency": here.organization.currency,
            "apply": self.OLDEST,
            **initial,
        }
        super().__init__(data, initial=start)
        self.fields["currency"].choices = [(code, code) for code in CURRENCIES]  # type: ignore[attr-defined]  # a ChoiceField

    def owing(self, customer: Customer | None) -> list[tuple[Invoice, str]]:
        """List the customer's open invoices, each with the amount typed for it."""
        if customer is None:
            return []
        typed = self.data if isinstance(self.data, QueryDict) else QueryDict()
        rows = open_invoices(customer_id=customer.pk)[:200]
        return [(row, typed.get(f"share_{row.pk}", self._suggested(row))) for row in rows]

    def _suggested(self, invoice: Invoice) -> str:
        return invoice.balance.text if self.initial.get("invoice") == str(invoice.pk) else ""

    def payment_input(self) -> PaymentInput:
        """Give what the ledger needs. Raises CoreError for an amount that cannot be read."""
        values = self.cleaned_data
        return PaymentInput(
            customer_id=values["customer"].pk,
            amount=Money.parse(values["amount"].strip(), values["currency"]),
            received_on=values["received_on"],
            method=values["method"],
            reference=values["reference"],
            source="",
            applications=self._applications(values["currency"]),
        )

    def _applications(self, currency: str) -> Sequence[ApplicationInput] | None:
        match self.cleaned_data["apply"]:
            case self.OLDEST:
                return None
            case self.CREDIT:
                return []
        shares = [
            (key.removeprefix("share_"), str(text).strip())
            for key, text in self.data.items()
            if key.startswith("share_")
        ]
        return [
            ApplicationInput(invoice_id=UUID(pk), amount=Money.parse(text, currency))
            for pk, text in shares
            if text
        ]


class ReversalForm(forms.Form):
    """How much of a payment is taken back, and why."""

    amount = amount_field(label=gettext_lazy("Amount taken back"))
    reversed_on = DayField(label=gettext_lazy("On"))
    reason = forms.CharField(
        label=gettext_lazy("Reason"), required=False, max_length=200,
        help_text=gettext_lazy("Refund, bounced debit, chargeback …"),
    )  # fmt: skip
