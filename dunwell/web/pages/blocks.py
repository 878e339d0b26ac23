"""Why an address of a contact is not used: since when, by whom, and in whose words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dunwell.core.addresses import folded
from dunwell.ledger.models import Contact, Suppression
from dunwell.web import words
from dunwell.web.requests import Here

_WHY: Final[Mapping[str, object]] = {
    "address_bounced": gettext_lazy("Messages to it came back for good."),
    "complained": gettext_lazy("Its reader called a mail spam."),
    "opted_out": gettext_lazy("Its owner asked for no more messages."),
}


@dataclass(frozen=True, slots=True)
class Block:
    """One address that is not used."""

    channel: str
    address: str
    why: str
    when: str
    by: str
    detail: str


def blocks_of(contact: Contact, *, at: Here) -> list[Block]:
    """List the contact's addresses that are not used, with the reasons."""
    found = []
    for channel, address, reason in (
        ("email", contact.email, contact.email_blocked),
        ("sms", contact.phone, contact.sms_blocked),
    ):
        if not reason:
            continue
        key = folded(channel=channel, address=address)
        kept = Suppression.objects.filter(channel=channel, address=key).first()
        found.append(
            Block(
                channel,
                address,
                str(_WHY.get(reason, _("It does not work."))),
                words.near_instant(kept.at, here=at) if kept else "…",
                kept.by if kept else "…",
                kept.detail if kept else "",
            )
        )
    return found
