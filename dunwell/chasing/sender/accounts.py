"""Messages about whole accounts: claimed, checked and put into their thread apart from invoices'.

They go through the same batches, deliveries and settling (docs/decisions/0004). The last check
locks all invoices the message names, and goes only if every one comes back as it was rendered.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from dunwell.chasing.sender.batches import Batches, Claim, Moment
from dunwell.chasing.sender.deciding import Deciding
from dunwell.chasing.sender.facts import (
    AccountSubject,
    Subject,
    load_account_subjects,
    load_subjects,
)
from dunwell.core.cadence import Channel
from dunwell.core.calendar import local_date
from dunwell.core.ids import uuid7
from dunwell.core.outcomes import Reason
from dunwell.core.sending import Decision, PlannedFacts, Send, Skip, address, leave_out
from dunwell.tenancy.database.rows import Row, as_json, uuids

_DUE = """
SELECT p.id FROM chasing_plannedsend p
WHERE p.state = 'planned' AND p.customer_id IS NOT NULL AND p.at <= %(now)s
  AND (p.not_before IS NULL OR p.not_before <= %(wall)s) AND {whose}
ORDER BY p.at, p.id LIMIT %(limit)s FOR UPDATE OF p SKIP LOCKED
"""
# As a parameter, or the planner would read all that is due, of invoices too, in its index.
_DUE_LIVE = _DUE.format(whose="p.live = %(live)s")
_DUE_SANDBOX = _DUE.format(whose="p.organization_id = %(organization)s")
_FORGET_ITEMS = "DELETE FROM chasing_accountitem WHERE planned_send_id = ANY(%s)"
_ITEMS = """
INSERT INTO chasing_accountitem (id, organization_id, planned_send_id, invoice_id, balance_minor)
SELECT id, organization_id, planned_send_id, invoice_id, balance_minor
FROM json_to_recordset(%s) AS new (id uuid, organization_id uuid, planned_send_id uuid,
  invoice_id uuid, balance_minor bigint)
"""
# A currency that is no longer in the message waits for the next run.
_LEFT_OUT = """
UPDATE chasing_accountstep s SET state = 'ready', planned_send_id = NULL
FROM json_to_recordset(%s) AS new (send uuid, currencies jsonb), chasing_accountcycle c
WHERE s.planned_send_id = new.send AND s.state = 'planned'
  AND c.organization_id = s.organization_id AND c.id = s.cycle_id
  AND NOT new.currencies ? c.currency
"""
# Reminders of the same day for invoices that the message names.
_REMINDERS = """
SELECT p.id, p.invoice_id, p.at, p.channels, p.contact_roles, p.template, i.planned_send_id
FROM chasing_accountitem i
JOIN chasing_plannedsend a ON a.organization_id = i.organization_id AND a.id = i.planned_send_id
JOIN chasing_plannedsend p ON p.organization_id = i.organization_id AND p.invoice_id = i.invoice_id
WHERE i.planned_send_id = ANY(%(sends)s) AND p.kind = 'step' AND p.state = 'planned'
  AND p.day = a.day AND p.at > %(now)s AND p.trigger->>'type' <> 'on_issue'
