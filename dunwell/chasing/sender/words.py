"""Makes a message's content from the facts loaded at its claim: words, page and documents."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from babel.numbers import format_decimal
from babel.units import format_unit
from django.utils import translation
from django.utils.translation import gettext as _

from dunwell.chasing.sender.claim import Job
from dunwell.chasing.sender.facts import OrganizationFacts, Subject
from dunwell.chasing.wording import (
    TEMPLATE_NAMES,
    Compiled,
    builtin,
    compile,  # noqa: A004  # the wording's own name
    document_labels,
    language_for,
    render,
)
from dunwell.chasing.wording.catalogue import Value
from dunwell.chasing.wording.errors import NoSuchTemplate
from dunwell.core.calendar import local_date
from dunwell.core.holds import part_disputed
from dunwell.core.mime import Address, Attachment, message_id
from dunwell.core.money import Money
from dunwell.core.terms import Anchor, DueRule, Source, explanation
from dunwell.ports.documents import DocumentLine, InvoiceDocument, Party
from dunwell.ports.messages import Content, Envelope
from dunwell.ports.registry import document_renderer
from dunwell.tenancy import locale as words
from dunwell.tenancy.locale import babel_locale

_DOCUMENTS_KEPT = 256
_documents: OrderedDict[tuple[object, ...], Attachment] = OrderedDict()


def envelope(job: Job, *, now: datetime) -> Envelope:
    """Write the envelope of a job: who, to whom, under which id."""
    organization = job.subject.organization
    sender = organization.sender_email or f"billing@{organization.id}.invalid"
    domain = sender.rpartition("@")[2]
    return Envelope(
        delivery_id=job.id,
        message_id=message_id(delivery_id=job.id, domain=domain),
        channel=job.channel,  # type: ignore[arg-type]  # one of the three channels
        sender=Address(organization.sender_name, sender),
        to=Address(job.to_name, job.to_address),
        date=now,
        language=job.subject.language,
        reply_to=Address("", organization.reply_to) if organization.reply_to else None,
    )


def content(job: Job, *, now: datetime) -> Content:
    """Render a job's words and attach its document. Raises WordingFailed, DocumentError."""
    subject = job.subject
    rendered = render(
        wording(subject.organization, job.template, job.channel, subject.language),
        values(
            subject, contact_id=job.contact_id, address=job.to_address, name=job.to_name, now=now
        ),
    )
    attachments: tuple[Attachment, ...] = ()
    if job.channel != "sms" and (subject.organization.attach_invoice or job.channel == "letter"):
        attachments = (subject.original or invoice_pdf(subject, now=now),)
    return Content(
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html if job.channel == "email" else None,
        attachments=attachments,
    )


def wording(organization: OrganizationFacts, name: str, channel: str, language: str) -> Compiled:
    """Find the wording: the organization's own in this language, else the built-in one.

    A template of the organization's own making falls back to its locale, then to any language.
    """
    own = organization.templates
    for tag in (language, language_for(language), organization.locale, "en"):
        found = own.get((name, channel, tag))
        if found:
            return compile(
                subject=found.subject, text=found.text, html=found.html or None, language=tag
            )
        if name in TEMPLATE_NAMES:
            break
    for (other, of, tag), found in own.items():
        if (other, of) == (name, channel) and name not in TEMPLATE_NAMES:
            return compile(
                subject=found.subject, text=found.text, html=found.html or None, language=tag
            )
    try:
        letter = builtin(name=name, channel=channel, language=language_for(language))
    except NoSuchTemplate:
        letter = builtin(name="invoice_reminder", channel=channel, language=language_for(language))
    return compile(subject=letter.subject, text=letter.text, language=letter.language)


