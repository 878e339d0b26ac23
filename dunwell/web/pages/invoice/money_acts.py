"""Acts on money: payments, their reversal, credit, promises, disputes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dunwell import flows
from dunwell.core.calendar import add_days
from dunwell.core.ids import uuid7
from dunwell.ledger import queries
from dunwell.ledger.operations import ApplicationInput, PaymentInput
from dunwell.tenancy import locale
from dunwell.tenancy.errors import NotFound
from dunwell.web.pages.fields import DayField, MoneyField
from dunwell.web.pages.invoice.act import ActForm, Case, contact_choices

_METHODS = ("", "bank transfer", "card", "direct debit", "check", "cash")
_METHOD_NAMES = {
    "": gettext_lazy("not said"),
    "bank transfer": gettext_lazy("Bank transfer"),
    "card": gettext_lazy("Card"),
    "direct debit": gettext_lazy("Direct debit"),
    "check": gettext_lazy("Check"),
    "cash": gettext_lazy("Cash"),
}
_CHANNELS = [
    ("", gettext_lazy("not said")),
    ("phone", gettext_lazy("on the phone")),
    ("email", gettext_lazy("by email")),
    ("meeting", gettext_lazy("in a meeting")),
    ("letter", gettext_lazy("by letter")),
    ("sms", gettext_lazy("by SMS")),
]
_FORM = "form"  # the source of payments recorded here; the form's own id makes each unique


class Payment(ActForm):
    """Money came in for this invoice."""

    title = gettext_lazy("Record a payment")
    button = gettext_lazy("Record the payment")
    tab = "payments"
    amount = MoneyField(label=gettext_lazy("Amount"))
    received_on = DayField(label=gettext_lazy("Received on"))
    method = forms.ChoiceField(
        label=gettext_lazy("How"),
        required=False,
        choices=[(each, _METHOD_NAMES[each]) for each in _METHODS],
    )
    reference = forms.CharField(label=gettext_lazy("Reference"), required=False, max_length=200)
    key = forms.UUIDField(widget=forms.HiddenInput)

    @classmethod
    def start(cls, case: Case) -> dict[str, Any]:
        """Begin with the whole balance, received today."""
        return {"amount": case.invoice.balance, "received_on": case.at.today, "key": uuid7()}

    def intro(self) -> Sequence[str]:
        """Say what is open and what becomes of more."""
        balance = locale.money(self.case.invoice.balance, self.case.at.organization.locale)
        return [
            _("%(balance)s are open. What comes in beyond that stays as the customer's credit.")
            % {"balance": balance}
        ]

    def run(self) -> str:
        """Record it, once however often the form is sent."""
        given = self.cleaned_data
        result = flows.record_payment(
            **self.case.doing,
            data=PaymentInput(
                customer_id=self.case.invoice.customer_id,
                amount=given["amount"],
                received_on=given["received_on"],
                method=given["method"],
                reference=given["reference"],
                source=_FORM,
                external_id=str(given["key"]),
                applications=[ApplicationInput(invoice_id=self.case.invoice.pk)],
            ),
        )
        amount = locale.money(result.payment.amount, self.case.at.organization.locale)
        if any(each.balance.minor <= 0 for each in result.invoices):
            return _("%(amount)s recorded. The invoice is paid; nothing more goes out.") % {
                "amount": amount
            }
        return _("%(amount)s recorded.") % {"amount": amount}


class Reverse(ActForm):
    """A payment bounced, was refunded or charged back."""

    title = gettext_lazy("Reverse a payment")
    button = gettext_lazy("Reverse it")
    danger = True
    tab = "payments"
    amount = MoneyField(label=gettext_lazy("Amount"))
    reversed_on = DayField(label=gettext_lazy("On"))
    reason = forms.CharField(label=gettext_lazy("Why"), required=False, max_length=200)

    @classmethod
    def start(cls, case: Case) -> dict[str, Any]:
        """Begin with all that is left of the payment."""
        payment = queries.get_payment(payment_id=_required(case.object_id))
        left = type(payment.amount)(payment.amount_minor - payment.reversed_minor, payment.currency)
        return {"amount": left, "reversed_on": case.at.today}

    def intro(self) -> Sequence[str]:
        """Say what follows."""
        return [_("The invoice owes this amount again, and chasing goes on for it.")]

    def run(self) -> str:
        """Take it back."""
        given = self.cleaned_data
        flows.reverse_payment(
            **self.case.doing,
            payment_id=_required(self.case.object_id),
            amount=given["amount"],
            reason=given["reason"],
            reversed_on=given["reversed_on"],
        )
        return _("The payment is reversed; the invoice is open again.")


class PromiseToPay(ActForm):
    """A contact said when they pay."""

    title = gettext_lazy("Record a promise to pay")
    button = gettext_lazy("Record the promise")
    promised_on = DayField(label=gettext_lazy("They pay on"))
    amount = MoneyField(label=gettext_lazy("Amount"))
    contact_id = forms.ChoiceField(label=gettext_lazy("Who said so"), required=False)
    channel = forms.ChoiceField(label=gettext_lazy("Where"), required=False, choices=_CHANNELS)
    note = forms.CharField(
        label=gettext_lazy("Their words"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    @classmethod
    def start(cls, case: Case) -> dict[str, Any]:
        """Begin with the balance in a week."""
        return {"amount": case.invoice.balance, "promised_on": add_days(case.at.today, 7)}

    def prepare(self) -> None:
        """List the contacts."""
        self.fields["contact_id"].choices = contact_choices(self.case)  # type: ignore[attr-defined]  # a ChoiceField

    def intro(self) -> Sequence[str]:
        """Say that it holds chasing, and how long."""
        days = self.case.at.organization.promise_grace_days
        return [
            _("Chasing is on hold until that day and %(n)d days of grace have passed.")
            % {"n": days}
        ]

    def run(self) -> str:
        """Record it."""
        given = self.cleaned_data
        flows.record_promise(
            **self.case.doing,
            invoice_id=self.case.invoice.pk,
            promised_on=given["promised_on"],
            amount=given["amount"],
            contact_id=UUID(given["contact_id"]) if given["contact_id"] else None,
            note=given["note"],
            channel=given["channel"],
        )
        day = locale.day_short(given["promised_on"], self.case.at.organization.locale)
        return _("Promise for %(day)s recorded; chasing is on hold.") % {"day": day}


class OpenDispute(ActForm):
    """The customer contests the invoice or a part of it."""

    title = gettext_lazy("Open a dispute")
    button = gettext_lazy("Open the dispute")
    reason = forms.CharField(
        label=gettext_lazy("What they contest"), widget=forms.Textarea(attrs={"rows": 3})
    )
    amount = MoneyField(
        label=gettext_lazy("Amount"),
        required=False,
        help_text=gettext_lazy(
            "Leave empty for the whole balance. For a part, chasing goes on for the rest."
        ),
    )
    channel = forms.ChoiceField(label=gettext_lazy("Where"), required=False, choices=_CHANNELS)

    def run(self) -> str:
        """Open it."""
        given = self.cleaned_data
        flows.open_dispute(
            **self.case.doing,
            invoice_id=self.case.invoice.pk,
            amount=given["amount"],
            reason=given["reason"],
            channel=given["channel"],
        )
        if given["amount"] is None:
            return _("The dispute is open; chasing is on hold until it is resolved.")
        return _("The dispute is open; chasing goes on for the rest.")


class ResolveDispute(ActForm):
    """A dispute came to its end."""

    title = gettext_lazy("Resolve the dispute")
    button = gettext_lazy("It is resolved")
    resolution = forms.CharField(label=gettext_lazy("How it ended"), required=False, max_length=40)

    def intro(self) -> Sequence[str]:
        """Say what was contested, and what follows."""
        dispute = queries.get_dispute(dispute_id=_required(self.case.object_id))
        return [f"“{dispute.reason}”" if dispute.reason else "", _("Chasing goes on from now.")]

    def run(self) -> str:
        """Resolve it."""
        flows.resolve_dispute(
            **self.case.doing,
            dispute_id=_required(self.case.object_id),
            resolution=self.cleaned_data["resolution"],
        )
        return _("The dispute is resolved; chasing goes on.")


class UseCredit(ActForm):
    """Credit of the customer's account is put against the invoice."""

    title = gettext_lazy("Use the customer's credit")
    button = gettext_lazy("Put it against this invoice")
    tab = "payments"
    origin = forms.ChoiceField(label=gettext_lazy("From"))

    def prepare(self) -> None:
        """List what is left of payments and credit notes."""
        invoice, tag = self.case.invoice, self.case.at.organization.locale
        rows = [
            *invoice.customer.payments.filter(currency=invoice.currency, unapplied_minor__gt=0),
            *invoice.customer.credit_notes.filter(currency=invoice.currency, unapplied_minor__gt=0),
        ]
        self.fields["origin"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (str(row.pk), f"{locale.money(row.unapplied, tag)} · {row}") for row in rows
        ]

    def run(self) -> str:
        """Apply as much of it as the invoice owes."""
        invoice = flows.apply_credit(
            **self.case.doing,
            origin_id=UUID(self.cleaned_data["origin"]),
            invoice_id=self.case.invoice.pk,
        )
        balance = locale.money(invoice.balance, self.case.at.organization.locale)
        return _("Done; %(balance)s are left.") % {"balance": balance}


def _required(value: UUID | None) -> UUID:
    if value is None:
        raise NotFound
    return value
