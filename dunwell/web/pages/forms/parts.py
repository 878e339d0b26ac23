"""Fields and parts of forms that several pages share."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from dunwell.core.money import CURRENCIES
from dunwell.core.terms import Anchor, Terms
from dunwell.ledger.models import Customer
from dunwell.tenancy.models import ADDRESS_PARTS, Member


class DayInput(forms.DateInput):
    """A native date field; its value is always ISO."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DayField(forms.DateField):
    """A calendar day."""

    widget = DayInput
    input_formats = ["%Y-%m-%d"]


def amount_field(**options: Any) -> forms.CharField:
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
    def _matching(text: str) -> QuerySet[Customer]:
        try:
            return Customer.objects.filter(pk=UUID(text))
        except ValueError:
            by_number = Customer.objects.filter(external_id=text)
            return by_number if by_number.exists() else Customer.objects.filter(name=text)


def member_choices() -> list[tuple[str, str]]:
    """List the active members as choices."""
    rows = Member.objects.filter(active=True).order_by("name").values_list("id", "name")
    return [(str(pk), name) for pk, name in rows]


def currency_choices(first: str) -> list[tuple[str, str]]:
    """List the currencies as choices, after a first one that stands for none."""
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
