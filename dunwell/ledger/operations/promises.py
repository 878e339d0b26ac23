"""Promises to pay: recorded, replaced, kept, broken (Rule: tracking, Payments)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import DateField, ExpressionWrapper, F, QuerySet, Value
from django.utils.translation import gettext as _

from dunwell.core.calendar import add_days, local_date, midnight
from dunwell.core.money import Money
from dunwell.ledger.checks import Checks, positive, same_currency
from dunwell.ledger.errors import ClosedInvoice, IsDraft, NothingOwed
from dunwell.ledger.models import Contact, Invoice, Promise
from dunwell.ledger.operations import history
from dunwell.ledger.operations.locks import lock_invoice, lock_invoices, raise_chase_versions
from dunwell.ledger.queries.states import OPEN
from dunwell.tenancy.errors import InvalidInput
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import SYSTEM_ACTOR, Actor

_AT_ONCE = 500

# Asked every few seconds for every organization, and before each step of a test clock.
_NEXT_LAST_DAY = """
SELECT min(p.promised_on + p.grace_days)
FROM ledger_promise p
JOIN ledger_invoice i ON i.organization_id = p.organization_id AND i.id = p.invoice_id
WHERE p.organization_id = %s AND p.state = 'open'
  AND i.issued_at IS NOT NULL AND i.closed_at IS NULL AND i.balance_minor > 0
