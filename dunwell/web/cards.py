"""How one invoice reads on the board and in the list: sentences instead of codes."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dunwell.core.calendar import local_date
from dunwell.core.states import State
from dunwell.overview.flags import Flag
from dunwell.overview.rows import Row
from dunwell.tenancy import locale
from dunwell.web import words
from dunwell.web.requests import Here

_TONES: Final = {
    Flag.NO_CONTACT: "calm",
    Flag.NOT_SENT: "calm",
    Flag.NOT_CHASED: "quiet",
    Flag.PROMISE_DUE: "calm",
}
_KIND_ICONS: Final = {
    "call": "phone",
    "meeting": "users",
    "note": "pencil",
    "reply": "arrow-uturn-left",
    "promise": "hand-raised",
    "dispute": "scale",
    "payment": "banknotes",
}
_CHANNEL_ICONS: Final = {"sms": "chat-bubble-left", "letter": "document"}


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence with an icon; `exact` is the local time behind it, for hovering and reading."""

    icon: str
    text: str
    exact: str = ""


@dataclass(frozen=True, slots=True)
class FlagWords:
    """A flag in words, with its tone (empty: urgent)."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Card:
    """One invoice in words; `row` holds the facts."""

    row: Row
    balance: str
    total: str
    due: str
    when: str
    state: str
    last: Line | None
    next: Line | None
    flags: tuple[FlagWords, ...]


def card(row: Row, *, here: Here) -> Card:
    """Put one invoice into the words of the organization's locale and day."""
    tag = here.organization.locale
    return Card(
        row=row,
        balance=locale.money(row.total if row.state is State.PAID else row.balance, tag),
        total=locale.money(row.total, tag),
        due=locale.day_short(row.due_date, tag) if row.due_date else "",
        when=_when(row, here),
        state=words.state_name(row.state),
        last=_last(row, here),
        next=_next(row, here),
        flags=tuple(_flag(flag, row, here) for flag in row.flags),
    )


def _when(row: Row, here: Here) -> str:
    if row.state is State.OVERDUE:
        n = row.days_overdue
        return ngettext("%(n)d day overdue", "%(n)d days overdue", n) % {"n": n}
    if row.state is State.SENT and row.due_date:
        return _("Due %(day)s") % {"day": words.near_day(row.due_date, today=here.today)}
    if row.state is State.DRAFT:
        written = local_date(row.created_at, here.organization.zone)
        return _("Written %(day)s") % {"day": words.near_day(written, today=here.today)}
    if row.state is State.PAID and row.paid_on:
        return _paid(row.paid_on, row.due_date, here)
    return words.state_name(row.state)


def _paid(paid_on: date, due: date | None, here: Here) -> str:
    day = words.near_day(paid_on, today=here.today)
    if due is None:
        return _("Paid %(day)s") % {"day": day}
    days = (paid_on - due).days
    if days == 0:
        return _("Paid %(day)s, on the day") % {"day": day}
    if days > 0:
        sentence = ngettext("Paid %(day)s, %(n)d day late", "Paid %(day)s, %(n)d days late", days)
    else:
        sentence = ngettext(
            "Paid %(day)s, %(n)d day early", "Paid %(day)s, %(n)d days early", -days
        )
    return sentence % {"day": day, "n": abs(days)}


def _last(row: Row, here: Here) -> Line | None:
    action = row.last_action
    if action is None:
        return None
    picture = _KIND_ICONS.get(action.kind) or _CHANNEL_ICONS.get(action.channel, "envelope")
    said = words.action_name(action.kind, action.channel)
    return Line(
        picture, f"{said}, {_ago(action.at, here)}", words.exact_instant(action.at, here=here)
    )


def _ago(instant: datetime, here: Here) -> str:
    return words.near_day(local_date(instant, here.organization.zone), today=here.today)


def _next(row: Row, here: Here) -> Line | None:
    if row.state in (State.PAID, State.CLOSED):
        return None
    tag = here.organization.locale
    if row.promised_on:
        return Line(
            "hand-raised",
            _("Promised for %(day)s") % {"day": locale.day_short(row.promised_on, tag)},
        )
    if row.paused_until:
        return Line(
            "pause-circle",
            _("Paused until %(day)s") % {"day": locale.day_short(row.paused_until, tag)},
        )
    if row.next_chase is None:
        return None
    channels = " + ".join(words.channel_name(channel) for channel in row.next_chase.channels)
    near = words.near_instant(row.next_chase.at, here=here)
    text = _("Next: %(channels)s %(when)s") % {"channels": channels, "when": near}
    return Line("clock", text, words.exact_instant(row.next_chase.at, here=here))


def _flag(flag: Flag, row: Row, here: Here) -> FlagWords:
    text = words.flag_name(flag)
    if flag is Flag.NO_ACTION_SINCE:
        text = _("No action yet")
        if row.last_action:
            n = (here.today - local_date(row.last_action.at, here.organization.zone)).days
            text = ngettext("No action for %(n)d day", "No action for %(n)d days", n) % {"n": n}
    return FlagWords(text, _TONES.get(flag, ""))
