"""The Chasing section: an invoice's schedule as a line with today on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from dunwell.chasing import queries
from dunwell.chasing.models import MessageTemplate, Pause, PlannedSend, Schedule
from dunwell.chasing.operations.schedules import steps_of
from dunwell.core.states import State
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import ContactRole, Invoice
from dunwell.web import words
from dunwell.web.pages import sentences
from dunwell.web.pages.holding import holding
from dunwell.web.pages.preview import Preview, preview_of
from dunwell.web.requests import Here

_CSS: Final = {
    "planned": "planned",
    "sending": "next",
    "sent": "done",
    "failed": "failed",
    "skipped": "skipped",
    "cancelled": "skipped",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One step of the line, or (`today`) the mark between the past and what is ahead."""

    today: bool = False
    id: UUID | None = None
    words: str = ""
    at: datetime | None = None
    channels: Sequence[str] = ()
    css: str = ""
    sentence: str = ""
    extra: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """One message of a planned send: to whom, and how it ended."""

    channel: str
    name: str
    address: str
    sentence: str
    css: str
    at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A send that needs a member: it failed, or nobody can tell whether it arrived."""

    id: UUID
    words: str
    at: datetime
    uncertain: bool
    outcomes: Sequence[Outcome]


@dataclass(frozen=True, slots=True)
class Chasing:
    """All that the section shows."""

    title: str
    status: str
    schedule: Schedule | None
    pause: Pause | None
    held: bool = False
    items: Sequence[Item] = ()
    outcomes: Sequence[tuple[Item, Sequence[Outcome]]] = ()
    troubles: Sequence[Trouble] = ()
    preview: Preview | None = None
    notes: Sequence[str] = ()

    @property
    def on(self) -> bool:
        """Say whether chasing is switched on and has steps."""
        return self.schedule is not None and self.schedule.enabled and bool(self.schedule.steps)


def chasing_of(invoice: Invoice, *, state: State, at: Here) -> Chasing:
    """Gather an invoice's schedule with dates, states, reasons and outcomes."""
    schedule = queries.schedule_of(invoice_id=invoice.pk)
    sends = queries.planned_sends(invoice_id=invoice.pk)
    pause = queries.pause_of(invoice_id=invoice.pk, now=at.now)
    bare = Chasing(_title(schedule), _no_schedule(state), schedule, pause)
    if not sends and (schedule is None or not schedule.steps):
        return bare
    if state is State.DRAFT:
        if schedule is None or not schedule.enabled:
            return replace(bare, status=_("Switched off"))
        shown = preview_of(steps=steps_of(schedule), invoice=invoice, at=at)
        status = _("A preview: it starts when the invoice is issued.")
        return replace(bare, status=status, preview=shown)
    return _issued(invoice, bare, sends, state=state, at=at)


def _issued(
    invoice: Invoice, bare: Chasing, sends: Sequence[PlannedSend], *, state: State, at: Here
) -> Chasing:
    """Fill in what is planned, what went out, and what holds or failed."""
    deliveries = queries.deliveries_of(planned_send_ids=[send.pk for send in sends])
    holds = holding([invoice.pk], at=at)
    reader = _Reader(at, lambda when: holds.words(invoice, when), deliveries)
    items = [reader.item(send) for send in sends]
    open_still = state not in (State.PAID, State.CLOSED)
    hold = holds.words(invoice, at.now) if open_still else ""
    return replace(
        bare,
        status=_ended(state) or _status(sends, hold=hold, on=bare.on, at=at),
        held=bool(hold),
        items=_with_today(items, at.now),
        outcomes=[(item, reader.outcomes(item.id)) for item in items if reader.outcomes(item.id)],
        troubles=reader.troubles(sends) if open_still else (),
        notes=_notes(invoice, at) if open_still else (),
    )


def _title(schedule: Schedule | None) -> str:
    if schedule is None or not schedule.steps:
        return ""
    return schedule.cadence.name if schedule.cadence else _("steps of its own")


def _no_schedule(state: State) -> str:
    if state in (State.PAID, State.CLOSED):
        return _("It was never chased.")
    return _("Nobody reminds this customer yet. Choose a cadence, or write steps for this invoice.")


def _ended(state: State) -> str:
    """Say why nothing more goes out for good; empty while it may."""
    if state is State.PAID:
        return _("Paid: nothing more goes out.")
    if state is State.CLOSED:
        return _("Closed: nothing more goes out.")
    return ""


