"""Every variable a template may use, with a sample, so that every letter can be previewed.

Values are formatted for the recipient's locale before they come here: amounts, dates and spans
are text, only counts of days are numbers, to be compared. Every variable always exists; one that
is marked optional may be empty, and templates ask for it with `{% if … %}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

type Value = str | int | list[dict[str, Value]] | dict[str, Value]
type Values = Mapping[str, Value]
type Sample = str | int | tuple[Mapping[str, str | int], ...]


class Kind(StrEnum):
    """What a variable holds."""

    TEXT = "text"
    NUMBER = "number"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: its name with dots, what it holds, what it means, and a believable sample."""

    path: str
    description: str | Promise
    sample: Sample
    optional: bool = False

    @property
    def kind(self) -> Kind:
        """Tell what it holds."""
        if isinstance(self.sample, tuple):
            return Kind.LIST
        return Kind.NUMBER if isinstance(self.sample, int) else Kind.TEXT


def _optional(path: str, description: str | Promise, sample: str) -> Variable:
    return Variable(path, description, sample, optional=True)


_SAMPLE_ADDRESS = "Hafenstr. 12\n20457 Hamburg"
_OPEN_ITEMS: tuple[Mapping[str, str | int], ...] = (
    {
        "number": "2026-0117",
        "date": "3 March 2026",
        "due_date": "2 April 2026",
        "balance": "€1,845.50",
        "overdue_by": "12 days",
        "days_overdue": 12,
    },
    {
        "number": "2026-0131",
        "date": "17 March 2026",
        "due_date": "16 April 2026",
        "balance": "€620.00",
        "overdue_by": "",
        "days_overdue": 0,
    },
)

_SECTIONS: tuple[Mapping[str, str | int], ...] = (
    {
        "currency": "EUR",
        "balance": "€2,465.50",
        "overdue": "€1,845.50",
        "lines": "- 2026-0117: €1,845.50, due 2 April 2026 (12 days past due)\n"
        "- 2026-0131: €620.00, due 16 April 2026",
    },
)

VARIABLES: tuple[Variable, ...] = (
    Variable("customer.name", _("the customer's name"), "Kaufmann & Lindqvist GmbH"),
    _optional("customer.number", _("your number for the customer"), "10482"),
    _optional("customer.address", _("postal address, several lines"), _SAMPLE_ADDRESS),
    _optional("contact.name", _("who gets the message"), "Ada Park"),
    _optional("contact.first_name", _("first name of who gets the message"), "Ada"),
    _optional("contact.email", _("email address of who gets the message"), "ada@kaufmann.example"),
    _optional("contact.address", _("their postal address"), _SAMPLE_ADDRESS),
    Variable("invoice.number", _("the invoice's number"), "2026-0117"),
    Variable("invoice.total", _("what the invoice amounts to"), "€2,345.50"),
    Variable("invoice.balance", _("what is still open"), "€1,845.50"),
    _optional("invoice.paid", _("what was paid so far"), "€500.00"),
    Variable("invoice.currency", _("currency code"), "EUR"),
    Variable("invoice.date", _("invoice date"), "3 March 2026"),
    Variable("invoice.due_date", _("due date"), "2 April 2026"),
    Variable("invoice.days_overdue", _("days past the due date, 0 if not overdue"), 12),
    Variable("invoice.days_until_due", _("days left to the due date, 0 if due or past"), 0),
    _optional("invoice.overdue_by", _("the same in words, empty if not overdue"), "12 days"),
    _optional("invoice.due_in", _("time left in words, empty if due or past"), "5 days"),
    _optional("invoice.purchase_order", _("the customer's order number"), "PO-88213"),
    _optional("invoice.engagement", _("project, retainer, milestone …"), "Website relaunch"),
    _optional(
        "invoice.due_explained",
        _("how the due date came about"),
        "net 30 from the invoice date, 3 March 2026",
    ),
    Variable("amounts.due_now", _("balance without the disputed part"), "€1,645.50"),
    _optional("amounts.disputed", _("the disputed part"), "€200.00"),
    _optional("payment_link", _("address where to pay online"), "https://pay.example/i/7Qm2"),
    _optional("payment.amount", _("the payment just received (receipt)"), "€500.00"),
    _optional("payment.date", _("when it was received (receipt)"), "28 March 2026"),
    _optional("payment.method", _("how it was paid (receipt)"), "bank transfer"),
    _optional("payment.reference", _("reference of the payment (receipt)"), "KL-2026-0117"),
    _optional("last_promise.date", _("day of the last promise to pay"), "10 April 2026"),
    _optional("last_promise.amount", _("amount of the last promise to pay"), "€1,845.50"),
    _optional("late.interest", _("interest for late payment so far"), "€21.54"),
    _optional("late.rate", _("its present rate a year"), "10.27%"),
    _optional("late.fee", _("fixed fee for late payment"), "€40.00"),
    _optional("late.total", _("balance, interest and fee together"), "€1,907.04"),
    Variable("account.balance", _("everything the customer has open"), "€2,465.50"),
    _optional("account.overdue", _("what of it is past due"), "€1,845.50"),
    Variable("account.invoices", _("the open invoices, for a loop"), _OPEN_ITEMS),
    Variable("account.sections", _("one for each currency, for a loop"), _SECTIONS),
    Variable("sender.company", _("your company"), "Fjord & Sons"),
    Variable("sender.name", _("who signs"), "Mara Fjord"),
    Variable("sender.email", _("where replies go"), "billing@fjord.example"),
    _optional("sender.phone", _("your phone number"), "+47 21 55 01 20"),
    _optional("sender.address", _("your postal address"), "Bryggen 7\n5003 Bergen"),
    _optional("sender.tax_id", _("your tax number"), "NO 987 654 321 MVA"),
    _optional(
        "sender.bank_accounts",
        _("where to pay, one “Label: value” a line"),
        "Bank: Bergen Sparebank\nIBAN: NO93 8601 1117 947\nBIC: BERGNO22",
    ),
    Variable("today", _("the day of the message"), "14 April 2026"),
)


def sample_values() -> dict[str, Value]:
    """Give a value for every variable, as a preview without an invoice shows them."""
    return _nested({each.path: each.sample for each in VARIABLES})


def blank_values() -> dict[str, Value]:
    """Give the samples with everything empty that may be empty."""
    return _nested({each.path: "" if each.optional else each.sample for each in VARIABLES})


def _nested(flat: Mapping[str, Sample]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    groups: dict[str, dict[str, Value]] = {}
    for path, sample in flat.items():
        group, dot, name = path.rpartition(".")
        value: Value = [dict(each) for each in sample] if isinstance(sample, tuple) else sample
        if dot:
            groups.setdefault(group, {})[name] = value
        else:
            values[name] = value
    return values | groups
