"""Days and states in the words people use: “in 12 days”, “Overdue by 3 days”."""

from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from django.utils.translation import gettext_lazy, ngettext

from dunwell.core.calendar import local_date
from dunwell.core.states import State
from dunwell.tenancy import locale
from dunwell.web.requests import Here

_NEXT_TO_TODAY: Final = {
    -1: gettext_lazy("yesterday"),
    0: gettext_lazy("today"),
    1: gettext_lazy("tomorrow"),
}


def near_day(day: date, *, today: date) -> str:
    """Say how far a day lies from today: “today”, “in 12 days”, “9 days ago”."""
    days = (day - today).days
    if days in _NEXT_TO_TODAY:
        return str(_NEXT_TO_TODAY[days])
    if days > 0:
        return ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days}
    return ngettext("%(n)d day ago", "%(n)d days ago", -days) % {"n": -days}


def brief_day(day: date, *, here: Here) -> str:
    """Return a day as narrow columns show it: without the year while it is this year's."""
    tag = here.organization.locale
    return _month_day(day, tag) if day.year == here.today.year else locale.day_short(day, tag)


@lru_cache(maxsize=4096)
def _month_day(day: date, tag: str) -> str:
    return format_skeleton("MMMd", day, locale=locale.babel_locale(tag))


def near_instant(instant: datetime, *, here: Here) -> str:
    """Say how far an instant lies from now, by the organization's calendar days.

    Within a day of today the hour is told too: “tomorrow, 9:00 AM”.
    """
    day = local_date(instant, here.organization.zone)
    words = near_day(day, today=here.today)
    if abs((day - here.today).days) > 1:
        return words
    tag = here.organization.locale
    time = _exact(instant, here.organization.zone, tag)
    return f"{words}, {time.removeprefix(locale.day_short(day, tag)).lstrip(', ')}"


def exact_instant(instant: datetime, *, here: Here) -> str:
    """Return an instant's local day and time in the organization's locale."""
    return _exact(instant, here.organization.zone, here.organization.locale)


@lru_cache(maxsize=16_384)
def _exact(instant: datetime, zone: ZoneInfo, tag: str) -> str:
    return locale.instant(instant, zone, tag)


_STATES: Final = {
    State.DRAFT: gettext_lazy("Draft"),
    State.SENT: gettext_lazy("Sent"),
    State.DUE: gettext_lazy("Due today"),
    State.OVERDUE: gettext_lazy("Overdue"),
    State.PAID: gettext_lazy("Paid"),
    State.CLOSED: gettext_lazy("Closed"),
}


def state_name(state: State) -> str:
    """Return the state's name as columns and filters show it."""
    return str(_STATES[state])


def state_sentence(state: State, *, due: date | None, today: date) -> str:
    """Say an invoice's state with its days: “Overdue by 12 days”, “Due in 5 days”."""
    if due is None or state not in (State.SENT, State.OVERDUE):
        return state_name(state)
    days = abs((due - today).days)
    if state is State.OVERDUE:
        return ngettext("Overdue by %(n)d day", "Overdue by %(n)d days", days) % {"n": days}
    return ngettext("Due in %(n)d day", "Due in %(n)d days", days) % {"n": days}


_CHANNELS: Final = {
    "email": gettext_lazy("email"),
    "sms": gettext_lazy("SMS"),
    "letter": gettext_lazy("letter"),
    "phone": gettext_lazy("phone"),
    "meeting": gettext_lazy("meeting"),
}
_MESSAGES: Final = {
    "email": gettext_lazy("Email"),
    "sms": gettext_lazy("SMS"),
    "letter": gettext_lazy("Letter"),
}
_ACTIONS: Final = {
    "call": gettext_lazy("Call"),
    "meeting": gettext_lazy("Meeting"),
    "note": gettext_lazy("Note"),
    "reply": gettext_lazy("They replied"),
    "promise": gettext_lazy("Promise"),
    "dispute": gettext_lazy("Dispute"),
    "payment": gettext_lazy("Payment"),
}
_FLAGS: Final = {
    "reply_unanswered": gettext_lazy("Reply waiting"),
    "promise_broken": gettext_lazy("Promise broken"),
    "send_failed": gettext_lazy("Sending failed"),
    "disputed": gettext_lazy("Disputed"),
    "no_action_since": gettext_lazy("No action lately"),
    "no_contact": gettext_lazy("No contact on file"),
    "not_sent": gettext_lazy("Not sent"),
    "not_chased": gettext_lazy("Not being chased"),
    "promise_due": gettext_lazy("Promised for today"),
}


def channel_name(channel: str) -> str:
    """Return the name of a channel in a sentence; empty for none."""
    return str(_CHANNELS.get(channel, channel))


def action_name(kind: str, channel: str) -> str:
    """Say what the last action was: “Email”, “Call”, “They replied”."""
    if kind == "message":
        return str(_MESSAGES.get(channel, _MESSAGES["email"]))
    return str(_ACTIONS.get(kind, kind))


def flag_name(flag: str) -> str:
    """Say what an invoice should be looked at for."""
    return str(_FLAGS.get(flag, flag))


def initials(name: str) -> str:
    """Shorten a person's name to at most two letters."""
    parts = name.split()
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:]))