FOR UPDATE OF p SKIP LOCKED
"""


def claim_accounts(cursor: Any, moment: Moment, limit: int, found: Claim, batches: Batches) -> None:
    """Take due messages about accounts and decide on each from fresh facts.

    Reminders of the same day that a message makes needless are folded into it.
    """
    parameters = {
        "now": moment.now,
        "wall": moment.wall,
        "limit": limit,
        "organization": moment.organization_id,
        "live": True,
    }
    sql = _DUE_LIVE if moment.organization_id is None else _DUE_SANDBOX
    sends = [row[0] for row in cursor.execute(sql, parameters).fetchall()]
    if not sends:
        return
    found.decided += len(sends)
    subjects = load_account_subjects(cursor, send_ids=sends, now=moment.now)
    deciding = Deciding(moment, batches)
    going: dict[UUID, AccountSubject] = {}
    for send in sends:
        subject = subjects[send]
        facts = PlannedFacts(id=send, at=subject.at, channels=())
        deciding.carry_out(facts, subject.verdict.decision, subject)
        if isinstance(subject.verdict.decision, Send):
            going[send] = subject
    _write_items(cursor, going)
    _fold_reminders(cursor, going, moment, deciding)
    deciding.write(cursor)


def _write_items(cursor: Any, going: dict[UUID, AccountSubject]) -> None:
    """Write down which invoices each message names, and which currencies it left out."""
    if not going:
        return
    cursor.execute(_FORGET_ITEMS, [uuids(going)])
    items: list[Row] = [
        {
            "id": uuid7(),
            "organization_id": subject.organization.id,
            "planned_send_id": send,
            "invoice_id": item.id,
            "balance_minor": item.balance,
        }
        for send, subject in going.items()
        for item in subject.items.values()
    ]
    cursor.execute(_ITEMS, [as_json(items)])
    kept: list[Row] = [
        {"send": send, "currencies": list(subject.verdict.currencies)}
        for send, subject in going.items()
    ]
    cursor.execute(_LEFT_OUT, [as_json(kept)])


def _fold_reminders(
    cursor: Any, going: dict[UUID, AccountSubject], moment: Moment, deciding: Deciding
) -> None:
    """Skip the day's later reminders that would say the same to the same people."""
    if not going:
        return
    parameters = {"sends": uuids(going), "now": moment.now}
    rows = cursor.execute(_REMINDERS, parameters).fetchall()
    if not rows:
        return
    subjects = load_subjects(
        cursor, invoice_ids={row[1] for row in rows}, since=moment.now, now=moment.now
    )
    for send, invoice, at, channels, roles, template, account in rows:
        facts = PlannedFacts(
            id=send,
            at=at,
            channels=tuple(Channel(channel) for channel in channels),
            contact_roles=roles,
            template=template or None,
        )
        decision = folded(facts, subjects[invoice], covered_by(going[account]), moment)
        if decision is not None:
            deciding.carry_out(facts, decision, subjects[invoice])


type Covered = dict[tuple[Channel, UUID | str], UUID]
"""Who gets a message about an account on which channel, with its send."""


def covered_by(subject: AccountSubject) -> Covered:
    """Return whom an account's message is going to reach, by contact and by address."""
    decision = subject.verdict.decision
    if not isinstance(decision, Send):
        return {}
    return {
        (channel, person): subject.send_id
        for channel, people in decision.recipients.items()
        for one in people
        if not one.failure
        for person in one.persons
    }


def folded(facts: PlannedFacts, subject: Subject, covered: Covered, moment: Moment) -> Skip | None:
    """Return the skip of a reminder all of whose people get the account's message; else None.

    Never a first send. People whom only the reminder would reach keep it from folding.
    """
    if not subject.invoice.ever_sent:
        return None
    send = address(
        send=facts,
        invoice=subject.invoice,
        rules=subject.organization.rules,
        now=moment.now,
    )
    if not isinstance(send, Send):
        return None
    decision = leave_out(send=send, reached=covered, reason=Reason.FOLDED)
    return decision if isinstance(decision, Skip) else None


# --- folding of reminders that are due


_TODAYS = """
SELECT p.id, p.organization_id, p.customer_id, p.day, p.state FROM chasing_plannedsend p
WHERE p.organization_id = ANY(%(orgs)s) AND p.customer_id = ANY(%(customers)s)
  AND p.day BETWEEN %(first)s AND %(last)s AND p.kind = 'account'
  AND p.state IN ('planned', 'sending', 'sent', 'failed')
"""
_REACHED = """
SELECT i.invoice_id, d.channel, d.contact_id, lower(d.to_address), d.planned_send_id
FROM chasing_accountitem i
JOIN inbox_delivery d ON d.organization_id = i.organization_id
  AND d.planned_send_id = i.planned_send_id
WHERE i.planned_send_id = ANY(%s)
  AND d.state IN ('queued', 'sending', 'sent', 'delivered', 'uncertain')
"""
_LOCK_CAP = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_GOT_TODAY = """
SELECT d.planned_send_id, d.channel, d.contact_id, lower(d.to_address) FROM inbox_delivery d
WHERE d.organization_id = %(org)s AND d.at >= %(since)s AND d.local_day = %(today)s
  AND d.customer_id = ANY(%(customers)s)
  AND d.state IN ('queued', 'sending', 'sent', 'delivered', 'uncertain')
ORDER BY d.at, d.id
"""


