"""Lives the demo's story through, day by day, by the same flows as everybody's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from itertools import groupby
from typing import Final, TypedDict
from uuid import UUID

from dunwell import flows
from dunwell.chasing.operations.schedules import pause, set_contacts
from dunwell.core.money import Money
from dunwell.flows.demo.acts import (
    Act,
    Bounced,
    Closed,
    Contested,
    Credited,
    Invoice,
    Job,
    Logged,
    Paid,
    Paused,
    Promised,
    Settled,
    TakenBack,
    Time,
)
from dunwell.flows.demo.company import Studio
from dunwell.flows.demo.plot import Plot
from dunwell.ledger import models as ledger
from dunwell.ledger.operations import (
    ActivityInput,
    ApplicationInput,
    CreditNoteInput,
    InvoiceInput,
    LineInput,
    PaymentInput,
    block_contact,
    log_activity,
)
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor

_EACH: Final = timedelta(minutes=2)
_BEGINS: Final = {Time.MORNING: time(8, 6), Time.AFTERNOON: time(14, 11)}


class _Given(TypedDict):
    """What every flow takes."""

    organization: Organization
    actor: Actor
    now: datetime


@dataclass(slots=True, kw_only=True)
class Life:
    """The studio's life so far: what became of each job."""

    studio: Studio
    jobs: Mapping[str, Job]
    customers: Mapping[str, UUID]
    cadences: Mapping[str, UUID]
    invoices: dict[str, UUID] = field(default_factory=dict)
    payments: dict[str, UUID] = field(default_factory=dict)

    def live(self, *, plot: Plot, tell: Callable[[date], None]) -> None:
        """Do all acts of the plot; between them the clock moves and what is due happens.

        `tell` hears of each month that begins.
        """
        month = 0
        for (day, part), acts in groupby(plot.acts, key=lambda act: (act.day, act.time)):
            if day.month != month:
                month = day.month
                tell(day)
            now = self.moment(day, _BEGINS[part])
            self.stand_at(now)
            self._do_all(list(acts), now)

    def moment(self, day: date, at: time) -> datetime:
        """Return the instant of a local time."""
        return datetime.combine(day, at, self.studio.organization.zone)

    def stand_at(self, now: datetime) -> None:
        """Advance the clock; everything due on the way happens."""
        flows.advance(organization=self.studio.organization, to=now, actor=self.studio.owner)

    def _do_all(self, acts: Sequence[Act], now: datetime) -> None:
        """Do what happens in one part of a day: the post is done in one go, then the rest."""
        written = [act for act in acts if isinstance(act, Invoice)]
        paid = [act for act in acts if isinstance(act, Paid)]
        for by in dict.fromkeys(act.by for act in written):
            self._invoices([act for act in written if act.by == by], self.studio.actors[by], now)
        for by in dict.fromkeys(act.by for act in paid):
            self._paid([act for act in paid if act.by == by], self.studio.actors[by], now)
        others = [act for act in acts if not isinstance(act, Invoice | Paid)]
        for number, act in enumerate(others, start=1):
            self._do(act, now + number * _EACH)

    def _do(self, act: Act, now: datetime) -> None:
        actor = self.studio.actors[act.by]
        match act:
            case TakenBack() | Credited():
                self._corrected(act, actor, now)
            case Promised() | Contested() | Settled():
                self._said(act, actor, now)
            case Closed() | Paused():
                self._stopped(act, actor, now)
            case Logged() | Bounced():
                self._noted(act, actor, now)
            case _:
                raise TypeError(f"nobody knows how to do {act}")

    def _invoices(self, acts: Sequence[Invoice], actor: Actor, now: datetime) -> None:
        given = self._given(actor, now)
        jobs = [self.jobs[act.job] for act in acts]
        new = [
            flows.NewInvoice(
                data=_invoice_input(job, self.customers[job.firm.site]),
                issue=act.issue and not act.marked_sent,
                cadence_id=self.cadences[job.firm.cadence],
            )
            for act, job in zip(acts, jobs, strict=True)
        ]
        made = flows.create_invoices(new=new, **given)
        for act, job, invoice in zip(acts, jobs, made, strict=True):
            self.invoices[job.key] = invoice.pk
            if act.marked_sent:
                flows.mark_sent(invoice_id=invoice.pk, **given)
            if job.contacts:
                set_contacts(invoice_id=invoice.pk, contacts=job.contacts, **given)

    def _paid(self, acts: Sequence[Paid], actor: Actor, now: datetime) -> None:
        invoices = ledger.Invoice.objects.in_bulk([self.invoices[act.job] for act in acts])
        data = [_payment(act, invoices[self.invoices[act.job]]) for act in acts]
        results = flows.record_payments(data=data, **self._given(actor, now))
        for act, result in zip(acts, results, strict=True):
            self.payments[act.job] = result.payment.pk

    def _corrected(self, act: TakenBack | Credited, actor: Actor, now: datetime) -> None:
        given = self._given(actor, now)
        if isinstance(act, TakenBack):
            flows.reverse_payment(payment_id=self.payments[act.job], reason=act.reason, **given)
            return
        invoice = self._find(act)
        part = _part(invoice.balance, act.share)
        note = CreditNoteInput(
            customer_id=invoice.customer_id,
            amount=part,
            issued_on=act.day,
            reason=act.reason,
            applications=[ApplicationInput(invoice_id=invoice.pk, amount=part)],
        )
        flows.record_credit_note(data=note, **given)

    def _said(self, act: Promised | Contested | Settled, actor: Actor, now: datetime) -> None:
        given = self._given(actor, now)
        invoice = self._find(act)
        match act:
            case Promised():
                flows.record_promise(
                    invoice_id=invoice.pk,
                    promised_on=act.on,
                    amount=_part(invoice.balance, act.share),
                    contact_id=self._billing(invoice).pk,
                    note=act.note,
                    channel=act.channel,
                    **given,
                )
            case Contested():
                flows.open_dispute(
                    invoice_id=invoice.pk, lines=act.lines, reason=act.reason, **given
                )
            case Settled():
                dispute = invoice.disputes.get(resolved_at__isnull=True)
                flows.resolve_dispute(dispute_id=dispute.pk, resolution=act.resolution, **given)

    def _stopped(self, act: Closed | Paused, actor: Actor, now: datetime) -> None:
        given = self._given(actor, now)
        invoice = self.invoices[act.job]
        if isinstance(act, Closed):
            flows.close_invoice(invoice_id=invoice, reason=act.reason, note=act.note, **given)
        else:
            pause(invoice_id=invoice, until=act.until, reason=act.reason, **given)

    def _noted(self, act: Logged | Bounced, actor: Actor, now: datetime) -> None:
        invoice = self._find(act)
        if isinstance(act, Bounced):
            block_contact(
                actor=actor,
                now=now,
                contact_id=self._billing(invoice).pk,
                channel="email",
                reason="address_bounced",
            )
            data = ActivityInput(kind="note", invoice_id=invoice.pk, text=act.note)
        else:
            data = ActivityInput(
                kind=act.kind,
                invoice_id=invoice.pk,
                outcome=act.outcome,
                text=act.text,
                next_on=act.next_on,
            )
        log_activity(organization=self.studio.organization, actor=actor, now=now, data=data)

    def _given(self, actor: Actor, now: datetime) -> _Given:
        return {"organization": self.studio.organization, "actor": actor, "now": now}

    def _find(self, act: Act) -> ledger.Invoice:
        return ledger.Invoice.objects.get(pk=self.invoices[act.job])

    def _billing(self, invoice: ledger.Invoice) -> ledger.Contact:
        return ledger.Contact.objects.get(customer_id=invoice.customer_id, billing=True)


def _invoice_input(job: Job, customer_id: UUID) -> InvoiceInput:
    return InvoiceInput(
        customer_id=customer_id,
        lines=[
            LineInput(
                description=line.text,
                quantity=line.quantity,
                unit_price=line.price,
                tax_rate=line.tax,
            )
            for line in job.lines
        ],
        invoice_date=job.day,
        delivery_date=job.delivered,
        terms=job.terms,
        engagement=job.engagement,
        purchase_order=job.order,
        note=job.note,
    )


def _payment(act: Paid, invoice: ledger.Invoice) -> PaymentInput:
    part = _part(invoice.balance, act.share)
    return PaymentInput(
        customer_id=invoice.customer_id,
        amount=Money(part.minor + act.extra, part.currency),
        received_on=act.received or act.day,
        method=act.method,
        reference=act.reference or invoice.number,
        applications=[ApplicationInput(invoice_id=invoice.pk, amount=part)],
    )


def _part(balance: Money, share: Fraction) -> Money:
    return Money(round(balance.minor * share), balance.currency)
