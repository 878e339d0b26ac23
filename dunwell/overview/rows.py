"""The invoices of one page with all a card or line shows, in one query whatever their number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from dunwell.core.calendar import add_days, local_date
from dunwell.core.money import Money
from dunwell.core.states import State, days_overdue, invoice_state
from dunwell.overview.flags import Flag, stale_from
from dunwell.tenancy.models import Organization

# Each lateral part is a look-up in an index of that table by (organization, invoice); row-level
# security adds the organization. "Last action" is tracking, Never chase blind; the parts that
# hold chasing (pause, promise, dispute, credit) are chasing, Held means.
_READ: Final = """
SELECT i.id, i.number, i.customer_id, c.name AS customer, c.do_not_chase, i.currency, i.total_minor,
  i.balance_minor, i.invoice_date, i.due_date, i.engagement, i.purchase_order, i.created_at,
  i.issued_at, i.paid_on, i.closed_at, i.close_reason,
  owner.id AS owner_id, owner.name AS owner,
  last.kind, last.at, last.by, last.channel, last.outcome,
  ahead.at AS next_at, ahead.channels AS next_channels,
  tried.state = 'failed' AS failed,
  promise.state AS promise, promise.promised_on, promise.grace_days,
  contested.minor AS contested,
  i.first_marked_sent_at IS NOT NULL OR EXISTS (
    SELECT FROM chasing_firstsend f WHERE f.invoice_id = i.id) AS was_sent,
  (SELECT max(p.until) FROM chasing_pause p
    WHERE p.invoice_id = i.id AND p.ends_at > %(now)s) AS paused_until,
  EXISTS (SELECT FROM inbox_replyhold h
    WHERE h.invoice_id = i.id AND h.ends_at > %(now)s) AS reply_holds,
  EXISTS (SELECT FROM ledger_paidclaim h
    WHERE h.invoice_id = i.id AND h.ended_at IS NULL AND h.until >= %(today)s)
  OR EXISTS (SELECT FROM ledger_unmatchedpayment h
    WHERE h.customer_id = i.customer_id AND h.ended_at IS NULL)
  OR EXISTS (SELECT FROM ledger_pendingpayment h
    WHERE h.customer_id = i.customer_id AND h.ended_at IS NULL
      AND (h.all_open AND h.currency = i.currency OR EXISTS (SELECT FROM ledger_pendingshare s
        WHERE s.pending_id = h.id AND s.invoice_id = i.id))) AS money_holds,
  EXISTS (SELECT FROM inbox_replyhold h JOIN inbox_reply r ON r.id = h.reply_id
    WHERE h.invoice_id = i.id AND r.answered_at IS NULL) AS unanswered,
  EXISTS (SELECT FROM chasing_schedule s
    WHERE s.invoice_id = i.id AND cardinality(s.contacts) > 0) AS own_list,
  EXISTS (SELECT FROM ledger_contact k WHERE k.customer_id = i.customer_id
    AND (k.email <> '' OR k.phone <> '' OR k.line1 <> '')) AS reachable,
  coalesce((SELECT sum(p.unapplied_minor) FROM ledger_payment p WHERE p.customer_id = i.customer_id
    AND p.currency = i.currency AND p.unapplied_minor > 0), 0)
  + coalesce((SELECT sum(n.unapplied_minor) FROM ledger_creditnote n
    WHERE n.customer_id = i.customer_id AND n.currency = i.currency
    AND n.unapplied_minor > 0), 0) AS credit
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS wanted (id, place)
JOIN ledger_invoice i ON i.id = wanted.id
JOIN ledger_customer c ON c.id = i.customer_id
LEFT JOIN tenancy_member owner
  ON owner.id = coalesce(i.owner_id, c.owner_id, %(default_owner)s::uuid)
LEFT JOIN LATERAL (SELECT kind, at, by, channel, outcome FROM ledger_activity a
  WHERE a.invoice_id = i.id AND a.counts ORDER BY a.at DESC, a.id DESC LIMIT 1) last ON true
LEFT JOIN LATERAL (SELECT at, channels FROM chasing_plannedsend s
  WHERE s.invoice_id = i.id AND s.state IN ('planned', 'sending')
  ORDER BY s.at, s.id LIMIT 1) ahead ON true
LEFT JOIN LATERAL (SELECT state FROM chasing_plannedsend s
  WHERE s.invoice_id = i.id AND s.state IN ('sent', 'failed')
  ORDER BY s.at DESC, s.id DESC LIMIT 1) tried ON true
LEFT JOIN LATERAL (SELECT state, promised_on, grace_days FROM ledger_promise p
  WHERE p.invoice_id = i.id ORDER BY p.id DESC LIMIT 1) promise ON true