class Folding:
    """Folds due reminders into the day's messages about their accounts, and by the contact cap."""

    def __init__(self, cursor: Any, *, subjects: Sequence[Subject], moment: Moment) -> None:
        self.cursor = cursor
        self.moment = moment
        self.covered: dict[UUID, Covered] = {}
        self.got: dict[UUID, dict[UUID | str, list[UUID]]] = {}
        self._accounts(subjects)
        self._caps(subjects)

    def _accounts(self, subjects: Sequence[Subject]) -> None:
        """Find who gets, or got, a message today that names one of these invoices."""
        now, day = self.moment.now, timedelta(days=1)
        rows = self.cursor.execute(
            _TODAYS,
            {
                "orgs": uuids({subject.organization.id for subject in subjects}),
                "customers": uuids({subject.customer_id for subject in subjects}),
                "first": (now - day).date(),
                "last": (now + day).date(),
            },
        ).fetchall()
        zones = {subject.organization.id: subject.organization.zone for subject in subjects}
        todays = [row for row in rows if row[3] == local_date(now, zones[row[1]])]
        coming = [row[0] for row in todays if row[4] == "planned"]
        told = [row[0] for row in todays if row[4] != "planned"]
        if coming:
            found = load_account_subjects(self.cursor, send_ids=coming, now=now)
            for account in found.values():
                covered = covered_by(account)
                for item in account.items if covered else ():
                    self.covered.setdefault(item, {}).update(covered)
        for invoice, channel, contact, to, send in (
            self.cursor.execute(_REACHED, [uuids(told)]).fetchall() if told else ()
        ):
            for person in (contact, to):
                if person:
                    self.covered.setdefault(invoice, {})[Channel(channel), person] = send

    def _caps(self, subjects: Sequence[Subject]) -> None:
        """Count what people got today, where the organization caps that.

        Under a lock until the claim ends, so that two senders do not both give the last one.
        """
        capped = {s.organization.id: s.organization for s in subjects if s.organization.contact_cap}
        for organization in sorted(capped):
            self.cursor.execute(_LOCK_CAP, [str(organization)])
            rows = self.cursor.execute(
                _GOT_TODAY,
                {
                    "org": organization,
                    "since": self.moment.now - timedelta(hours=26),
                    "today": local_date(self.moment.now, capped[organization].zone),
                    "customers": uuids({s.customer_id for s in subjects}),
                },
            ).fetchall()
            got = self.got.setdefault(organization, {})
            for send, _channel, contact, to in rows:
                for person in (contact, to):
                    if person:
                        got.setdefault(person, []).append(send)

    def fold(self, send: PlannedFacts, decision: Decision, subject: Subject) -> Decision:
        """Fold a send that was decided to go out, or leave the decision as it is."""
        if not isinstance(decision, Send):
            return decision
        if subject.invoice.ever_sent and not send.on_issue and send.retry_of is None:
            covered = self.covered.get(subject.id)
            if covered:
                decision = leave_out(send=decision, reached=covered, reason=Reason.FOLDED)
            if isinstance(decision, Send):
                decision = self._capped(decision, subject)
        self._count(send.id, decision, subject)
        return decision

    def _capped(self, decision: Send, subject: Subject) -> Skip | Send:
        """Leave out people who got as many messages today as the organization allows."""
        cap, got = subject.organization.contact_cap, self.got.get(subject.organization.id)
        if not cap or not got:
            return decision
        full = {
            (channel, person): got[person][-1]
            for channel, people in decision.recipients.items()
            for one in people
            for person in one.persons
            if len(got.get(person, ())) >= cap
        }
        if not full:
            return decision
        return leave_out(send=decision, reached=full, reason=Reason.FOLDED)

    def _count(self, send: UUID, decision: Decision, subject: Subject) -> None:
        got = self.got.get(subject.organization.id)
        if got is None or not isinstance(decision, Send):
            return
        for people in decision.recipients.values():
            for one in people:
                for person in one.persons if not one.failure else ():
                    got.setdefault(person, []).append(send)
