"""Makes a message's content from the facts loaded at its claim: words, page and documents."""

from datetime import datetime

from dunwell.chasing.sender.batches import Job
from dunwell.chasing.sender.facts import OrganizationFacts
from dunwell.chasing.sender.papers import invoice_pdf
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
from dunwell.core.mime import Address, Attachment, message_id
from dunwell.ports.messages import Content, Envelope


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
        values(subject, address=job.to_address, name=job.to_name, now=now),
    )
    attachments: tuple[Attachment, ...] = ()
    if job.channel != "sms" and (subject.organization.attach_invoice or job.channel == "letter"):
        attachments = (subject.original or invoice_pdf(subject),)
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
