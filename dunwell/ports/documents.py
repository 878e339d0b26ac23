"""The plug point that draws documents, and the invoice as it wants it: words already formatted.

The renderer knows no money, no dates and no languages. Every value is a string formatted for the
reader's locale and every caption comes with the document, so that one template serves all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

type Paper = Literal["a4", "us-letter"]

INVOICE_LABELS = (
    "invoice",
    "bill_to",
    "description",
    "quantity",
    "unit_price",
    "amount",
    "balance_due",
    "due_by",
    "pay_to",
    "reference",
    "pay_online",
    "notes",
    "page",
)
"""The captions an invoice needs; "page" holds {page} and {pages}, "due_by" holds {date}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who sells or buys: a name and the lines under it, in the order they are to be read."""

    name: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One line of an invoice; `detail` is smaller print below the description."""

    description: str
    quantity: str
    unit_price: str
    amount: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDocument:
    """One invoice, ready to be drawn.

    `facts` and `totals` are (caption, value) pairs in reading order (dates, terms, order number;
    subtotal, taxes, total, paid); each entry of `bank_accounts` is such a list too (bank, IBAN,
    BIC). `labels` has every key of INVOICE_LABELS. `logo` is PNG, JPEG or SVG. `made_at` is the
    instant written into the file: the same document gives the same bytes.
    """

    language: str
    labels: Mapping[str, str]
    number: str
    seller: Party
    buyer: Party
    facts: tuple[tuple[str, str], ...]
    lines: tuple[DocumentLine, ...]
    totals: tuple[tuple[str, str], ...]
    balance_due: str
    due_date: str
    made_at: datetime
    due_explained: str = ""
    bank_accounts: tuple[tuple[tuple[str, str], ...], ...] = ()
    payment_reference: str = ""
    payment_link: str = ""
    notes: str = ""
    footer: str = ""
    logo: bytes | None = field(default=None, repr=False)
    paper: Paper = "a4"


class DocumentError(Exception):
    """A document that cannot be drawn, for example because its logo is no picture."""


class DocumentRenderer(Protocol):
    """Draws documents as PDF."""

    def render(self, document: InvoiceDocument) -> bytes:
        """Draw one invoice as a PDF file.

        Raises DocumentError when a part of it cannot be drawn.
        """
