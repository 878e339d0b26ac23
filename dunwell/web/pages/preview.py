"""What steps would come to on a real or a sample invoice, without storing anything."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from dunwell.chasing import queries
from dunwell.chasing.models import FirstSend, PlannedSend
from dunwell.chasing.operations.schedules import steps_of
from dunwell.core.cadence import Step, keep_keys
from dunwell.core.calendar import add_days, local_date
from dunwell.core.errors import CoreError
from dunwell.core.outcomes import FROZEN, SendState
from dunwell.core.schedule import Existing, Instance, PlanMode, instances, plan
from dunwell.core.terms import due_date
from dunwell.ledger.checks import sentence
from dunwell.ledger.models import Invoice
from dunwell.tenancy.holidays import business_calendar
from dunwell.web.pages import sentences
from dunwell.web.pages.holding import holding
from dunwell.web.requests import Here


@dataclass(frozen=True, slots=True)
class Line:
    """One send as it would be: when, by what, and what is to be known about it."""

    words: str
    day: date
    at: datetime
    channels: Sequence[str]
    css: str
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """The dated list for one invoice; `problem` says why there is none."""

    title: str
    lines: Sequence[Line] = ()
    problem: str = ""


@dataclass(slots=True)
class _Case:
    """The invoice that steps are laid on."""

    invoice_date: date
    issue_day: date
    due_date: date
    first_set_on: date
    steps: Sequence[Step]
    existing: Sequence[Existing] = ()
    ever_sent: bool = False
    invoice: Invoice | None = None


def preview_of(*, steps: Sequence[Step], invoice: Invoice | None, at: Here) -> Preview:
    """Lay steps on an invoice (without one: on a sample issued today) and say what would happen."""
    if invoice is None:
        title = _("On an invoice issued today by your usual terms")
    else:
        title = _("On invoice %(number)s") % {"number": invoice.number}
    if invoice is not None and invoice.due_date is None:
        return Preview(title, problem=_("This draft has no due date yet, so no step has a date."))
    if invoice is not None and (invoice.closed_at or invoice.balance.minor <= 0):
        word = _("closed") if invoice.closed_at else _("paid")
        return Preview(title, problem=_("It is %(state)s: nothing would go out.") % {"state": word})
    try:
        return Preview(title, _lines(_case(steps, invoice, at), at))
    except CoreError as error:
        return Preview(title, problem=sentence(error))


def _case(steps: Sequence[Step], invoice: Invoice | None, at: Here) -> _Case:
    if invoice is None or invoice.due_date is None:
        found = due_date(
            invoice_date=at.today,
            delivery_date=at.today,
            explicit=None,
            invoice_terms=None,
            customer_terms=None,
            organization_terms=at.organization.terms,
        )
        return _Case(at.today, at.today, found.date or at.today, at.today, steps)
    if invoice.issued_at is None:
        return _Case(
            invoice.invoice_date, at.today, invoice.due_date, at.today, steps, invoice=invoice
        )
    schedule = queries.schedule_of(invoice_id=invoice.pk)
    kept = keep_keys(
        steps=steps,
        previous=steps_of(schedule) if schedule else (),
        first_free_key=schedule.next_key if schedule else 1,
    )
    marked = invoice.first_marked_sent_at is not None
    return _Case(
        invoice.invoice_date,
        local_date(invoice.issued_at, at.organization.zone),
        invoice.due_date,
        schedule.first_set_on if schedule else at.today,
        kept,
        existing=_existing(invoice),
        ever_sent=marked or FirstSend.objects.filter(invoice=invoice).exists(),
        invoice=invoice,
    )


def _existing(invoice: Invoice) -> list[Existing]:
    rows = PlannedSend.objects.filter(invoice=invoice, kind="step").values_list(
        "step_key", "occurrence", "state", "at", "reason"
    )
    return [
        Existing(key, occurrence, SendState(state), at, reason or None)
        for key, occurrence, state, at, reason in rows
        if key is not None
    ]


def _dated(case: _Case, at: Here, *, shifted: bool) -> list[Instance]:
    calendar = business_calendar(organization=at.organization, year=case.invoice_date.year)
    return instances(
        steps=case.steps,
        invoice_date=case.invoice_date,
        issue_day=case.issue_day,
        due_date=case.due_date,
        first_set_on=case.first_set_on,
        zone=at.organization.zone,
        holidays=calendar if shifted else None,
    )


def _lines(case: _Case, at: Here) -> list[Line]:
    dated = _dated(case, at, shifted=True)
    plain = {(i.step_key, i.occurrence): i.day for i in _dated(case, at, shifted=False)}
    changes = plan(
        instances=dated,
        existing=case.existing,
        now=at.now,
        ever_sent=case.ever_sent,
        zone=at.organization.zone,
        mode=PlanMode.SET,
    )
    known = {(r.step_key, r.occurrence): (r.state, r.at, r.reason) for r in case.existing}
    known |= {(c.step_key, c.occurrence): (c.state, c.at, c.reason) for c in changes}
    steps = {step.key: step for step in case.steps}
    holds = _holds(case, at)
    found = []
    for instance in dated:
        key, step = (instance.step_key, instance.occurrence), steps[instance.step_key]
        state, when, reason = known.get(key, (SendState.PLANNED, instance.at, None))
        css, told = _outcome(state, reason or "", when, at=at, hold=holds(when))
        notes = [*_moved(step, instance, plain[key], case, at), *told]
        found.append(_line(step, instance, when, at, css=css, notes=notes))
    return sorted(found, key=lambda line: line.at)


def _outcome(
    state: SendState, reason: str, when: datetime, *, at: Here, hold: str
) -> tuple[str, list[str]]:
    """Say with which mark one send is drawn, and what is to be known about it."""
    if state is SendState.FAILED:
        return "failed", [_("failed: only a member tries it again")]
    if state in FROZEN:
        return "done", [_("done already: it is not sent a second time")]
    if state is not SendState.PLANNED:
        return "skipped", [sentences.send_words(state, reason)]
    if when <= at.now:
        return "next", [_("goes out now")]
    if hold:
        return "skipped", [_("would be skipped, on hold: %(why)s") % {"why": hold}]
    return "planned", []


def _line(
    step: Step, instance: Instance, when: datetime, at: Here, *, css: str, notes: Sequence[str]
) -> Line:
    repeated = instance.occurrence if step.trigger.times else 0
    words = sentences.trigger_words(
        step.trigger.to_json(), tag=at.organization.locale, occurrence=repeated
    )
    day = local_date(when, at.organization.zone)
    return Line(words, day, when, [c.value for c in step.channels], css, notes)


def _moved(step: Step, instance: Instance, plain: date, case: _Case, at: Here) -> list[str]:
    """Say why a send does not stand on the day its trigger names."""
    tag = at.organization.locale
    if instance.day != plain:
        was = sentences.weekday_day(plain, tag)
        return [_("moved from %(day)s, a weekend or holiday") % {"day": was}]
    if step.trigger.type.value == "before_due":
        asked = add_days(case.due_date, -(step.trigger.days or 0))
        if asked < case.invoice_date:
            return [_("moved to the invoice date")]
    return []


def _holds(case: _Case, at: Here) -> Callable[[datetime], str]:
    """Return what says whether, and by what, the invoice is held at an instant."""
    invoice = case.invoice
    if invoice is None or invoice.issued_at is None:
        return lambda _when: ""
    known = holding([invoice.pk], at=at)
    return lambda when: known.words(invoice, when)
