"""How one invoice reads on the board and in the list: sentences instead of codes."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dunwell.core.calendar import local_date
from dunwell.core.states import State
from dunwell.overview.flags import Flag
from dunwell.overview.rows import Row
from dunwell.tenancy import locale
from dunwell.web import icons, words
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
    """A sentence with an icon; `exact` is the local time behind it, for hovering and reading.

    `brief` is for a column whose heading says the rest.
    """

    icon: SafeString
    text: str
    exact: str = ""
    brief: str = ""


@dataclass(frozen=True, slots=True)
class FlagWords:
    """A flag in words, with its tone (empty: urgent)."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Card:
    """One invoice in words; `row` holds the facts."""

    row: Row
    address: str
    customer_address: str
    balance: str
    total: str
    due: str
    due_exact: str
    when: str
    state: str
    total_words: str
    owner: SafeString
    last: Line | None
    next: Line | None
    flags: tuple[FlagWords, ...]

    @property
    def lines(self) -> list[Line]:
        """List what happened last and what comes next, as far as there is any."""
        return [line for line in (self.last, self.next) if line]

    @property
    def more_flags(self) -> str:
        """Name the flags after the first."""
        return ", ".join(flag.text for flag in self.flags[1:])


def card(row: Row, *, here: Here) -> Card:
    """Put one invoice into the words of the organization's locale and day."""
    tag = here.organization.locale
    return Card(
        row=row,
        address=f"{_addresses()[0]}{row.id}/",
        customer_address=f"{_addresses()[1]}{row.customer_id}/",
        balance=locale.money(row.total if row.state is State.PAID else row.balance, tag),
        total=locale.money(row.total, tag),
        due=words.brief_day(row.due_date, here=here) if row.due_date else "",
        due_exact=locale.day_short(row.due_date, tag) if row.due_date else "",
        when=_when(row, here),
        state=_state(row, here),
        total_words=_("of %(total)s") % {"total": locale.money(row.total, tag)},
        owner=_avatar(row.owner),
        last=_last(row, here),
        next=_next(row, here),
        flags=tuple(_flag(flag, row, here) for flag in row.flags),
    )


@lru_cache(maxsize=1)
def _addresses() -> tuple[str, str]:
    """Return where invoices and customers live; resolving it for each card takes too long."""
    return reverse("invoices"), reverse("customers")


@lru_cache(maxsize=512)
def _avatar(name: str) -> SafeString:
    """Draw the initials of whoever answers for an invoice; the name is read aloud."""
    if not name:
        return mark_safe("")
    return format_html(
        '<span class="avatar s" title="{0}" role="img" aria-label="{0}">{1}</span>',
        name,
        words.initials(name),
    )


def _state(row: Row, here: Here) -> str:
    if row.state in (State.OVERDUE, State.SENT):
        return _when(row, here)
    return words.state_name(row.state)


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
        icons.draw(picture, 14),
        f"{said}, {_ago(action.at, here)}",
        words.exact_instant(action.at, here=here),
    )


def _ago(instant: datetime, here: Here) -> str:
    return words.near_day(local_date(instant, here.organization.zone), today=here.today)


def _next(row: Row, here: Here) -> Line | None:
    if row.state in (State.PAID, State.CLOSED):
        return None
    if row.promised_on:
        promised = _("Promised for %(day)s") % {"day": words.brief_day(row.promised_on, here=here)}
        return Line(icons.draw("hand-raised", 14), promised, brief=promised)
    if row.paused_until:
        paused = _("Paused until %(day)s") % {"day": words.brief_day(row.paused_until, here=here)}
        return Line(icons.draw("pause-circle", 14), paused, brief=paused)
    if row.next_chase is None:
        return None
    channels = " + ".join(words.channel_name(channel) for channel in row.next_chase.channels)
    planned = {"channels": channels, "when": words.near_instant(row.next_chase.at, here=here)}
    return Line(
        icon=icons.draw("clock", 14),
        text=_("Next: %(channels)s %(when)s") % planned,
        exact=words.exact_instant(row.next_chase.at, here=here),
        brief=_("%(channels)s %(when)s") % planned,
    )


def _flag(flag: Flag, row: Row, here: Here) -> FlagWords:
    text = words.flag_name(flag)
    if flag is Flag.NOT_CHASED and row.do_not_chase:
        text = _("Customer is not to be chased")
    if flag is Flag.NO_ACTION_SINCE:
        text = _("No action yet")
        if row.last_action:
            n = (here.today - local_date(row.last_action.at, here.organization.zone)).days
            text = ngettext("No action for %(n)d day", "No action for %(n)d days", n) % {"n": n}
    return FlagWords(text, _TONES.get(flag, ""))
