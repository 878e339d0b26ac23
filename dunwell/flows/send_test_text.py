"""A test of how text messages leave."""

from datetime import datetime

from django.utils.translation import gettext as _

from dunwell.core import mime
from dunwell.core.ids import uuid7
from dunwell.core.mime import Address
from dunwell.ports.messages import Content, Envelope, Receipt, ready
from dunwell.ports.registry import open_channel
from dunwell.tenancy.errors import Conflict, InvalidInput
from dunwell.tenancy.models import Organization
from dunwell.tenancy.numbers import normalized
from dunwell.tenancy.operations.channels import channel_settings
from dunwell.tenancy.roles import Actor, Permission


def send_test_text(*, organization: Organization, to: str, actor: Actor, now: datetime) -> Receipt:
    """Hand one text message over by the organization's own settings.

    Raises Conflict where nothing can go out, InvalidInput, NotAllowed, and the tree of
    `ports.errors` with the service's exact answer.
    """
    actor.require(Permission.SETTINGS)
    number = normalized(to, organization.country)
    if not number:
        raise InvalidInput.at("to", _("This is not a phone number."))
    if organization.sandbox:
        raise Conflict(_("This is a sandbox: its messages go to its outbox and to nobody else."))
    chosen = channel_settings(channel="sms")
    if chosen is None:
        raise Conflict(_("Enter the account first and save it."))
    settings = {**chosen.options, **chosen.secrets}
    provider = open_channel(channel="sms", name=chosen.provider, settings=settings)
    delivery = uuid7()
    envelope = Envelope(
        delivery_id=delivery,
        message_id=mime.message_id(delivery_id=delivery, domain="test.invalid"),
        channel="sms",
        sender=Address(organization.name, ""),
        to=Address("", number),
        date=now,
        language=organization.locale,
    )
    words = _("%(name)s: this is how text messages leave Dunwell.") % {"name": organization.name}
    try:
        message = ready(envelope=envelope, content=Content(subject="", text=words))
        return provider.hand_over(message, go=lambda: True)
    finally:
        provider.close()
