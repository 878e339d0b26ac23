"""What to look at an invoice for, derived like its state (Rule: tracking, Never chase blind).

Each flag exists twice: as a condition on many invoices (`having`) and as a fact of a few
(`facts.Facts.flags`, for the cards and lines of one page). A test compares the two.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from django.db.models import (
    BigIntegerField,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from dunwell.chasing.models import FirstSend, Pause, PlannedSend, Schedule
from dunwell.core.calendar import add_days, local_date, midnight
from dunwell.inbox.models import ReplyHold
from dunwell.ledger.models import (
    Activity,
    Contact,
    CreditNote,
    Dispute,
    Invoice,
    PaidClaim,
    Payment,
    PendingPayment,
    PendingShare,
    Promise,
    UnmatchedPayment,
)
from dunwell.ledger.queries.states import OPEN
from dunwell.tenancy.models import Organization


class Flag(StrEnum):
    """The flags, most urgent first."""

    REPLY_UNANSWERED = "reply_unanswered"
    PROMISE_BROKEN = "promise_broken"
    SEND_FAILED = "send_failed"
    DISPUTED = "disputed"
    NO_ACTION_SINCE = "no_action_since"
    NO_CONTACT = "no_contact"
    NOT_SENT = "not_sent"
    NOT_CHASED = "not_chased"
    PROMISE_DUE = "promise_due"


REACHABLE: Final = ~Q(email="") | ~Q(phone="") | ~Q(line1="")
AHEAD: Final = ("planned", "sending")


def having(
    invoices: QuerySet[Invoice], *, flag: Flag, organization: Organization, now: datetime
) -> QuerySet[Invoice]:
    """Keep the invoices that carry the flag at an instant of the organization's clock."""
    today = local_date(now, organization.zone)
    if flag is Flag.NO_CONTACT:
        return _no_contact(invoices)
    invoices = invoices.filter(OPEN)
    match flag:
        case Flag.REPLY_UNANSWERED:
            waiting = _mine(ReplyHold).filter(reply__answered_at__isnull=True)
            return invoices.filter(Exists(waiting))
        case Flag.PROMISE_BROKEN:
            return invoices.filter(_promise_broken(today))
        case Flag.PROMISE_DUE:
            return invoices.filter(Exists(_mine(Promise).filter(state="open", promised_on=today)))
        case Flag.SEND_FAILED:
            later = PlannedSend.objects.filter(
                invoice=OuterRef("invoice"), state="sent", at__gt=OuterRef("at")
            )
            return invoices.filter(
                Exists(_mine(PlannedSend).filter(~Exists(later), state="failed"))
            )
        case Flag.DISPUTED:
            return invoices.filter(Exists(_mine(Dispute).filter(resolved_at__isnull=True)))
        case Flag.NO_ACTION_SINCE:
            return invoices.filter(
                ~Exists(
                    _mine(Activity).filter(counts=True, at__gte=stale_from(organization, today))
                ),
                due_date__lt=today,
            )
        case Flag.NOT_SENT:
            return invoices.filter(~Exists(_mine(FirstSend)), first_marked_sent_at__isnull=True)
        case Flag.NOT_CHASED:
            return _not_chased(invoices, now, today)


def stale_from(organization: Organization, today: date) -> datetime:
    """Return the instant since which an overdue invoice must have seen an action."""
    first_fresh_day = add_days(today, 1 - organization.stale_after_days)
    return midnight(first_fresh_day, organization.zone)


def _mine[M: Model](model: type[M]) -> QuerySet[M]:
    """Select the rows of the invoice that the outer query looks at."""
    return model._default_manager.filter(invoice=OuterRef("pk"))  # noqa: SLF001 (public)


def _promise_broken(today: date) -> Q:
    """The newest promise is broken: settled so, or its grace is over."""
    newer = Promise.objects.filter(invoice=OuterRef("invoice"), pk__gt=OuterRef("pk"))
    settled = _mine(Promise).filter(~Exists(newer), state="broken")
    return Q(Exists(settled)) | Q(Exists(_open_promises().filter(ends__lt=today)))


def _open_promises() -> QuerySet[Any]:
    """Select open promises with the last day (`ends`) on which each still holds."""
    last_day = ExpressionWrapper(F("promised_on") + F("grace_days"), output_field=DateField())
    return _mine(Promise).filter(state="open").annotate(ends=last_day)


def _no_contact(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Nobody to reach: no contact with any address, and no list of the invoice's own."""
    contacts = Contact.objects.filter(REACHABLE, customer=OuterRef("customer"))
    own_list = _mine(Schedule).filter(contacts__len__gt=0)
    return invoices.filter(Q(issued_at__isnull=True) | OPEN, ~Exists(contacts), ~Exists(own_list))


def _not_chased(invoices: QuerySet[Invoice], now: datetime, today: date) -> QuerySet[Invoice]:
    """Open, free of holds, and nothing planned ahead. Rule: chasing, Held means."""
    waiting = {"ended_at__isnull": True}
    pending = PendingPayment.objects.filter(customer=OuterRef("customer"), **waiting)
    return invoices.annotate(
        contested=_sum_of(
            _mine(Dispute).filter(resolved_at__isnull=True),
            Coalesce("amount_minor", OuterRef("balance_minor")),
            by="invoice",
        ),
        credit=_credit(Payment) + _credit(CreditNote),
    ).filter(
        ~Exists(_mine(PlannedSend).filter(state__in=AHEAD)),
        ~Exists(_mine(Pause).filter(ends_at__gt=now)),
        ~Exists(_mine(ReplyHold).filter(ends_at__gt=now)),
        ~Exists(_mine(PaidClaim).filter(ended_at__isnull=True, until__gte=today)),
        ~Exists(UnmatchedPayment.objects.filter(customer=OuterRef("customer"), **waiting)),
        ~Exists(pending.filter(all_open=True, currency=OuterRef("currency"))),
        ~Exists(_mine(PendingShare).filter(pending__ended_at__isnull=True)),
        ~Exists(_open_promises().filter(ends__gte=today)),
        contested__lt=F("balance_minor"),
        credit__lt=F("balance_minor"),
    )


def _credit(model: type[Payment] | type[CreditNote]) -> Combinable:
    """Add up what the customer has to its credit in the invoice's currency."""
    rows = model._default_manager.filter(  # noqa: SLF001 (public)
        customer=OuterRef("customer"), currency=OuterRef("currency"), unapplied_minor__gt=0
    )
    return _sum_of(rows, F("unapplied_minor"), by="customer")


def _sum_of(rows: QuerySet[Any], value: Any, *, by: str) -> Combinable:
    total = rows.order_by().values(by).annotate(total=Sum(value)).values("total")
    return Coalesce(Subquery(total, output_field=BigIntegerField()), Value(0))
