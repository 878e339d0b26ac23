"""The forms of invoices, customers, contacts and payments; the operations hold the rules."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dunwell.chasing import queries as chasing
from dunwell.core.money import CURRENCIES, Money
from dunwell.core.terms import Anchor, Terms
from dunwell.flows import CadenceChoice
from dunwell.ledger.models import Contact, ContactRole, Customer, Invoice
from dunwell.ledger.operations import (
    ApplicationInput,
    ContactInput,
    CustomerInput,
    InvoiceInput,
    LineInput,
    PaymentInput,
)
from dunwell.ledger.queries.found import open_invoices
from dunwell.tenancy.models import ADDRESS_PARTS, Member
from dunwell.web.requests import Here

BLANK_LINES: Final = 3
_NO_CADENCE: Final = "none"


class DayInput(forms.DateInput):
    """A native date field; its value is always ISO."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DayField(forms.DateField):
    """A calendar day."""

    widget = DayInput
    input_formats = ["%Y-%m-%d"]


def _amount(**options: Any) -> forms.CharField:
    """Make a field for a plain decimal; the operations read it exactly, never as a float."""
    widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "num", "autocomplete": "off"})
    return forms.CharField(max_length=40, widget=widget, **options)


class CustomerField(forms.CharField):
    """Names a customer by its name, its number or its id."""

    default_error_messages = {
        "unknown": gettext_lazy("No customer is called that. Create the customer first."),
        "several": gettext_lazy("Several customers are called that; give the customer number."),
    }

    def __init__(self, **options: Any) -> None:
        attributes = {"list": "customers-known", "autocomplete": "off"}
        super().__init__(max_length=200, widget=forms.TextInput(attrs=attributes), **options)

    def clean(self, value: Any) -> Customer | None:
        """Find the one customer that is meant."""
        text = super().clean(value)
        if not text:
            return None
        found = list(self._matching(text)[:2])
        if not found:
            raise ValidationError(self.error_messages["unknown"], code="unknown")
        if len(found) > 1:
            raise ValidationError(self.error_messages["several"], code="several")
        return found[0]

    @staticmethod
    def _matching(text: str) -> Any:
        try:
            return Customer.objects.filter(pk=UUID(text))
        except ValueError:
            by_number = Customer.objects.filter(external_id=text)
            return by_number if by_number.exists() else Customer.objects.filter(name=text)


def _members() -> list[tuple[str, str]]:
    rows = Member.objects.filter(active=True).order_by("name").values_list("id", "name")
    return [(str(pk), name) for pk, name in rows]


def _currencies(first: str) -> list[tuple[str, str]]:
    return [("", first), *((code, code) for code in CURRENCIES)]


_ANCHORS: Final = (
    ("", gettext_lazy("as agreed otherwise")),
    (Anchor.INVOICE_DATE.value, gettext_lazy("from the invoice date")),
    (Anchor.DELIVERY_DATE.value, gettext_lazy("from delivery")),
    (Anchor.END_OF_MONTH.value, gettext_lazy("from the end of the month")),
)


class TermsForm(forms.Form):
    """Net days and the day they are counted from; both or neither."""

    terms_days = forms.IntegerField(
        label=gettext_lazy("Payment terms, net days"), required=False, min_value=0, max_value=3650
    )
    terms_anchor = forms.ChoiceField(
        label=gettext_lazy("Counted"), required=False, choices=_ANCHORS
    )

    def terms(self) -> Terms | None:
        """Return the terms; days without an anchor count from the invoice date."""
        days = self.cleaned_data.get("terms_days")
        if days is None:
            return None
        return Terms(days=days, anchor=Anchor(self.cleaned_data["terms_anchor"] or "invoice_date"))


