"""The answers of core.why in sentences, with what shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dunwell.chasing import words
from dunwell.chasing.models import PlannedSend
from dunwell.core.holds import Hold, HoldKind, free_on
from dunwell.core.money import Money
from dunwell.core.outcomes import Reason
from dunwell.core.why import Answer, Planned, Span, Why
from dunwell.inbox.models import Delivery
from dunwell.ledger.models import Invoice
from dunwell.tenancy import locale
from dunwell.tenancy.models import Organization

# One sentence for each answer; the names in it are filled in by Telling._values.
SENTENCES: Final[Mapping[str, Lazy]] = {
    Why.SENT: gettext_lazy("A message went out: %(step)s, planned for %(at)s."),
    Why.SENDING: gettext_lazy("A message is going out at this moment: %(step)s."),
    Why.PLANNED: gettext_lazy("A message will go out: %(step)s, at %(at)s."),
    Why.WAITING: gettext_lazy("%(step)s was due at %(at)s and has not been taken yet."),
    Why.WILL_BE_HELD: gettext_lazy("%(step)s will be skipped: %(hold)s."),
    Why.NOT_ISSUED: gettext_lazy("The invoice was not issued yet."),
    Why.NO_SCHEDULE: gettext_lazy("The invoice has no schedule, so nobody is reminded of it."),
    Why.NO_STEP: gettext_lazy("No step of the schedule falls on that day."),
    Why.MOVED: gettext_lazy("That day is a weekend or holiday: the step moved to %(moved)s."),
    Why.DO_NOT_CHASE: gettext_lazy("The customer was marked “do not chase”%(span)s."),
    Reason.PAID: gettext_lazy("Nothing was owed any more: the invoice was paid%(span)s."),
    Reason.CLOSED: gettext_lazy("The invoice was closed%(span)s."),
    Reason.DISABLED: gettext_lazy("Chasing of this invoice was switched off%(span)s."),
    Reason.BACKDATED: gettext_lazy(
        "%(step)s, at %(at)s, was past already when the schedule was planned on %(changed)s."
    ),
    Reason.ALREADY_SENT: gettext_lazy("The invoice had gone out already by other means."),
    Reason.PAUSED: gettext_lazy("Chasing was held: %(hold)s."),
    Reason.SUPERSEDED: gettext_lazy("A later step took its place: %(other)s."),
    Reason.MISSED: gettext_lazy(
        "%(step)s was found on %(changed)s, after the catch-up time of %(hours)d hours%(outage)s."
    ),
    Reason.DAILY_LIMIT: gettext_lazy(
        "Everyone it was for had got this invoice that day already%(by_other)s."
    ),
    Reason.BELOW_MINIMUM: gettext_lazy("The balance was below your minimum of %(minimum)s."),
    Reason.NO_CONTACT_WITH_ROLE: gettext_lazy("No contact of %(customer)s had the step’s role."),
    Reason.NO_RECIPIENT: gettext_lazy("Those it was meant for are no longer there."),
    Reason.FOLDED: gettext_lazy(
        "A message about the whole account named this invoice%(by_other)s."
    ),
    Reason.RESCHEDULED: gettext_lazy("The step was taken out of the schedule on %(changed)s."),
    Reason.UNCERTAIN: gettext_lazy(
        "The connection broke off while the message was handed over: it may have arrived, so it"
        " is not sent again by itself."
    ),
}
_FAILED: Final = gettext_lazy("It failed: %(reason)s. A failure is not tried again by itself.")


@dataclass(frozen=True, slots=True)
class Telling:
    """Puts answers about one invoice into words."""

    organization: Organization
    invoice: Invoice
    now: datetime
    rows: Mapping[UUID, PlannedSend]
    deliveries: Mapping[UUID, Sequence[Delivery]]

    def sentence(self, answer: Answer) -> str:
        """Say it in one sentence."""
        failed = answer.send is not None and answer.send.state == "failed"
        template = SENTENCES.get(answer.why)
        if template is None or (failed and answer.why != Reason.UNCERTAIN):
            template = _FAILED
        told = str(template) % self._values(answer)
        return told[:1].upper() + told[1:]

    def evidence(self, answer: Answer) -> list[str]:
        """List what shows it: the send, its messages, the neighbours, the outages."""
        lines = []
        if answer.send is not None:
            lines.append(self._planned_line(answer.send))
            lines += [self._message(d) for d in self.deliveries.get(answer.send.id, ())]
        if answer.before is not None:
            lines.append(_("The step before: %(line)s") % {"line": self._line(answer.before)})
        if answer.after is not None:
            lines.append(_("The next step: %(line)s") % {"line": self._line(answer.after)})
        if answer.other is not None:
            lines.append(self._line(answer.other))
        for outage in answer.outages:
            lines.append(_("No worker ran%(span)s") % {"span": self._span(outage)})
        if answer.hold is not None and answer.hold.reason:
            lines.append(f"“{answer.hold.reason}”")
        return lines

    def _values(self, answer: Answer) -> dict[str, object]:
        send = answer.send
        minimum = self.organization.minimum_balances.get(self.invoice.currency, 0)
        return {
            "step": self._step(send) if send else "",
            "at": self._instant(send.at) if send else "",
            "changed": self._instant(send.changed_at) if send and send.changed_at else "",
            "hold": self._hold(answer),
            "span": self._span(answer.span),
            "other": self._line(answer.other) if answer.other else _("another one"),
            "by_other": f": {self._line(answer.other)}" if answer.other else "",
            "hours": self.organization.catch_up_hours,
            "outage": self._outage(answer.outages),
            "moved": self._day(answer.moved.to) if answer.moved else "",
            "minimum": _amount(minimum, self.invoice.currency, self._tag),
            "customer": self.invoice.customer.name,
            "reason": words.REASONS.get(answer.why, answer.why),
        }

    @property
    def _tag(self) -> str:
        return self.organization.locale

    def _instant(self, value: datetime) -> str:
        return words.weekday_instant(value, zone=self.organization.zone, tag=self._tag)

    def _day(self, value: date) -> str:
        return words.weekday_day(value, self._tag)

    def _step(self, send: Planned) -> str:
        row = self.rows[send.id]
        if row.kind == "account":
            return _("the message about the whole account")
        occurrence = row.occurrence if row.trigger.get("times") else 0
        return f"“{words.trigger_words(row.trigger, tag=self._tag, occurrence=occurrence)}”"

    def _line(self, send: Planned) -> str:
        state = words.send_words(send.state, send.reason, send.detail)
        return f"{self._step(send)}, {self._instant(send.at)} ({state})"

    def _planned_line(self, send: Planned) -> str:
        line = _("On record: %(line)s") % {"line": self._line(send)}
        return f"{line}, {_('by %(name)s') % {'name': send.by}}" if send.by else line

    def _message(self, delivery: Delivery) -> str:
        whom = delivery.to_name or delivery.to_address or _("nobody")
        told = words.delivery_words(delivery.state, delivery.reason)
        channel = words.channel_name(delivery.channel)
        when = self._instant(delivery.settled_at or delivery.at)
        return f"{channel} · {whom}: {told}, {when}"

    def _span(self, span: Span | None) -> str:
        """Say since or from when to when, by whom and why, with a space before it."""
        if span is None:
            return ""
        names = {"since": self._instant(span.since), "by": span.by, "why": span.why}
        if span.until is None:
            told = _(" since %(since)s") % names
        else:
            names["until"] = self._instant(span.until)
            told = _(" from %(since)s to %(until)s") % names
        if span.by:
            told += _(", by %(by)s") % names
        return f"{told} (“{span.why}”)" if span.why else told

    def _hold(self, answer: Answer) -> str:
        hold = answer.hold
        if hold is None:
            detail = answer.send.detail if answer.send else ""
            known = detail in {kind.value for kind in HoldKind}
            return str(words.HELD[HoldKind(detail)] if known else words.REASONS[Reason.PAUSED])
        name = str(words.HELD[hold.kind])
        return f"{name}{self._hold_span(hold)}"

    def _hold_span(self, hold: Hold) -> str:
        free = free_on(hold, grace_days=self.organization.promise_grace_days)
        since = self._instant(hold.since) if hold.since else ""
        until = self._instant(hold.ended) if hold.ended else (self._day(free) if free else "")
        names = {"since": since, "until": until}
        if since and until:
            return _(" from %(since)s to %(until)s") % names
        if since:
            return _(" since %(since)s") % names
        return _(" until %(until)s") % names if until else ""

    def _outage(self, outages: Sequence[Span]) -> str:
        if not outages:
            return ""
        return _(": no worker ran%(span)s") % {"span": self._span(outages[0])}


def _amount(minor: int, currency: str, tag: str) -> str:
    return locale.money(Money(minor, currency), tag)
