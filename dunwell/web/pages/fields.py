"""Form fields for days and money, read as the organization writes them."""

from typing import Any

from babel.numbers import NumberFormatError, parse_decimal
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dunwell.core.errors import CoreError
from dunwell.core.money import Money
from dunwell.ledger.checks import sentence
from dunwell.tenancy.locale import babel_locale


class DayField(forms.DateField):
    """A calendar day, chosen with the browser's own calendar."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, input_formats=["%Y-%m-%d"], **options)


class MoneyField(forms.CharField):
    """An amount in one currency: "1,234.50", "1.234,50" or "1234.50"; cleaned to Money.

    The form that has it sets `currency` and `tag` (the organization's locale) before it is used.
    """

    currency = "EUR"
    tag = "en"

    def __init__(self, **options: Any) -> None:
        attributes = {"inputmode": "decimal", "autocomplete": "off", "class": "num"}
        super().__init__(widget=forms.TextInput(attrs=attributes), max_length=40, **options)

    def clean(self, value: Any) -> Money | None:
        """Read the amount; None where the field may be empty and is."""
        text = super().clean(value)
        return read_money(text, self.currency, self.tag) if text else None

    def prepare_value(self, value: Any) -> Any:
        """Show an amount without its currency, which stands beside the field."""
        return value.text if isinstance(value, Money) else value


def read_money(text: str, currency: str, tag: str) -> Money:
    """Read an amount by the locale's signs, else as a plain decimal. Raises ValidationError."""
    cleaned = "".join(text.split())
    try:
        plain = format(parse_decimal(cleaned, locale=babel_locale(tag), strict=True), "f")
    except NumberFormatError:
        plain = cleaned
    try:
        amount = Money.parse(plain, currency)
    except CoreError as error:
        raise ValidationError(sentence(error)) from error
    if amount.minor <= 0:
        raise ValidationError(_("The amount must be greater than zero."))
    return amount
