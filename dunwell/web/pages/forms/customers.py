"""The forms of customers and their contacts."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dunwell.ledger.models import Contact, ContactRole, Customer
from dunwell.ledger.operations import ContactInput, CustomerInput
from dunwell.tenancy.models import ADDRESS_PARTS
from dunwell.web.pages.forms.parts import (
    AddressForm,
    TermsForm,
    currency_choices,
    member_choices,
)


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
        self.fields["currency"].choices = currency_choices(_("The organization's"))  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["owner"].choices = [("", _("The default owner")), *member_choices()]  # type: ignore[attr-defined]  # a ChoiceField

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