class InvoiceForm(TermsForm):
    """A new invoice: lines, or a total alone."""

    customer = CustomerField(label=gettext_lazy("Customer"))
    number = forms.CharField(
        label=gettext_lazy("Number"), required=False, max_length=100,
        help_text=gettext_lazy("Left empty, the next number is taken."),
    )  # fmt: skip
    invoice_date = DayField(label=gettext_lazy("Invoice date"))
    delivery_date = DayField(label=gettext_lazy("Delivery date"), required=False)
    due_date = DayField(
        label=gettext_lazy("Due date"), required=False,
        help_text=gettext_lazy("Left empty, the terms give it."),
    )  # fmt: skip
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), required=False)
    total = _amount(
        label=gettext_lazy("Total"), required=False,
        help_text=gettext_lazy("Only where there are no lines."),
    )  # fmt: skip
    engagement = forms.CharField(
        label=gettext_lazy("Engagement"), required=False, max_length=100,
        help_text=gettext_lazy("Project, retainer, milestone …"),
    )  # fmt: skip
    purchase_order = forms.CharField(
        label=gettext_lazy("Purchase order"), required=False, max_length=100
    )
    owner = forms.ChoiceField(label=gettext_lazy("Owner"), required=False)
    cadence = forms.ChoiceField(label=gettext_lazy("Chased by"), required=False)
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=5000, widget=forms.Textarea
    )

    def __init__(self, data: QueryDict | None, *, here: Here, initial: Mapping[str, Any]) -> None:
        super().__init__(data, initial={"invoice_date": here.today, **initial})
        self.fields["currency"].choices = _currencies(_("The customer's"))  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["owner"].choices = [("", _("The customer's owner")), *_members()]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["cadence"].choices = _cadences()  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def lines(self) -> list[dict[str, str]]:
        """Give the lines as they were typed, and some blank ones."""
        return [*self._typed(), *({} for _n in range(BLANK_LINES))]

    def _typed(self) -> list[dict[str, str]]:
        if not isinstance(self.data, QueryDict):
            return []
        columns = ("description", "quantity", "unit_price", "tax_rate")
        rows = zip(*(self.data.getlist(f"line_{name}") for name in columns), strict=False)
        typed = [dict(zip(columns, row, strict=True)) for row in rows]
        return [row for row in typed if row["description"].strip() or row["unit_price"].strip()]

    def invoice_input(self) -> InvoiceInput:
        """Give what the ledger needs."""
        values = self.cleaned_data
        return InvoiceInput(
            customer_id=values["customer"].pk,
            number=values["number"],
            currency=values["currency"],
            lines=[_line(row) for row in self._typed()],
            total=values["total"] or None,
            invoice_date=values["invoice_date"],
            delivery_date=values["delivery_date"],
            terms=self.terms(),
            due_date=values["due_date"],
            engagement=values["engagement"],
            purchase_order=values["purchase_order"],
            note=values["note"],
            owner_id=UUID(values["owner"]) if values["owner"] else None,
        )

    def cadence_choice(self) -> UUID | CadenceChoice | None:
        """Give the cadence, the default, or none."""
        chosen = self.cleaned_data["cadence"]
        if chosen == _NO_CADENCE:
            return None
        return UUID(chosen) if chosen else CadenceChoice.DEFAULT


def _line(row: Mapping[str, str]) -> LineInput:
    return LineInput(
        description=row["description"],
        quantity=row["quantity"].strip() or "1",
        unit_price=row["unit_price"].strip() or "0",
        tax_rate=row["tax_rate"].strip() or None,
    )


def _cadences() -> list[tuple[str, str]]:
    known = [(str(each.pk), each.name) for each in chasing.cadences()]
    return [("", _("The default cadence")), *known, (_NO_CADENCE, _("Nothing: do not chase it"))]


