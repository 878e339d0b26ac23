"""What pages say beside the words of chasing (dunwell/chasing/words.py): icons, templates."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext_lazy

from dunwell.chasing.words import (
    CHANNELS,
    DELIVERY_STATES,
    HELD,
    REASONS,
    STATES,
    channel_name,
    delivery_words,
    hold_words,
    send_words,
    trigger_words,
    weekday_day,
    weekday_instant,
)
from dunwell.core.cadence import Channel

__all__ = [
    "CHANNELS",
    "DELIVERY_STATES",
    "HELD",
    "REASONS",
    "STATES",
    "channel_name",
    "delivery_words",
    "hold_words",
    "send_words",
    "trigger_words",
    "weekday_day",
    "weekday_instant",
]

type Words = str | Lazy

ACCOUNT_WORDS: Final = gettext_lazy("About the whole account")
CHANNEL_ICONS: Final[Mapping[str, str]] = {
    Channel.EMAIL: "envelope",
    Channel.SMS: "device-phone-mobile",
    Channel.LETTER: "printer",
    "phone": "phone",
}
TEMPLATES: Final[Mapping[str, Words]] = {
    "new_invoice": gettext_lazy("New invoice"),
    "invoice_reminder": gettext_lazy("Invoice reminder"),
    "past_due_invoice": gettext_lazy("Past due invoice"),
    "receipt": gettext_lazy("Receipt"),
    "account_reminder": gettext_lazy("Account reminder"),
}
LANGUAGES: Final[Mapping[str, str]] = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
}


def template_name(name: str, titles: Mapping[str, str] | None = None) -> str:
    """Name a template: one of the box, or one of the organization's own by its title."""
    return str(TEMPLATES.get(name) or (titles or {}).get(name) or name)
