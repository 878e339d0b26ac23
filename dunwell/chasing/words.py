"""Codes of chasing in words: channels, triggers, states, reasons, holds; the one table of each.

Pages and the answers of the API take them from here, so both say the same.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import format_date
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dunwell.core.cadence import Channel, TriggerType
from dunwell.core.calendar import local_date
from dunwell.core.holds import Hold, HoldKind, free_on
from dunwell.tenancy import locale

type Words = str | Lazy

CHANNELS: Final[Mapping[str, Words]] = {
    Channel.EMAIL: gettext_lazy("Email"),
    Channel.SMS: gettext_lazy("SMS"),
    Channel.LETTER: gettext_lazy("Letter"),
}
STATES: Final[Mapping[str, Words]] = {
    "planned": gettext_lazy("Planned"),
    "sending": gettext_lazy("Going out now"),
    "sent": gettext_lazy("Sent"),
    "failed": gettext_lazy("Failed"),
    "skipped": gettext_lazy("Skipped"),
    "cancelled": gettext_lazy("Cancelled"),
}
REASONS: Final[Mapping[str, Words]] = {
    "backdated": gettext_lazy("its time had passed when the schedule was set"),
    "already_sent": gettext_lazy("the invoice had gone out already"),
    "paused": gettext_lazy("chasing was on hold"),
    "superseded": gettext_lazy("a later step took its place"),
    "missed": gettext_lazy("found too late, after the catch-up time"),
    "daily_limit": gettext_lazy("everyone was written to that day already"),
    "below_minimum": gettext_lazy("the balance is below your minimum"),
    "no_contact_with_role": gettext_lazy("no contact has the role it goes to"),
    "no_recipient": gettext_lazy("nobody was left to write to"),
    "folded": gettext_lazy("an account message named this invoice"),
    "paid": gettext_lazy("the invoice is paid"),
    "closed": gettext_lazy("the invoice is closed"),
    "disabled": gettext_lazy("chasing was switched off"),
    "rescheduled": gettext_lazy("the step was taken out of the schedule"),
    "uncertain": gettext_lazy("it may have arrived, nobody can tell"),
    "no_email_address": gettext_lazy("no email address"),
    "no_phone_number": gettext_lazy("no phone number"),
    "no_postal_address": gettext_lazy("no postal address"),
    "address_bounced": gettext_lazy("the address bounced before"),
    "complained": gettext_lazy("its reader called an earlier mail spam"),
    "bounced": gettext_lazy("it came back"),
    "not_delivered": gettext_lazy("its provider could not deliver it"),
    "opted_out": gettext_lazy("they asked not to be written to"),
    "refused": gettext_lazy("the other side refused it"),
    "address_refused": gettext_lazy("the address does not exist"),
    "refused_for_now": gettext_lazy("refused for the moment, tried again until the hour was over"),
    "refused_for_an_hour": gettext_lazy("refused again and again until the hour was over"),
    "connection_closed": gettext_lazy("the connection broke off before anything was handed over"),
    "provider_failed": gettext_lazy("a mistake in what carries it, nothing was handed over"),
    "channel_not_set_up": gettext_lazy("nothing carries this channel yet"),
    "unreachable": gettext_lazy("nobody answered on the other side"),
    "sender_not_set_up": gettext_lazy("sending is not set up"),
    "cannot_be_made": gettext_lazy("the message could not be made"),
}
DELIVERY_STATES: Final[Mapping[str, Words]] = {
    "queued": gettext_lazy("waits for its turn"),
    "sending": gettext_lazy("going out now"),
    "sent": gettext_lazy("sent"),
    "delivered": gettext_lazy("delivered"),
    "bounced": gettext_lazy("came back"),
    "failed": gettext_lazy("failed"),
    "uncertain": gettext_lazy("may have arrived"),
    "cancelled": gettext_lazy("withdrawn"),
}
HELD: Final[Mapping[HoldKind, Words]] = {
    HoldKind.PAUSE: gettext_lazy("paused"),
    HoldKind.PROMISE: gettext_lazy("they promised to pay"),
    HoldKind.DISPUTE: gettext_lazy("in dispute"),
    HoldKind.REPLY: gettext_lazy("a reply waits for an answer"),
    HoldKind.PENDING_PAYMENT: gettext_lazy("a payment is on its way"),
    HoldKind.UNMATCHED_PAYMENT: gettext_lazy("a payment of this customer is not matched yet"),
    HoldKind.CREDIT: gettext_lazy("the customer's credit covers it"),
    HoldKind.CLAIMED_PAID: gettext_lazy("they say it is paid"),
}


def channel_name(channel: str) -> str:
    """Name a channel."""
    return str(CHANNELS.get(channel, channel))


def trigger_words(trigger: Mapping[str, Any], *, tag: str, occurrence: int = 0) -> str:
    """Say when a step takes place: “3 days after due”, “Every 10 days, 2 of 3”."""
    days = int(trigger.get("days") or 0)
    match trigger.get("type"):
        case TriggerType.ON_ISSUE:
            return _("When issued")
        case TriggerType.AFTER_ISSUE:
            return _after_issue(days)
        case TriggerType.BEFORE_DUE:
            return ngettext("%(n)d day before due", "%(n)d days before due", days) % {"n": days}
        case TriggerType.AFTER_DUE if days == 0:
            return _("On the due date")
        case TriggerType.AFTER_DUE:
            return ngettext("%(n)d day after due", "%(n)d days after due", days) % {"n": days}
        case TriggerType.ON_DATE:
            day = locale.day_short(date.fromisoformat(str(trigger["date"])), tag)
            return _("On %(day)s") % {"day": day}
        case TriggerType.REPEAT:
            return _repeat(days, int(trigger.get("times") or 0), occurrence)
        case "retry":
            return _("Another attempt")
    return _("Sent by hand")


def _after_issue(days: int) -> str:
    if days == 0:
        return _("On the invoice date")
    words = ngettext("%(n)d day after the invoice date", "%(n)d days after the invoice date", days)
    return words % {"n": days}


def _repeat(days: int, times: int, occurrence: int) -> str:
    every = ngettext("Every day", "Every %(n)d days", days) % {"n": days}
    if occurrence:
        which = _("%(n)d of %(times)d") % {"n": occurrence, "times": times}
        return f"{every}, {which}"
    many = ngettext("once", "%(n)d times", times) % {"n": times}
    return f"{every}, {many}"


def send_words(state: str, reason: str, detail: str = "") -> str:
    """Say how a planned send stands: “Skipped: the invoice had gone out already”."""
    name = str(STATES.get(state, state))
    if not reason:
        return name
    because = REASONS.get(reason, reason)
    if reason == "paused" and detail in {kind.value for kind in HoldKind}:
        because = HELD[HoldKind(detail)]
    return f"{name}: {because}"


def delivery_words(state: str, reason: str) -> str:
    """Say how one delivery ended: “failed: no phone number”."""
    name = str(DELIVERY_STATES.get(state, state))
    if not reason or reason == state:
        return name
    return f"{name}: {REASONS.get(reason, reason)}"


def hold_words(hold: Hold, *, grace_days: int, tag: str) -> str:
    """Say what holds an invoice, and until when: “they promised to pay, until Apr 23, 2026”."""
    because = str(HELD[hold.kind])
    free = free_on(hold, grace_days=grace_days)
    if free is not None:
        until = _("until %(day)s") % {"day": locale.day_short(free, tag)}
        because = f"{because}, {until}"
    return because


def weekday_instant(value: datetime, *, zone: ZoneInfo, tag: str) -> str:
    """Write an instant with its weekday: “Wed, Apr 8, 2026, 9:00 AM”."""
    return f"{_weekday(local_date(value, zone), tag)}, {locale.instant(value, zone, tag)}"


def weekday_day(value: date, tag: str) -> str:
    """Write a day with its weekday: “Wed, Apr 8, 2026”."""
    return f"{_weekday(value, tag)}, {locale.day_short(value, tag)}"


def _weekday(value: date, tag: str) -> str:
    return format_date(value, "EEE", locale=locale.babel_locale(tag))