class AddressForm(forms.Form):
    """The parts of a postal address."""

    line1 = forms.CharField(label=gettext_lazy("Street"), required=False, max_length=200)
    line2 = forms.CharField(label=gettext_lazy("Addition"), required=False, max_length=200)
    postal_code = forms.CharField(label=gettext_lazy("Postal code"), required=False, max_length=20)
    city = forms.CharField(label=gettext_lazy("City"), required=False, max_length=100)
    region = forms.CharField(label=gettext_lazy("Region"), required=False, max_length=100)
    country = forms.CharField(
        label=gettext_lazy("Country"), required=False, max_length=2,
        help_text=gettext_lazy("Two letters, such as DE or US."),
    )  # fmt: skip

    def address(self) -> dict[str, str]:
        """Give the address in its parts."""
        parts = {part: self.cleaned_data[part] for part in ADDRESS_PARTS}
        return {**parts, "country": parts["country"].upper()}


class CustomerForm(TermsForm, AddressForm):
    """A customer's own facts; with the first contact where it is new."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    external_id = forms.CharField(
        label=gettext_lazy("Customer number"), required=False, max_length=100
    )
    tax_id = forms.CharField(label=gettext_lazy("Tax id"), required=False, max_length=50)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), required=False)
    language = forms.CharField(
        label=gettext_lazy("Language"), required=False, max_length=16,
        help_text=gettext_lazy("Of mails to them, such as en or de."),
    )  # fmt: skip
    owner = forms.ChoiceField(label=gettext_lazy("Owner"), required=False)
    tags = forms.CharField(
        label=gettext_lazy("Tags"), required=False, max_length=1000,
        help_text=gettext_lazy("Separated by commas."),
    )  # fmt: skip
    notes = forms.CharField(
        label=gettext_lazy("Notes"), required=False, max_length=5000, widget=forms.Textarea
    )
    autopay = forms.BooleanField(
        label=gettext_lazy("Pays automatically"), required=False,
        help_text=gettext_lazy("By direct debit or card; such invoices need no reminders."),
    )  # fmt: skip
    do_not_chase = forms.BooleanField(label=gettext_lazy("Do not chase"), required=False)
    do_not_chase_reason = forms.CharField(
        label=gettext_lazy("Why not"), required=False, max_length=200
    )

    def __init__(self, data: QueryDict | None, *, customer: Customer | None = None) -> None:
        super().__init__(data, initial=_initial_customer(customer) if customer else {})
        self.fields["currency"].choices = _currencies(_("The organization's"))  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["owner"].choices = [("", _("The default owner")), *_members()]  # type: ignore[attr-defined]  # a ChoiceField

    def values(self) -> dict[str, Any]:
        """Give the fields as the ledger names them."""
        values = self.cleaned_data
        kept = ("name", "tax_id", "currency", "language", "notes", "autopay", "do_not_chase")
        return {
            **{name: values[name] for name in kept},
            "do_not_chase_reason": values["do_not_chase_reason"],
            "external_id": values["external_id"] or None,
            "terms": self.terms(),
            "owner_id": UUID(values["owner"]) if values["owner"] else None,
            "tags": [tag.strip() for tag in values["tags"].split(",") if tag.strip()],
            "address": self.address(),
        }


def _initial_customer(customer: Customer) -> dict[str, Any]:
    plain = ("name", "tax_id", "currency", "language", "notes", "autopay", "do_not_chase")
    more = ("do_not_chase_reason", "external_id", "terms_days", "terms_anchor", *ADDRESS_PARTS)
    return {
        **{name: getattr(customer, name) for name in (*plain, *more)},
        "owner": str(customer.owner_id or ""),
        "tags": ", ".join(customer.tags),
    }


class ContactForm(AddressForm):
    """A person at a customer."""

    name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=200)
    email = forms.EmailField(label=gettext_lazy("Email"), required=False, max_length=254)
    phone = forms.CharField(label=gettext_lazy("Phone"), required=False, max_length=50)
    roles = forms.CharField(
        label=gettext_lazy("Roles"), required=False, max_length=500,
        help_text=gettext_lazy("Such as Accounts Payable; separated by commas."),
        widget=forms.TextInput(attrs={"list": "roles-known", "autocomplete": "off"}),
    )  # fmt: skip
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"), required=False, max_length=64,
        help_text=gettext_lazy("Such as Europe/Berlin, where it is not yours."),
    )  # fmt: skip
    receives_invoices = forms.BooleanField(label=gettext_lazy("Receives invoices"), required=False)
    billing = forms.BooleanField(
        label=gettext_lazy("Is the billing contact"), required=False,
        help_text=gettext_lazy("One per customer: who is written to unless a step names roles."),
    )  # fmt: skip

    def __init__(self, data: QueryDict | None, *, contact: Contact | None = None) -> None:
        super().__init__(data, initial=_initial_contact(contact) if contact else {})

    def clean(self) -> dict[str, Any]:
        """Ask for a name or an address: one of them must say who it is."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not values.get("name") and not values.get("email") and "email" not in self.errors:
            self.add_error("name", _("Give a name or an email address."))
        return values

    def contact_input(self, *, contact_id: UUID | None) -> ContactInput:
        """Give what the ledger needs."""
        values = self.cleaned_data
        return ContactInput(
            id=contact_id,
            name=values["name"],
            email=values["email"],
            phone=values["phone"],
            address=self.address(),
            time_zone=values["time_zone"],
            roles=[role.strip() for role in values["roles"].split(",") if role.strip()],
            receives_invoices=values["receives_invoices"],
            billing=values["billing"],
        )


