"""The documents that travel with messages: the invoice, drawn once per version."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from babel.numbers import format_decimal

from dunwell.chasing.sender.facts import Subject
from dunwell.chasing.sender.values import banks, due_explained
from dunwell.chasing.wording import document_labels, language_for
from dunwell.core.mime import Attachment
from dunwell.core.money import Money
from dunwell.ports.documents import DocumentLine, InvoiceDocument, Party
from dunwell.ports.registry import document_renderer
from dunwell.tenancy import locale as words
from dunwell.tenancy.locale import babel_locale

_DOCUMENTS_KEPT = 256
_documents: OrderedDict[tuple[object, ...], Attachment] = OrderedDict()


def invoice_pdf(subject: Subject) -> Attachment:
    """Draw the invoice, once per version of what it shows; reminders reuse the same bytes."""
    key = (
        subject.id,
        subject.version,
        subject.balance_minor,
        subject.language,
        subject.organization.name,
        subject.organization.address,
        subject.organization.banks,
    )
    found = _documents.get(key)
    if found is None:
        data = document_renderer(name="pdf_typst").render(document(subject))
        found = Attachment(f"{file_name(subject.number)}.pdf", "application/pdf", data)
        _documents[key] = found
        if len(_documents) > _DOCUMENTS_KEPT:
            _documents.popitem(last=False)
    return found


def file_name(number: str) -> str:
    """Make a number fit for the name of a file."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in number)[:80] or "invoice"


def document(subject: Subject) -> InvoiceDocument:
    """Set the invoice's facts into a document in the customer's language."""
    organization, language, currency = subject.organization, subject.language, subject.currency
    labels = document_labels(language=language)
    total = words.money(Money(subject.total_minor, currency), language)
    balance = words.money(Money(subject.balance_minor, currency), language)
    due = words.day(subject.due_date, language)
    facts = [
        (labels["invoice_date"], words.day(subject.invoice_date, language)),
        (labels["due_date"], due),
        (labels["purchase_order"], subject.purchase_order),
        (labels["engagement"], subject.engagement),
    ]
    return InvoiceDocument(
        language=language_for(language),
        labels=labels,
        number=subject.number,
        seller=Party(
            name=organization.name,
            lines=(*organization.address, organization.email, organization.tax_id),
        ),
        buyer=Party(
            name=subject.customer_name,
            lines=(*subject.customer_address, subject.customer_tax_id),
        ),
        facts=tuple((label, value) for label, value in facts if value),
        lines=_document_lines(subject, labels["services"]),
        totals=_totals(subject, labels, total),
        balance_due=balance,
        due_date=due,
        made_at=datetime.combine(
            subject.invoice_date, datetime.min.time(), tzinfo=organization.zone
        ),
        due_explained=due_explained(subject, language),
        bank_accounts=banks(organization.banks, currency, language),
        payment_reference=subject.number,
        paper="us-letter" if organization.country in ("US", "CA", "MX") else "a4",
    )


def _document_lines(subject: Subject, services: str) -> tuple[DocumentLine, ...]:
    if not subject.lines:
        total = words.money(Money(subject.total_minor, subject.currency), subject.language)
        return (
            DocumentLine(
                description=subject.engagement or services,
                quantity="1",
                unit_price=total,
                amount=total,
            ),
        )
    made = []
    for line in subject.lines:
        amount = words.money(Money(line.net_minor, subject.currency), subject.language)
        made.append(
            DocumentLine(
                description=line.description,
                quantity=_number(line.quantity, subject.language),
                unit_price=_number(line.unit_price, subject.language),
                amount=amount,
            )
        )
    return tuple(made)


def _number(value: Decimal, language: str) -> str:
    return format_decimal(value, locale=babel_locale(language), decimal_quantization=False)


def _totals(
    subject: Subject, captions: Mapping[str, str], total: str
) -> tuple[tuple[str, str], ...]:
    rows: list[tuple[str, str]] = []
    language, currency = subject.language, subject.currency
    net = sum(line.net_minor for line in subject.lines)
    taxes: dict[Decimal, int] = {}
    for line in subject.lines:
        if line.tax_rate is not None:
            taxes[line.tax_rate] = taxes.get(line.tax_rate, 0) + line.tax_minor
    if taxes:
        rows.append((captions["subtotal"], words.money(Money(net, currency), language)))
        for rate, minor in sorted(taxes.items()):
            caption = f"{captions['tax']} {_number(rate.normalize(), language)} %"
            rows.append((caption, words.money(Money(minor, currency), language)))
    rows.append((captions["total"], total))
    paid = subject.total_minor - subject.balance_minor
    if paid:
        rows.append((captions["paid"], words.money(Money(-paid, currency), language)))
    return tuple(rows)
