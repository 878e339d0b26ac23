"""Fills the plug points at start: the only place that names providers."""

from django.apps import AppConfig

from dunwell.ports.carriers import register_services
from dunwell.ports.registry import register_channel, register_documents, register_mailbox
from dunwell.ports.webhooks import register_hook_reader
from dunwell.providers.email_anymail import SERVICES, AnymailHooks, AnymailProvider
from dunwell.providers.email_smtp import SmtpProvider
from dunwell.providers.mail_imap import ImapMailbox
from dunwell.providers.pdf_typst import TypstRenderer
from dunwell.providers.sandbox_outbox import SandboxOutbox
from dunwell.providers.sms_twilio import TwilioHooks, TwilioProvider


class HouseConfig(AppConfig):
    """Puts providers behind the ports."""

    name = "dunwell.config"
    label = "house"

    def ready(self) -> None:
        """Register every provider in the box under its channel and name."""
        register_channel(channel="email", name="email_smtp", factory=SmtpProvider.open)
        register_channel(channel="email", name="email_anymail", factory=AnymailProvider.open)
        register_hook_reader(channel="email", name="email_anymail", reader=AnymailHooks())
        register_services(provider="email_anymail", services=SERVICES)
        register_channel(
            channel="email",
            name="sandbox_outbox",
            factory=lambda _s: SandboxOutbox(channel="email"),
        )
        register_channel(
            channel="sms", name="sandbox_outbox", factory=lambda _s: SandboxOutbox(channel="sms")
        )
        register_channel(channel="sms", name="sms_twilio", factory=TwilioProvider.open)
        register_hook_reader(channel="sms", name="sms_twilio", reader=TwilioHooks())
        register_channel(
            channel="letter",
            name="sandbox_outbox",
            factory=lambda _s: SandboxOutbox(channel="letter"),
        )
        register_documents(name="pdf_typst", renderer=TypstRenderer())
        register_mailbox(name="mail_imap", mailbox=ImapMailbox())
        # Only now: its handlers import models.
        from dunwell.flows.receive_report import (  # noqa: PLC0415
            next_waiting,
            take_waiting,
        )
        from dunwell.tenancy.timers import Timer, register  # noqa: PLC0415
        from dunwell.worker import jobs  # noqa: PLC0415

        jobs.bind()
        register(Timer("reports", next_waiting, take_waiting))
