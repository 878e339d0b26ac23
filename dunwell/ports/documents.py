"""The plug point that draws documents, and the invoice as it wants it: words already formatted.

The renderer knows no money, no dates and no languages. Every value is a string formatted for the
reader's locale and every caption comes with the document, so that one template serves all.
"""

from collections.abc import Mapping, Sequence
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


type LetterForm = Literal["din-b", "us-10", "lob"]
"""Where the address stands: DIN 5008 form B (window DIN lang), US number 10 window, or nowhere,
because the printer's service prints it at the top left of the first page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterDocument:
    """One letter, ready to be drawn; what is enclosed follows it as pages of its own.

    `sender` stands at the top and, in one line, above the `recipient` lines in the window. `facts`
    are (caption, value) pairs beside it; `paragraphs` the text, each with its own line breaks;
    `footer` small print below. `page_label` holds {page} and {pages}.
    """

    language: str
    form: LetterForm
    sender: Party
    recipient: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    subject: str
    paragraphs: tuple[str, ...]
    page_label: str
    made_at: datetime
    footer: tuple[str, ...] = ()
    logo: bytes | None = field(default=None, repr=False)
    paper: Paper = "a4"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDocument:
    """A plain list on paper: `columns` are captions, the last at the right, `rows` the cells."""

    language: str
    title: str
    below_title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    page_label: str
    made_at: datetime
    paper: Paper = "a4"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One line of a statement: a cell per column, smaller notes below, and whether it is late."""

    cells: tuple[str, ...]
    notes: tuple[str, ...] = ()
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSection:
    """The part of one currency.

    `columns` are captions with their side; `totals` and `buckets` (ages, may be empty) are
    (caption, value) pairs, the last of `totals` is the one that counts.
    """

    title: str
    columns: tuple[tuple[str, Literal["left", "right"]], ...]
    lines: tuple[StatementLine, ...]
    totals: tuple[tuple[str, str], ...]
    buckets: tuple[tuple[str, str], ...] = ()
    bank_accounts: tuple[tuple[tuple[str, str], ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementDocument:
    """A statement of account, ready to be drawn: a section per currency, never a sum of them.

    `labels` has "to", "page" (with {page} and {pages}), "ages", "pay_to" and "nothing", which
    stands where there is no section. The rest as in InvoiceDocument.
    """

    language: str
    labels: Mapping[str, str]
    title: str
    seller: Party
    buyer: Party
    facts: tuple[tuple[str, str], ...]
    sections: tuple[StatementSection, ...]
    made_at: datetime
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

    def render_letter(self, letter: LetterDocument) -> bytes:
        """Draw one letter as a PDF file. Raises DocumentError."""

    def render_list(self, listed: ListDocument) -> bytes:
        """Draw a list as a PDF file. Raises DocumentError."""

    def join(self, files: Sequence[bytes], *, paper: Paper | None = None) -> bytes:
        """Put PDF files one after the other into one; with `paper` all pages get that size.

        Raises DocumentError when one of them cannot be read.
        """

    def pages(self, file: bytes) -> int:
        """Count the pages of a PDF file. Raises DocumentError."""

    def render_statement(self, document: StatementDocument) -> bytes:
        """Draw a statement of account as a PDF file, over as many pages as it needs.

        Raises DocumentError when a part of it cannot be drawn.
        """
