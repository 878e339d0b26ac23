"""The address that an answer to a message goes to, with the token of its thread."""

from uuid import UUID

from django.conf import settings

from dunwell.chasing.sender.facts import OrganizationFacts
from dunwell.core.mail.reply_address import Thread, reply_address, token
from dunwell.core.mime import Address
from dunwell.tenancy.secrets import reply_keys


def reply_to(organization: OrganizationFacts, thread: Thread, id_: UUID) -> Address | None:
    """Return where answers about a thread go; None: to the sender.

    The organization's mailbox, where one is set up; else an address of its own choice; else the
    installation's own domain for replies (DUNWELL_REPLY_DOMAIN).
    """
    mailbox = organization.channels.get("inbox")
    if mailbox is not None:
        base, plus = str(mailbox.options["address"]), bool(mailbox.options.get("plus"))
    elif organization.reply_to or not settings.REPLY_DOMAIN:
        return Address("", organization.reply_to) if organization.reply_to else None
    else:
        base, plus = f"reply@{settings.REPLY_DOMAIN}", True
    made = ""
    if plus:
        made = reply_address(base=base, token=token(thread=thread, id=id_, key=reply_keys()[0]))
    return Address("", made or base)