LEFT JOIN LATERAL (SELECT sum(coalesce(d.amount_minor, i.balance_minor))::bigint AS minor
  FROM ledger_dispute d WHERE d.invoice_id = i.id AND d.resolved_at IS NULL) contested ON true
ORDER BY wanted.place
"""


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
    """One invoice as the board, the list and the API show it.

    `owner_id` is whoever answers for it (its owner, else the customer's, else the default).
    `promised_on`: the open promise. `paused_until`: chasing is paused until that day.
    `do_not_chase`: a member said so of the customer.
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
    do_not_chase: bool
    flags: tuple[Flag, ...]


def read(*, ids: Sequence[UUID], organization: Organization, now: datetime) -> list[Row]:
    """Read these invoices, in their order, with everything a row shows."""
    if not ids:
        return []
    today = local_date(now, organization.zone)
    stale = stale_from(organization, today)
    given: dict[str, Any] = {
        "ids": list(ids),
        "now": now,
        "today": today,
        "default_owner": organization.default_owner_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_READ, given)
        names = [column.name for column in cursor.description or ()]
        return [
            _row(dict(zip(names, line, strict=True)), today, stale) for line in cursor.fetchall()
        ]


def _row(raw: dict[str, Any], today: date, stale_before: datetime) -> Row:
    facts = {
        "issued": raw["issued_at"] is not None,
        "closed": raw["closed_at"] is not None,
        "balance_minor": raw["balance_minor"],
        "due_date": raw["due_date"],
        "today": today,
    }
    state = invoice_state(**facts)
    return Row(
        id=raw["id"],
        number=raw["number"],
        customer_id=raw["customer_id"],
        customer=raw["customer"],
        state=state,
        total=Money(raw["total_minor"], raw["currency"]),
        balance=Money(raw["balance_minor"], raw["currency"]),
        invoice_date=raw["invoice_date"],
        due_date=raw["due_date"],
        days_overdue=days_overdue(**facts),
        engagement=raw["engagement"],
        purchase_order=raw["purchase_order"],
        owner_id=raw["owner_id"],
        owner=raw["owner"] or "",
        created_at=raw["created_at"],
        paid_on=raw["paid_on"],
        close_reason=raw["close_reason"],
        last_action=_last_action(raw),
        next_chase=_next_chase(raw),
        promised_on=raw["promised_on"] if raw["promise"] == "open" else None,
        paused_until=raw["paused_until"],
        do_not_chase=raw["do_not_chase"],
        flags=_flags(raw, state, today, stale_before),
    )


def _last_action(raw: dict[str, Any]) -> LastAction | None:
    if raw["at"] is None:
        return None
    return LastAction(raw["kind"], raw["at"], raw["by"], raw["channel"], raw["outcome"])


def _next_chase(raw: dict[str, Any]) -> NextChase | None:
    if raw["next_at"] is None:
        return None
    return NextChase(raw["next_at"], tuple(raw["next_channels"]))


def _flags(
    raw: dict[str, Any], state: State, today: date, stale_before: datetime
) -> tuple[Flag, ...]:
    """List the flags, most urgent first. Rule: tracking, Never chase blind."""
    if state in (State.PAID, State.CLOSED):
        return ()
    found = {Flag.NO_CONTACT: not raw["reachable"] and not raw["own_list"]}
    if state is not State.DRAFT:
        is_open, ended = _promise(raw, today)
        stale = raw["at"] is None or raw["at"] < stale_before
        found |= {
            Flag.REPLY_UNANSWERED: raw["unanswered"],
            Flag.PROMISE_BROKEN: ended or raw["promise"] == "broken",
            Flag.PROMISE_DUE: is_open and raw["promised_on"] == today,
            Flag.SEND_FAILED: bool(raw["failed"]),
            Flag.DISPUTED: raw["contested"] is not None,
            Flag.NO_ACTION_SINCE: state is State.OVERDUE and stale,
            Flag.NOT_SENT: not raw["was_sent"],
            Flag.NOT_CHASED: raw["next_at"] is None and not _held(raw, promised=is_open),
        }
    return tuple(flag for flag in Flag if found.get(flag))


def _promise(raw: dict[str, Any], today: date) -> tuple[bool, bool]:
    """Say whether the newest promise still holds, and whether it ended with nobody noting it."""
    if raw["promise"] != "open":
        return False, False
    ended = add_days(raw["promised_on"], raw["grace_days"]) < today
    return not ended, ended


def _held(raw: dict[str, Any], *, promised: bool) -> bool:
    """Say whether something holds chasing back. Rule: chasing, Held means."""
    return (
        promised
        or raw["paused_until"] is not None
        or raw["reply_holds"]
        or raw["money_holds"]
        or (raw["contested"] or 0) >= raw["balance_minor"]
        or raw["credit"] >= raw["balance_minor"]
    )
