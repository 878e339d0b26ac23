"""Taking in a mail as bytes, whatever way it came: a person's words, or a server's report."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from dunwell.core.mail.bounces import Kind, Told, read_reports
from dunwell.core.mail.reading import Mail, read_mail
from dunwell.core.mime import Address
from dunwell.flows.receive_message import Received, receive_message
from dunwell.flows.receive_report import receive_report
from dunwell.inbox.queries.matching import is_ours
from dunwell.ports.incoming import DeliveryReport, Incoming, IncomingFile, Report
from dunwell.tenancy.models import Organization

SOURCE: Final = "email"


def receive_mail(
    *,
    organization: Organization,
    raw: bytes,
    received_at: datetime,
    now: datetime,
    recipients: Sequence[str] = (),
) -> Received | None:
    """Take in one mail, once; None where it was a report or a copy of our own.

    Never fails for what stands in it. `recipients` are those of its envelope, where known;
    `received_at` is when it reached us, `now` the organization's instant.
    """
    mail = read_mail(raw)
    reports = read_reports(mail)
    if reports is not None:
        for told in reports:
            _report(organization, told, received_at, now)
        return None
    if mail.message_id and is_ours(mail_id=mail.message_id):
        return None
    return receive_message(
        organization=organization, incoming=_incoming(mail, received_at, recipients), now=now
    )


def _report(organization: Organization, told: Told, received_at: datetime, now: datetime) -> None:
    if told.kind is Kind.DELAYED:
        return
    receive_report(
        organization=organization,
        report=DeliveryReport(
            report=Report(told.kind.value),
            provider=SOURCE,
            at=now if organization.sandbox else received_at,
            message_id=told.message_id,
            address=told.address,
            detail=told.detail,
        ),
        now=now,
    )


def _incoming(mail: Mail, received_at: datetime, recipients: Sequence[str]) -> Incoming:
    envelope = tuple(Address("", each) for each in recipients)
    return Incoming(
        channel="email",
        source=SOURCE,
        external_id=mail.name,
        sender=mail.sender,
        to=(*envelope, *mail.to),
        received_at=received_at,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        files=tuple(
            IncomingFile(filename=file.filename, content_type=file.content_type, data=file.data)
            for file in mail.files
        ),
        message_id=mail.message_id,
        in_reply_to=mail.in_reply_to,
        references=mail.references,
        automatic=mail.automatic,
    )