def _initial_contact(contact: Contact) -> dict[str, Any]:
    roles = ContactRole.objects.filter(assignments__contact=contact).order_by("name")
    plain = ("name", "email", "phone", "time_zone", "receives_invoices", "billing")
    return {
        **{name: getattr(contact, name) for name in (*plain, *ADDRESS_PARTS)},
        "roles": ", ".join(roles.values_list("name", flat=True)),
    }


def as_input(contact: Contact) -> ContactInput:
    """Give a stored contact in the form the ledger takes, unchanged."""
    roles = ContactRole.objects.filter(assignments__contact=contact)
    return ContactInput(
        id=contact.pk,
        name=contact.name,
        email=contact.email,
        phone=contact.phone,
        address=contact.address,
        time_zone=contact.time_zone,
        roles=list(roles.values_list("name", flat=True)),
        receives_invoices=contact.receives_invoices,
        billing=contact.billing,
    )


class NewCustomerForm(CustomerForm):
    """A new customer with the person to write to."""

    contact_name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=200)
    contact_email = forms.EmailField(label=gettext_lazy("Email"), required=False, max_length=254)
    contact_phone = forms.CharField(label=gettext_lazy("Phone"), required=False, max_length=50)

    def customer_input(self) -> CustomerInput:
        """Give what the ledger needs."""
        values = self.cleaned_data
        contact = ContactInput(
            name=values["contact_name"],
            email=values["contact_email"],
            phone=values["contact_phone"],
            receives_invoices=True,
            billing=True,
        )
        named = contact.name or contact.email
        return CustomerInput(**self.values(), contacts=[contact] if named else [])


class PauseForm(forms.Form):
    """Until when chasing rests, and why."""

    until = DayField(label=gettext_lazy("Chasing goes on on"))
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=200)


class PaymentForm(forms.Form):
    """Money received, and which invoices it is for."""

    OLDEST, CHOSEN, CREDIT = "oldest", "chosen", "credit"

    customer = CustomerField(label=gettext_lazy("Customer"))
    amount = _amount(label=gettext_lazy("Amount received"))
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

    amount = _amount(label=gettext_lazy("Amount taken back"))
    reversed_on = DayField(label=gettext_lazy("On"))
    reason = forms.CharField(
        label=gettext_lazy("Reason"), required=False, max_length=200,
        help_text=gettext_lazy("Refund, bounced debit, chargeback …"),
    )  # fmt: skip
