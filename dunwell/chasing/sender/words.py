"""Makes a message's content from the facts loaded at its claim: words, page and documents."""

from datetime import datetime
from functools import lru_cache

from django.conf import settings

from dunwell.chasing.sender.account_values import account_values
from dunwell.chasing.sender.batches import Job
from dunwell.chasing.sender.facts import AccountSubject, OrganizationFacts
from dunwell.chasing.sender.letters import letter_file, postal_from, postal_to
from dunwell.chasing.sender.papers import invoice_pdf
from dunwell.chasing.sender.reply_to import reply_to
from dunwell.chasing.sender.values import values
from dunwell.chasing.wording import (
    TEMPLATE_NAMES,
    Compiled,
    builtin,
    compile,  # noqa: A004  # the wording's own name
    language_for,
    render,
)
from dunwell.chasing.wording.errors import NoSuchTemplate
from dunwell.core.mail.reply_address import Thread
from dunwell.core.mime import Address, Attachment, is_address, message_id
from dunwell.ports.messages import Content, Envelope
from dunwell.tenancy.unsubscribing import unsubscribe_token


def envelope(job: Job, *, now: datetime) -> Envelope:
    """Write the envelope of a job: who, to whom, under which id."""
    organization = job.subject.organization
    address = organization.sender_email or f"billing@{organization.id}.invalid"
    sender, domain = _ours(organization.sender_name, address)
    return Envelope(
        delivery_id=job.id,
        message_id=message_id(delivery_id=job.id, domain=domain),
        channel=job.channel,  # type: ignore[arg-type]  # one of the three channels
        sender=sender,
        to=Address(job.to_name, job.to_address),
        date=now,
        language=job.subject.language,
        reply_to=_reply_to(job),
        postal_to=postal_to(job) if job.channel == "letter" else None,
        postal_from=postal_from(organization) if job.channel == "letter" else None,
        headers=_unsubscribe(job) if organization.mail.list_unsubscribe else (),
        copies=_copies(job) if organization.mail.copy_to else (),
    )


def _reply_to(job: Job) -> Address | None:
    """Lead answers back to the invoice's thread, or to the account message's own."""
    subject = job.subject
    if isinstance(subject, AccountSubject):
        return reply_to(subject.organization, Thread.CONVERSATION, job.planned_send_id)
    return reply_to(subject.organization, Thread.INVOICE, subject.id)


def _copies(job: Job) -> tuple[Address, ...]:
    """Say who of us gets a copy unseen; it is no message to a customer and counts nowhere."""
    mail, address = job.subject.organization.mail, ""
    if job.channel != "email":
        return ()
    if mail.copy_to == "owner":
        address = job.subject.owner[1]
    elif mail.copy_to == "address":
        address = mail.copy_address
    same = address.lower() == job.to_address.lower()
    return (Address("", address),) if is_address(address) and not same else ()


def _unsubscribe(job: Job) -> tuple[tuple[str, str], ...]:
    """Offer to be left alone by mail or one click (RFC 2369, RFC 8058)."""
    organization = job.subject.organization
    if job.channel != "email" or job.template == "new_invoice":
        return ()
    address = organization.reply_to or organization.sender_email
    link = f"<mailto:{address}?subject=unsubscribe>" if address else ""
    if not settings.URL:
        return (("List-Unsubscribe", link),) if link else ()
    token = unsubscribe_token(organization_id=organization.id, address=job.to_address)
    page = f"<{settings.URL}/unsubscribe/{token}>"
    return (
        ("List-Unsubscribe", f"{page}, {link}" if link else page),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )


@lru_cache(maxsize=1024)
def _ours(name: str, address: str) -> tuple[Address, str]:
    """Give the sender and the domain of message ids."""
    return Address(name, address), address.rpartition("@")[2]


def content(job: Job, *, now: datetime) -> Content:
    """Render a job's words and attach its document. Raises WordingFailed, DocumentError."""
    subject = job.subject
    if isinstance(subject, AccountSubject):
        return _account_content(job, subject, now=now)
    rendered = render(
        wording(subject.organization, job.template, job.channel, subject.language),
        values(subject, address=job.to_address, name=job.to_name, now=now),
    )
    attachments: tuple[Attachment, ...] = ()
    if job.channel == "letter":
        attachments = (letter_file(subject, job, rendered, now=now),)
    elif job.channel == "email" and subject.organization.attach_invoice:
        attachments = (subject.original or invoice_pdf(subject),)
    return Content(
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html if job.channel == "email" else None,
        attachments=attachments,
    )


def _account_content(job: Job, subject: AccountSubject, *, now: datetime) -> Content:
    """Render a message about a whole account."""
    rendered = render(
        wording(subject.organization, job.template, job.channel, subject.language),
        account_values(subject, address=job.to_address, name=job.to_name, now=now),
    )
    return Content(
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html if job.channel == "email" else None,
    )


def wording(organization: OrganizationFacts, name: str, channel: str, language: str) -> Compiled:
    """Find the wording: the organization's own in this language, else the built-in one.

    A template of the organization's own making falls back to its locale, then to any language.
    Found once for all messages of a claim.
    """
    key = (name, channel, language)
    found = organization.wordings.get(key)
    if found is None:
        found = organization.wordings[key] = _find_wording(organization, name, channel, language)
    return found


def _find_wording(
    organization: OrganizationFacts, name: str, channel: str, language: str
) -> Compiled:
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
