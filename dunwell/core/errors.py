"""What the rules refuse.

CoreError
├── MoneyError
│   ├── UnknownCurrency
│   ├── CurrencyMismatch
│   ├── MalformedAmount
│   ├── TooManyDigits
│   └── AmountTooLarge
├── DateOutOfRange
├── DueBeforeInvoice
└── MalformedStep
"""

from typing import ClassVar


def gettext_noop(text: str) -> str:
    """Mark an English sentence for the translators and return it unchanged.

    Core knows no locale: the doors look `sentence` up in the catalogue and fill in `values`.
    """
    return text


class CoreError(ValueError):
    """A rule refused its input; `sentence % values` tells a person why."""

    sentence: ClassVar[str] = gettext_noop("This value is not allowed.")
    status: ClassVar[int] = 422

    def __init__(self, **values: object) -> None:
        super().__init__(self.sentence % values)
        self.values = values


class MoneyError(CoreError):
    """An amount cannot be read or reckoned with."""


class UnknownCurrency(MoneyError):
    """The code is not an active ISO 4217 currency."""

    sentence = gettext_noop("“%(currency)s” is not a currency in use.")


class CurrencyMismatch(MoneyError):
    """Two currencies met in one sum or comparison."""

    sentence = gettext_noop("Amounts in %(left)s and %(right)s cannot be combined.")


class MalformedAmount(MoneyError):
    """The text is not a plain decimal number."""

    sentence = gettext_noop("“%(text)s” is not an amount; write it like 120.50.")


class TooManyDigits(MoneyError):
    """The text has more digits after the point than the currency."""

    sentence = gettext_noop("%(currency)s has %(digits)s digits after the point, not %(given)s.")


class AmountTooLarge(MoneyError):
    """The amount does not fit into the database's 64-bit integer."""

    sentence = gettext_noop("The amount is too large.")


class DateOutOfRange(CoreError):
    """A date lies outside the years that can be reckoned with."""

    sentence = gettext_noop("The date lies outside the years 1900 to 9998.")


class DueBeforeInvoice(CoreError):
    """An explicit due date lies before the invoice date."""

    sentence = gettext_noop("The due date %(due)s lies before the invoice date %(invoice)s.")


class MalformedStep(CoreError):
    """A step or trigger does not have the form the API describes."""

    sentence = gettext_noop("%(field)s: %(message)s")