def _status(sends: Sequence[PlannedSend], *, hold: str, on: bool, at: Here) -> str:
    """Say in one sentence what goes out next, or why nothing does."""
    if hold:
        return _("On hold: %(why)s") % {"why": hold}
    ahead = next((send for send in sends if send.state == "planned"), None)
    if ahead is not None:
        names = " + ".join(words.channel_name(name) for name in ahead.channels)
        near = words.near_instant(ahead.at, here=at)
        return _("Next: %(channels)s %(when)s") % {"channels": names, "when": near}
    if not on:
        return _("Switched off")
    return _("All steps are done; nothing more is planned.")


def _notes(invoice: Invoice, at: Here) -> list[str]:
    """Name what else keeps messages back."""
    notes = []
    if invoice.customer.do_not_chase:
        because = invoice.customer.do_not_chase_reason
        sentence = _("%(customer)s is not chased.") % {"customer": invoice.customer.name}
        notes.append(f"{sentence} {because}".strip())
    if invoice.balance.minor < at.organization.minimum_balances.get(invoice.currency, 0):
        notes.append(_("The balance is below your minimum, so reminders are skipped."))
    return notes


def _with_today(items: Sequence[Item], now: datetime) -> list[Item]:
    """Put the mark of today between what lies behind and what is ahead."""
    behind = [item for item in items if item.at is not None and item.at <= now]
    ahead = [item for item in items if item.at is not None and item.at > now]
    return [*behind, Item(today=True, at=now), *ahead]


class _Reader:
    """Puts planned sends and deliveries of one invoice into words."""

    def __init__(
        self,
        at: Here,
        hold_at: Callable[[datetime], str],
        deliveries: Mapping[UUID, Sequence[Delivery]],
    ) -> None:
        self.at = at
        self.hold_at = hold_at
        self.deliveries = deliveries
        self.next_seen = False

    @cached_property
    def roles(self) -> dict[str, str]:
        """Name the contact roles; asked for only where a step has some."""
        return {str(role.pk): role.name for role in ContactRole.objects.all()}

    @cached_property
    def titles(self) -> dict[str, str]:
        """Give the titles of the organization's own templates."""
        rows = MessageTemplate.objects.values_list("name", "title")
        return {name: title for name, title in rows if title}

    def item(self, send: PlannedSend) -> Item:
        """Put one planned send into words."""
        css = _CSS.get(send.state, "")
        sentence = sentences.send_words(send.state, send.reason, send.detail)
        if send.state == "planned":
            hold = self.hold_at(max(send.at, self.at.now))
            if hold:
                css, sentence = "skipped", _("Will be skipped: %(why)s") % {"why": hold}
            elif not self.next_seen:
                self.next_seen, css = True, "next"
        return Item(
            id=send.pk,
            words=sentences.trigger_words(
                send.trigger,
                tag=self.at.organization.locale,
                occurrence=send.occurrence if send.trigger.get("times") else 0,
            ),
            at=send.at,
            channels=send.channels,
            css=css,
            sentence=sentence,
            extra=self._extra(send),
        )

    def _extra(self, send: PlannedSend) -> list[str]:
        found = []
        if send.contact_roles:
            names = ", ".join(self.roles.get(role, role) for role in send.contact_roles)
            found.append(_("to %(roles)s") % {"roles": names})
        if send.template:
            found.append(f"“{sentences.template_name(send.template, self.titles)}”")
        if send.kind != "step" and send.by:
            found.append(_("by %(name)s") % {"name": send.by})
        return found

    def outcomes(self, send_id: UUID | None) -> list[Outcome]:
        """List the messages of one planned send."""
        found = self.deliveries.get(send_id, ()) if send_id else ()
        return [self._outcome(delivery) for delivery in found]

    def _outcome(self, delivery: Delivery) -> Outcome:
        bad = delivery.state in ("failed", "bounced")
        css = "bad" if bad else "unsure" if delivery.state == "uncertain" else "good"
        if delivery.state in ("queued", "sending", "cancelled"):
            css = ""
        return Outcome(
            channel=delivery.channel,
            name=delivery.to_name,
            address=delivery.to_address,
            sentence=sentences.delivery_words(delivery.state, delivery.reason),
            css=css,
            at=delivery.settled_at or delivery.at,
            detail=delivery.detail if bad or css == "unsure" else "",
        )

    def troubles(self, sends: Sequence[PlannedSend]) -> list[Trouble]:
        """List failed sends that nobody has tried again yet."""
        tried = {send.retry_of_id for send in sends if send.state != "cancelled"}
        return [
            Trouble(
                send.pk,
                sentences.trigger_words(send.trigger, tag=self.at.organization.locale),
                send.at,
                send.reason == "uncertain",
                [each for each in self.outcomes(send.pk) if each.css in ("bad", "unsure")],
            )
            for send in sends
            if send.state == "failed" and send.pk not in tried
        ]