def values(
    subject: Subject, *, contact_id: UUID | None, address: str, name: str, now: datetime
) -> dict[str, Value]:
    """Give every variable of the catalogue its value, formatted for the customer's language."""
    organization, language, currency = subject.organization, subject.language, subject.currency
    today = local_date(now, organization.zone)
    late = max(0, (today - subject.due_date).days)
    early = max(0, (subject.due_date - today).days)
    balance = words.money(Money(subject.balance_minor, currency), language)
    split = part_disputed(
        holds=subject.invoice.holds,
        balance_minor=subject.balance_minor,
        at=now,
        grace_days=organization.rules.grace_days,
        zone=organization.zone,
    )
    paid = subject.total_minor - subject.balance_minor
    due = words.day(subject.due_date, language)
    item: dict[str, Value] = {
        "number": subject.number,
        "date": words.day(subject.invoice_date, language),
        "due_date": due,
        "balance": balance,
        "overdue_by": _days(late, language) if late else "",
        "days_overdue": late,
    }
    return {
        "customer": {
            "name": subject.customer_name,
            "number": subject.customer_number,
            "address": "\n".join(subject.customer_address),
        },
        "contact": {
            "name": name,
            "first_name": name.partition(" ")[0],
            "email": address if "@" in address else "",
            "address": "\n".join(subject.customer_address),
        },
        "invoice": {
            **item,
            "total": words.money(Money(subject.total_minor, currency), language),
            "paid": words.money(Money(paid, currency), language) if paid else "",
            "currency": currency,
            "days_until_due": early,
            "due_in": _days(early, language) if early else "",
            "purchase_order": subject.purchase_order,
            "engagement": subject.engagement,
            "due_explained": due_explained(subject, language),
        },
        "amounts": {
            "due_now": words.money(Money(split.due_now_minor, currency), language)
            if split
            else balance,
            "disputed": words.money(Money(split.disputed_minor, currency), language)
            if split
            else "",
        },
        "payment_link": "",
        "payment": {"amount": "", "date": "", "method": "", "reference": ""},
        "last_promise": {
            "date": words.day(subject.promise[0], language) if subject.promise else "",
            "amount": words.money(Money(subject.promise[1], currency), language)
            if subject.promise
            else "",
        },
        "account": {"balance": balance, "overdue": balance if late else "", "invoices": [item]},
        "sender": _sender(subject),
        "today": words.day(today, language),
    }


def _sender(subject: Subject) -> dict[str, Value]:
    organization = subject.organization
    return {
        "company": organization.name,
        "name": subject.owner[0] or organization.sender_name,
        "email": organization.reply_to or organization.sender_email or organization.email,
        "phone": organization.phone,
        "address": "\n".join(organization.address),
        "tax_id": organization.tax_id,
        "bank_accounts": "\n".join(
            f"{label}: {value}"
            for bank in _banks(organization, subject.currency, subject.language)
            for label, value in bank
        ),
    }


def _banks(
    organization: OrganizationFacts, currency: str, language: str
) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return the accounts to pay to in this currency, as captions and values."""
    captions = document_labels(language=language)
    fitting = [bank for bank in organization.banks if bank[6] in ("", currency)]
    return tuple(
        tuple(
            (label, value)
            for label, value in zip(
                (
                    captions["holder"],
                    "Bank",
                    "IBAN",
                    "BIC",
                    captions["account_number"],
                    captions["routing_number"],
                ),
                bank[:6],
                strict=True,
            )
            if value
        )
        for bank in fitting or organization.banks
    )


@lru_cache(maxsize=4096)
def _days(count: int, language: str) -> str:
    return format_unit(count, "duration-day", locale=babel_locale(language))


def due_explained(subject: Subject, language: str) -> str:
    """Say in the customer's language how the due date came about; empty for one set by hand."""
    rule = subject.due_rule
    if not rule or rule.get("source") == Source.EXPLICIT or not rule.get("anchor_date"):
        return ""
    return _explained(
        int(rule["days"]),
        str(rule["anchor"]),
        str(rule["anchor_date"]),
        bool(rule.get("moved")),
        subject.due_date,
        language,
    )


@lru_cache(maxsize=8192)
def _explained(
    days: int, anchor: str, anchor_date: str, moved: bool, due: date, language: str
) -> str:
    rule = DueRule(Source.INVOICE, days, Anchor(anchor), date.fromisoformat(anchor_date), moved)
    pieces = explanation(rule, due)
    with translation.override(language_for(language)):
        sentence = _(pieces.template)
    return sentence % {
        name: words.day(value, language) if isinstance(value, date) else value
        for name, value in pieces.values.items()
    }


def invoice_pdf(subject: Subject, *, now: datetime) -> Attachment:
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
        found = Attachment(f"{_file_name(subject.number)}.pdf", "application/pdf", data)
        _documents[key] = found
        if len(_documents) > _DOCUMENTS_KEPT:
            _documents.popitem(last=False)
    return found


def _file_name(number: str) -> str:
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
        bank_accounts=_banks(organization, currency, language),
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