"""


@transaction.atomic
def record_promise(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    invoice_id: UUID,
    promised_on: date,
    amount: Money | None = None,
    contact_id: UUID | None = None,
    note: str = "",
    source: str = "member",
    channel: str = "",
) -> Promise:
    """Record that a contact promised to pay; it replaces the invoice's open promise.

    `amount` None means the whole balance. It holds chasing from now on. Raises NotFound, IsDraft,
    ClosedInvoice, NothingOwed, and InvalidInput for a day that is past, another currency or more
    than is owed.
    """
    invoice = require_open(invoice_id=invoice_id)
    amount = _checked_amount(invoice, amount)
    checks = Checks()
    checks.day("promised_on", promised_on)
    if promised_on < local_date(now, organization.zone):
        checks.add("promised_on", _("The day of a promise cannot be past."))
    note = checks.text("note", note, limit=5000)
    _check_contact(checks, invoice, contact_id)
    checks.done()
    _replace_open(actor, now, invoice)
    promise = Promise(
        organization=organization,
        invoice=invoice,
        contact_id=contact_id,
        amount_minor=amount.minor,
        promised_on=promised_on,
        grace_days=organization.promise_grace_days,
        note=note,
        source=source,
        said_at=now,
        recorded_by=actor.label[:200],
    )
    promise.save(force_insert=True)
    raise_chase_versions(invoice_ids=[invoice.pk])
    _tell(actor, now, promise, invoice, kind="promise", event="promise.recorded", channel=channel)
    return promise


def require_open(*, invoice_id: UUID) -> Invoice:
    """Lock an invoice that is issued, not closed and owes something; raise what it is instead."""
    invoice = lock_invoice(invoice_id=invoice_id)
    if invoice.closed_at is not None:
        raise ClosedInvoice(number=invoice.number)
    if invoice.issued_at is None:
        raise IsDraft(number=invoice.number)
    if invoice.balance.minor <= 0:
        raise NothingOwed(number=invoice.number)
    return invoice


def _checked_amount(invoice: Invoice, amount: Money | None) -> Money:
    if amount is None:
        return invoice.balance
    positive(amount=same_currency(amount=amount, currency=invoice.currency))
    if amount > invoice.balance:
        raise InvalidInput.at(
            "amount", _("Only %(balance)s are owed.") % {"balance": invoice.balance}
        )
    return amount


def _check_contact(checks: Checks, invoice: Invoice, contact_id: UUID | None) -> None:
    if contact_id is None:
        return
    of_customer = Contact.objects.filter(pk=contact_id, customer_id=invoice.customer_id)
    if not of_customer.exists():
        checks.add("contact_id", _("The customer has no contact of that id."))


def _replace_open(actor: Actor, now: datetime, invoice: Invoice) -> None:
    for promise in Promise.objects.filter(invoice=invoice, state="open"):
        _settle(actor, now, promise, invoice, "replaced")


def _settle(actor: Actor, now: datetime, promise: Promise, invoice: Invoice, state: str) -> None:
    """Move a promise to another state and tell it."""
    promise.state = state
    promise.settled_at = None if state == "open" else now
    promise.save(update_fields=["state", "settled_at"])
    event = "reopened" if state == "open" else state
    _tell(actor, now, promise, invoice, kind=f"promise_{event}", event=f"promise.{event}")


def _tell(
    actor: Actor,
    now: datetime,
    promise: Promise,
    invoice: Invoice,
    *,
    kind: str,
    event: str,
    channel: str = "",
) -> None:
    history.happened(
        actor=actor,
        now=now,
        kind=kind,
        event=event,
        invoice=invoice,
        channel=channel,
        text=promise.note if kind == "promise" else "",
        data={
            "promise_id": str(promise.pk),
            "promised_on": promise.promised_on.isoformat(),
            "amount": history.money_json(Money(promise.amount_minor, invoice.currency)),
        },
    )


def settle_after_payment(
    *, organization: Organization, actor: Actor, now: datetime, invoices: Sequence[Invoice]
) -> None:
    """Judge the promises of locked invoices anew after money was applied or taken back.

    Money that came in time keeps a promise even if it was recorded late; a reversal can break it.
    """
    by_id = {invoice.pk: invoice for invoice in invoices}
    promises = list(
        Promise.objects.filter(invoice__in=by_id).exclude(state="replaced").order_by("id")
    )
    if not promises:
        return
    reached = received_since(promise_ids=[promise.pk for promise in promises])
    today = local_date(now, organization.zone)
    latest = {promise.invoice_id: promise.pk for promise in promises}
    for promise in promises:
        invoice = by_id[promise.invoice_id]
        state = _judged(promise, invoice, reached[promise.pk], today)
        if state == "open" and promise.pk != latest[invoice.pk]:
            state = "broken"  # a later promise took its place
        if state != promise.state:
            _settle(actor, now, promise, invoice, state)


def _judged(promise: Promise, invoice: Invoice, reached: int, today: date) -> str:
    """Return open, kept or broken. Rule: tracking, Payments."""
    last_day = promise.last_day
    settled_in_time = invoice.balance.minor <= 0 and today <= last_day
    if reached >= promise.amount_minor or settled_in_time:
        return "kept"
    if promise.state == "kept" and invoice.balance.minor <= 0:
        return "kept"  # what was left was settled in time by other means
    return "open" if today <= last_day else "broken"


_RECEIVED = """
SELECT p.id, coalesce(sum(greatest(s.net, 0)), 0)::bigint
FROM ledger_promise p
LEFT JOIN LATERAL (
  SELECT sum(a.amount_minor) AS net
  FROM ledger_application a
  JOIN ledger_payment m ON m.organization_id = a.organization_id AND m.id = a.payment_id
  WHERE a.organization_id = p.organization_id AND a.invoice_id = p.invoice_id
    AND a.id > p.id AND m.received_on <= p.promised_on + p.grace_days
  GROUP BY m.id
) s ON true
WHERE p.id = ANY(%s)
GROUP BY p.id
"""


def received_since(*, promise_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Sum per promise what was applied to its invoice after it and received in time.

    After it by order of ids, which grow with real time: a sandbox's clock stands still. Money
    applied before the promise and taken back later counts for nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RECEIVED, [list(promise_ids)])
        return dict(cursor.fetchall())


def _overdue_promises(today: date) -> QuerySet[Promise]:
    """Select the open promises of open invoices whose grace ended before today."""
    latest = ExpressionWrapper(Value(today) - F("grace_days"), output_field=DateField())
    return _open_promises().filter(promised_on__lt=latest)


def _open_promises() -> QuerySet[Promise]:
    return Promise.objects.filter(state="open", invoice__in=Invoice.objects.filter(OPEN))


def settle_promises(*, organization: Organization, at: datetime) -> int:
    """Break the promises whose last day of grace has ended by `at`; return how many.

    Each invoice's promise is told at the midnight that ended it.
    """
    today = local_date(at, organization.zone)
    settled = 0
    while True:
        with transaction.atomic():
            found = list(_overdue_promises(today).order_by("promised_on", "id")[:_AT_ONCE])
            invoices = lock_invoices(ids={promise.invoice_id for promise in found})
            again = _overdue_promises(today).filter(pk__in=[p.pk for p in found])
            for promise in again.order_by("promised_on", "id"):
                ended = midnight(add_days(promise.last_day, 1), organization.zone)
                _settle(SYSTEM_ACTOR, ended, promise, invoices[promise.invoice_id], "broken")
                settled += 1
            raise_chase_versions(invoice_ids=invoices)
        if len(found) < _AT_ONCE:
            return settled


def next_promise_end(
    *,
    organization: Organization,
    after: datetime,  # noqa: ARG001 - all timers take the same
) -> datetime | None:
    """Return the midnight at which the next open promise breaks; None if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_LAST_DAY, [organization.pk])
        last_day: date | None = cursor.fetchone()[0]
    return None if last_day is None else midnight(add_days(last_day, 1), organization.zone)
