"""Days and states in the words people use: “in 12 days”, “Overdue by 3 days”."""

from datetime import date, datetime
from functools import lru_cache

from babel.dates import format_skeleton
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dunwell.core.calendar import local_date
from dunwell.core.states import State
from dunwell.tenancy import locale
from dunwell.web.requests import Here


def near_day(day: date, *, today: date) -> str:
    """Say how far a day lies from today: “today”, “in 12 days”, “9 days ago”."""
    days = (day - today).days
    if days in (-1, 0, 1):
        return {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}[days]
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
    time = locale.instant(instant, here.organization.zone, tag)
    return f"{words}, {time.removeprefix(locale.day_short(day, tag)).lstrip(', ')}"


def exact_instant(instant: datetime, *, here: Here) -> str:
    """Return an instant's local day and time in the organization's locale."""
    return locale.instant(instant, here.organization.zone, here.organization.locale)


def state_name(state: State) -> str:
    """Return the state's name as columns and filters show it."""
    return {
        State.DRAFT: _("Draft"),
        State.SENT: _("Sent"),
        State.DUE: _("Due today"),
        State.OVERDUE: _("Overdue"),
        State.PAID: _("Paid"),
        State.CLOSED: _("Closed"),
    }[state]


def state_sentence(state: State, *, due: date | None, today: date) -> str:
    """Say an invoice's state with its days: “Overdue by 12 days”, “Due in 5 days”."""
    if due is None or state not in (State.SENT, State.OVERDUE):
        return state_name(state)
    days = abs((due - today).days)
    if state is State.OVERDUE:
        return ngettext("Overdue by %(n)d day", "Overdue by %(n)d days", days) % {"n": days}
    return ngettext("Due in %(n)d day", "Due in %(n)d days", days) % {"n": days}


def channel_name(channel: str) -> str:
    """Return the name of a channel in a sentence; empty for none."""
    names = {
        "email": _("email"),
        "sms": _("SMS"),
        "letter": _("letter"),
        "phone": _("phone"),
        "meeting": _("meeting"),
    }
    return names.get(channel, channel)


def action_name(kind: str, channel: str) -> str:
    """Say what the last action was: “Email”, “Call”, “They replied”."""
    if kind == "message":
        return {"sms": _("SMS"), "letter": _("Letter")}.get(channel, _("Email"))
    return {
        "call": _("Call"),
        "meeting": _("Meeting"),
        "note": _("Note"),
        "reply": _("They replied"),
        "promise": _("Promise"),
        "dispute": _("Dispute"),
        "payment": _("Payment"),
    }.get(kind, kind)


def flag_name(flag: str) -> str:
    """Say what an invoice should be looked at for."""
    return {
        "promise_broken": _("Promise broken"),
        "send_failed": _("Sending failed"),
        "disputed": _("Disputed"),
        "no_action_since": _("No action lately"),
        "no_contact": _("No contact on file"),
        "not_sent": _("Not sent"),
        "not_chased": _("Not being chased"),
        "promise_due": _("Promised for today"),
    }.get(flag, flag)


def initials(name: str) -> str:
    """Shorten a person's name to at most two letters."""
    parts = name.split()
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:]))
