"""The invoices of one page with all a card or line shows, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import F, QuerySet, Sum

from dunwell.chasing.models import FirstSend, Pause, PlannedSend, Schedule
from dunwell.core.calendar import add_days, local_date
from dunwell.core.money import Money
from dunwell.core.states import State, days_overdue, invoice_state
from dunwell.ledger.models import Activity, Contact, CreditNote, Dispute, Invoice, Payment, Promise
from dunwell.overview.flags import AHEAD, REACHABLE, Flag, stale_from
from dunwell.tenancy.models import Member, Organization

_COLUMNS: Final = (
    *("id", "number", "customer_id", "currency", "total_minor", "balance_minor"),
    *("invoice_date", "due_date", "engagement", "purchase_order", "owner_id", "created_at"),
    *("issued_at", "first_marked_sent_at", "paid_on", "paid_at", "closed_at", "close_reason"),
)


@dataclass(frozen=True, slots=True)
class LastAction:
    """The last thing sent to or heard from the customer about an invoice."""

    kind: str
    at: datetime
    by: str
    channel: str
    outcome: str


@dataclass(frozen=True, slots=True)
class NextChase:
    """The next planned send of an invoice."""

    at: datetime
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One invoice as the board and the list show it.

    `owner_id` is whoever answers for it (its owner, else the customer's, else the default).
    `promised_on`: the open promise. `paused_until`: chasing is paused until that day.
    """

    id: UUID
    number: str
    customer_id: UUID
    customer: str
    state: State
    total: Money
    balance: Money
    invoice_date: date
    due_date: date | None
    days_overdue: int
    engagement: str
    purchase_order: str
    owner_id: UUID | None
    owner: str
    created_at: datetime
    paid_on: date | None
    close_reason: str
    last_action: LastAction | None
    next_chase: NextChase | None
    promised_on: date | None
    paused_until: date | None
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What other tables say about the invoices of one page, by invoice or customer."""

    actions: Mapping[UUID, LastAction]
    ahead: Mapping[UUID, NextChase]
    failed: frozenset[UUID]
    promises: Mapping[UUID, tuple[str, date, date]]
    disputes: Mapping[UUID, list[int | None]]
    first_sent: frozenset[UUID]
    pauses: Mapping[UUID, date]
    own_lists: frozenset[UUID]
    reachable: frozenset[UUID]
    credit: Mapping[tuple[UUID, str], int]


def read(invoices: QuerySet[Invoice], *, organization: Organization, now: datetime) -> list[Row]:
    """Read the invoices (a sliced, ordered query of one page) with everything a row shows."""
    raw = list(invoices.values(*_COLUMNS, name=F("customer__name"), heir=F("customer__owner_id")))
    today = local_date(now, organization.zone)
    facts = _facts(raw, now)
    members = dict(Member.objects.values_list("id", "name")) if raw else {}
    return [_row(each, facts, members, organization, today) for each in raw]


def _row(
    raw: dict[str, Any],
    facts: Facts,
    members: Mapping[UUID, str],
    organization: Organization,
    today: date,
) -> Row:
    state_facts = {
        "issued": raw["issued_at"] is not None,
        "closed": raw["closed_at"] is not None,
        "balance_minor": raw["balance_minor"],
        "due_date": raw["due_date"],
        "today": today,
    }
    pk = raw["id"]
    owner_id = raw["owner_id"] or raw["heir"] or organization.default_owner_id
    promise = facts.promises.get(pk)
    state = invoice_state(**state_facts)
    return Row(
        id=pk,
        number=raw["number"],
        customer_id=raw["customer_id"],
        customer=raw["name"],
        state=state,
        total=Money(raw["total_minor"], raw["currency"]),
        balance=Money(raw["balance_minor"], raw["currency"]),
        invoice_date=raw["invoice_date"],
        due_date=raw["due_date"],
        days_overdue=days_overdue(**state_facts),
        engagement=raw["engagement"],
        purchase_order=raw["purchase_order"],
        owner_id=owner_id,
        owner=members.get(owner_id, "") if owner_id else "",
        created_at=raw["created_at"],
        paid_on=raw["paid_on"],
        close_reason=raw["close_reason"],
        last_action=facts.actions.get(pk),
        next_chase=facts.ahead.get(pk),
        promised_on=promise[1] if promise and promise[0] == "open" else None,
        paused_until=facts.pauses.get(pk),
        flags=_flags(raw, facts, state, organization, today),
    )


def _flags(
    raw: dict[str, Any], facts: Facts, state: State, organization: Organization, today: date
) -> tuple[Flag, ...]:
    """List the flags, most urgent first. Rule: tracking, Never chase blind."""
    if state in (State.PAID, State.CLOSED):
        return ()
    pk = raw["id"]
    found = {
        Flag.NO_CONTACT: raw["customer_id"] not in facts.reachable and pk not in facts.own_lists
    }
    if state is not State.DRAFT:
        last = facts.actions.get(pk)
        stale = last is None or last.at < stale_from(organization, today)
        sent = pk in facts.first_sent or raw["first_marked_sent_at"] is not None
        status, promised_on, ends = facts.promises.get(pk, ("", date.max, date.max))
        found |= {
            Flag.PROMISE_BROKEN: status == "broken" or (status == "open" and ends < today),
            Flag.PROMISE_DUE: status == "open" and promised_on == today,
            Flag.SEND_FAILED: pk in facts.failed,
            Flag.DISPUTED: pk in facts.disputes,
            Flag.NO_ACTION_SINCE: state is State.OVERDUE and stale,
            Flag.NOT_SENT: not sent,
            Flag.NOT_CHASED: pk not in facts.ahead and not _held(raw, facts, today),
        }
    return tuple(flag for flag in Flag if found.get(flag))


def _held(raw: dict[str, Any], facts: Facts, today: date) -> bool:
    """Say whether a pause, promise, dispute or credit holds chasing. Rule: chasing, Held means."""
    pk, balance = raw["id"], raw["balance_minor"]
    status, _, ends = facts.promises.get(pk, ("", date.max, date.max))
    contested = sum(balance if a is None else a for a in facts.disputes.get(pk, []))
    return (
        pk in facts.pauses
        or (status == "open" and ends >= today)
        or contested >= balance
        or facts.credit.get((raw["customer_id"], raw["currency"]), 0) >= balance
    )


def _facts(raw: Sequence[dict[str, Any]], now: datetime) -> Facts:
    ids = [row["id"] for row in raw]
    live = [r for r in raw if r["closed_at"] is None and r["balance_minor"] > 0]
    customers = list({row["customer_id"] for row in live})
    issued = [row["id"] for row in live if row["issued_at"] is not None]
    ahead, failed = _sends(issued)
    return Facts(
        actions=_actions(ids),
        ahead=ahead,
        failed=failed,
        promises=_promises(issued),
        disputes=_disputes(issued),
        first_sent=_first_sent(issued),
        pauses=_pauses(issued, now),
        own_lists=_own_lists([row["id"] for row in live]),
        reachable=_reachable(customers),
        credit=_credit(customers),
    )


def _actions(ids: Sequence[UUID]) -> dict[UUID, LastAction]:
    rows = (
        Activity.objects.filter(invoice__in=ids, counts=True)
        .order_by("invoice", "-at", "-id")
        .distinct("invoice")
        .values_list("invoice_id", "kind", "at", "by", "channel", "outcome")
    )
    return {pk: LastAction(*rest) for pk, *rest in rows} if ids else {}


def _sends(ids: Sequence[UUID]) -> tuple[dict[UUID, NextChase], frozenset[UUID]]:
    """Find the next planned send of each invoice, and those whose last attempt failed."""
    ahead: dict[UUID, NextChase] = {}
    last: dict[UUID, str] = {}
    rows = (
        PlannedSend.objects.filter(invoice__in=ids, state__in=(*AHEAD, "sent", "failed"))
        .order_by("invoice", "at", "id")
        .values_list("invoice_id", "state", "at", "channels")
    )
    for pk, state, at, channels in rows if ids else ():
        if state not in AHEAD:
            last[pk] = state
        elif pk not in ahead:
            ahead[pk] = NextChase(at, tuple(channels))
    return ahead, frozenset(pk for pk, state in last.items() if state == "failed")


def _promises(ids: Sequence[UUID]) -> dict[UUID, tuple[str, date, date]]:
    """Find the newest promise of each: its state, day, and last day of grace."""
    rows = (
        Promise.objects.filter(invoice__in=ids)
        .order_by("id")
        .values_list("invoice_id", "state", "promised_on", "grace_days")
    )
    return {
        pk: (state, day, add_days(day, grace)) for pk, state, day, grace in (rows if ids else ())
    }


def _disputes(ids: Sequence[UUID]) -> dict[UUID, list[int | None]]:
    found: dict[UUID, list[int | None]] = defaultdict(list)
    rows = Dispute.objects.filter(invoice__in=ids, resolved_at__isnull=True)
    for pk, amount in rows.values_list("invoice_id", "amount_minor") if ids else ():
        found[pk].append(amount)
    return dict(found)


def _first_sent(ids: Sequence[UUID]) -> frozenset[UUID]:
    rows = FirstSend.objects.filter(invoice__in=ids).values_list("invoice_id", flat=True)
    return frozenset(rows if ids else ())


def _pauses(ids: Sequence[UUID], now: datetime) -> dict[UUID, date]:
    rows = Pause.objects.filter(invoice__in=ids, ends_at__gt=now).order_by("until")
    return dict(rows.values_list("invoice_id", "until") if ids else ())


def _own_lists(ids: Sequence[UUID]) -> frozenset[UUID]:
    rows = Schedule.objects.filter(invoice__in=ids, contacts__len__gt=0)
    return frozenset(rows.values_list("invoice_id", flat=True) if ids else ())


def _reachable(customers: Iterable[UUID]) -> frozenset[UUID]:
    rows = Contact.objects.filter(REACHABLE, customer__in=customers)
    return frozenset(rows.values_list("customer_id", flat=True) if customers else ())


def _credit(customers: Sequence[UUID]) -> dict[tuple[UUID, str], int]:
    found: dict[tuple[UUID, str], int] = defaultdict(int)
    if not customers:
        return found
    for model in (Payment, CreditNote):
        rows = (
            model._default_manager.filter(  # noqa: SLF001 (public since Django 1.10)
                customer__in=customers, unapplied_minor__gt=0
            )
            .values("customer_id", "currency")
            .annotate(credit=Sum("unapplied_minor"))
            .values_list("customer_id", "currency", "credit")
        )
        for customer, currency, credit in rows:
            found[customer, currency] += credit
    return found
