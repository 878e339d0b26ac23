"""Letters: where they go, their first page, and what they enclose."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from babel import Locale

from dunwell.chasing.sender.batches import Job
from dunwell.chasing.sender.facts import AccountSubject, OrganizationFacts, Subject
from dunwell.chasing.sender.papers import file_name, invoice_pdf
from dunwell.chasing.sender.values import banks
from dunwell.chasing.wording import Rendered, document_labels, language_for
from dunwell.core.calendar import local_date
from dunwell.core.mime import Attachment
from dunwell.core.postal import PostalAddress, envelope_lines, missing_parts
from dunwell.ports.documents import LetterDocument, LetterForm, Paper, Party
from dunwell.ports.messages import Postal
from dunwell.ports.registry import document_renderer
from dunwell.tenancy import locale as words
from dunwell.tenancy.locale import babel_locale

_LETTER_COUNTRIES = ("US", "CA", "MX")


def postal_to(job: Job) -> Postal | None:
    """Say where a letter goes: the contact's address, else the customer's.

    None for a letter about an account, which has no first page of its own yet.
    """
    if isinstance(job.subject, AccountSubject):
        return None
    return _postal(
        _home(job.subject, job.contact_id), name=job.to_name, company=job.subject.customer_name
    )


def postal_from(organization: OrganizationFacts) -> Postal:
    """Say where letters come from: the company's address."""
    return _postal(organization.postal, name="", company=organization.name)


def _home(subject: Subject, contact_id: UUID | None) -> PostalAddress:
    own = subject.contact_postal.get(contact_id) if contact_id else None
    return own if own is not None and own.usable else subject.customer_postal


def _postal(address: PostalAddress, *, name: str, company: str) -> Postal:
    return Postal(
        name=name,
        company=company,
        line1=address.line1,
        line2=address.line2,
        postal_code=address.postal_code,
        city=address.city,
        region=address.region,
        country=address.country,
    )


def address_lines(subject: Subject, job: Job) -> tuple[str, ...]:
    """Set a letter's address in the lines of its window, the company's name first."""
    address, home = _home(subject, job.contact_id), subject.organization.country
    return envelope_lines(
        address,
        names=(subject.customer_name, job.to_name),
        home=home,
        country_name=_country_name(address.country, subject.organization.locale),
    )


def missing(subject: Subject, job: Job) -> tuple[str, ...]:
    """Name the parts that a letter's address lacks."""
    return missing_parts(_home(subject, job.contact_id), home=subject.organization.country)


def _country_name(code: str, language: str) -> str:
    """Name a country in the sender's language, as the sender's post wants it."""
    territories = Locale.parse(babel_locale(language)).territories
    return str(territories.get(code, code))


def form_of(organization: OrganizationFacts) -> LetterForm:
    """Choose where the address stands: by who prints, else by the organization's country."""
    chosen = organization.channels.get("letter")
    if chosen is not None and chosen.provider == "letter_lob":
        return "lob"
    return "us-10" if organization.country in _LETTER_COUNTRIES else "din-b"


def letter_file(subject: Subject, job: Job, rendered: Rendered, *, now: datetime) -> Attachment:
    """Draw the letter and what it encloses as one PDF file. Raises DocumentError."""
    form = form_of(subject.organization)
    renderer = document_renderer(name="pdf_typst")
    first = renderer.render_letter(_document(subject, job, rendered, form, now))
    enclosed = [each.data for each in _enclosed(subject)]
    sheet: Paper | None = "us-letter" if form == "lob" else None
    data = renderer.join([first, *enclosed], paper=sheet)
    return Attachment(f"{file_name(subject.number)}-letter.pdf", "application/pdf", data)


def _enclosed(subject: Subject) -> Iterable[Attachment]:
    """Give what follows the letter: the invoice, as it was uploaded or as we draw it."""
    original = subject.original
    if original is not None and original.content_type == "application/pdf":
        return (original,)
    return (invoice_pdf(subject),)


def _document(
    subject: Subject, job: Job, rendered: Rendered, form: LetterForm, now: datetime
) -> LetterDocument:
    organization, language = subject.organization, subject.language
    labels = document_labels(language=language)
    facts = (
        (labels["date"], words.day(local_date(now, organization.zone), language)),
        (labels["invoice"], subject.number),
        (labels["customer_number"], subject.customer_number),
        (labels["purchase_order"], subject.purchase_order),
    )
    bank = next(iter(banks(organization.banks, subject.currency, language)), ())
    return LetterDocument(
        language=language_for(language),
        form=form,
        sender=Party(name=organization.name, lines=organization.address),
        recipient=address_lines(subject, job),
        facts=tuple((label, value) for label, value in facts if value),
        subject=rendered.subject,
        paragraphs=_paragraphs(rendered.text),
        page_label=labels["page"],
        made_at=now,
        footer=_footer(organization, bank),
        paper="a4" if form == "din-b" else "us-letter",
    )


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(part.strip("\n") for part in text.split("\n\n") if part.strip())


def _footer(organization: OrganizationFacts, bank: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Give the small print: who we are, how to reach us, where to pay."""
    return tuple(
        part
        for part in (
            organization.name,
            organization.email,
            organization.phone,
            organization.tax_id,
            *(f"{label} {value}" for label, value in bank),
        )
        if part
    )
