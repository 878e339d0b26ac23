"""The print tray: letters that members print and post themselves.

A letter in it is handed over when a member marks it posted. Until then payment, closing or a hold
withdraws it; that is seen whenever the tray is looked at, and written down by a timer too.
Rule: chasing, When a planned send takes effect.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from dunwell.chasing.models import TrayLetter
from dunwell.chasing.sender.batches import Ended, Job
from dunwell.chasing.sender.facts import Subject, load_subjects
from dunwell.chasing.sender.letters import address_lines, missing
from dunwell.chasing.sender.settle import Outcome, settle, settle_by_hand
from dunwell.chasing.sender.transport import TRAY
from dunwell.chasing.sender.words import content
from dunwell.core.cadence import Channel
from dunwell.core.calendar import local_date
from dunwell.core.outcomes import DeliveryState, Reason
from dunwell.core.sending import PlannedFacts, stopped
from dunwell.inbox.models import Delivery
from dunwell.ports.documents import ListDocument
from dunwell.ports.registry import document_renderer
from dunwell.tenancy import locale as words
from dunwell.tenancy.errors import Conflict
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor, Permission

MOST: Final = 500
"""How many letters are shown, drawn or posted in one go."""

_ROWS: Final = """
SELECT d.id, d.planned_send_id, d.invoice_id, d.contact_id, d.channel, d.to_name, d.to_address,
       d.template, d.tries, d.at, p.kind, p.at, p.trigger->>'type', p.retry_of_id
FROM inbox_delivery d
JOIN chasing_plannedsend p ON p.organization_id = d.organization_id AND p.id = d.planned_send_id
JOIN ledger_invoice i ON i.organization_id = d.organization_id AND i.id = d.invoice_id
WHERE d.organization_id = %(org)s AND d.state = 'queued' AND d.provider = 'letter_pdf'
"""
_WAITING: Final = _ROWS + " ORDER BY d.at, d.id LIMIT %(most)s"
_CHOSEN: Final = _ROWS + " AND d.id = ANY(%(ids)s) ORDER BY d.at, d.id LIMIT %(most)s"
# Whatever may stop a message raises the invoice's version, so that only those are looked at.
_TOUCHED: Final = _ROWS + " AND i.chase_version <> d.chase_version ORDER BY d.at, d.id LIMIT 500"
_ANY_TOUCHED: Final = f"SELECT EXISTS ({_TOUCHED})"
_LOCK_INVOICE: Final = "SELECT id FROM ledger_invoice WHERE id = %s FOR SHARE"
_LOCK_DELIVERY: Final = """
SELECT id FROM inbox_delivery WHERE id = %s AND state = 'queued' FOR NO KEY UPDATE
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A letter in the tray. `stop` says why it must not go any more, empty if it may.

    `drawn` is the file that was made for printing; `changed`: the invoice is another since.
    """

    job: Job
    subject: Subject
    since: datetime
    lines: tuple[str, ...]
    missing: tuple[str, ...]
    stop: str
    drawn: TrayLetter | None

    @property
    def changed(self) -> bool:
        """Tell whether the printed letter says something else than a new one would."""
        subject = self.subject
        return self.drawn is not None and (
            (self.drawn.invoice_version, self.drawn.balance_minor)
            != (subject.version, subject.balance_minor)
        )


def tray(*, organization: Organization, now: datetime) -> list[Waiting]:
    """List the letters that wait, oldest first, at most MOST; writes down those withdrawn."""
    withdraw(organization=organization, now=now)
    with connection.cursor() as cursor:
        parameters = {"org": organization.pk, "most": MOST}
        return list(_read(cursor, _WAITING, parameters, now))


def withdrawn_after_printing() -> list[TrayLetter]:
    """List letters that were printed and must not be posted any more, until somebody says so."""
    rows = TrayLetter.objects.filter(
        printed_at__isnull=False, seen_at__isnull=True, delivery__state=DeliveryState.CANCELLED
    )
    return list(
        rows.select_related("delivery__invoice", "delivery__customer").order_by("pk")[:MOST]
    )


def take_note(*, actor: Actor, now: datetime) -> None:
    """Note that a member has seen which printed letters were withdrawn."""
    actor.require(Permission.CHASING_WRITE)
    ids = [letter.pk for letter in withdrawn_after_printing()]
    TrayLetter.objects.filter(pk__in=ids).update(seen_at=now)


def withdraw(*, organization: Organization, now: datetime) -> int:
    """End the letters that payment, closing, a hold or disabling withdrew; return how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        ended = [
            Ended(each.job.id, each.job.planned_send_id, DeliveryState.CANCELLED, each.stop)
            for each in _read(cursor, _TOUCHED, {"org": organization.pk}, now)
            if each.stop and _still_waits(cursor, each.job)
        ]
        if ended:
            settle(cursor, batch_ids=(), outcomes=(), ended=ended, now=now, wall=now)
    return len(ended)


def next_withdrawal(*, organization: Organization, after: datetime) -> datetime | None:
    """Return now if something happened to an invoice whose letter waits."""
    with connection.cursor() as cursor:
        cursor.execute(_ANY_TOUCHED, {"org": organization.pk})
        if not cursor.fetchone()[0]:
            return None
        touched = _read(cursor, _TOUCHED, {"org": organization.pk}, after)
        return after if any(each.stop for each in touched) else None


def print_file(
    *, organization: Organization, ids: Sequence[UUID], now: datetime, actor: Actor
) -> bytes:
    """Draw the chosen letters into one PDF file for the printer, a cover list first.

    What was drawn before and has not changed since stays as it is. Raises Conflict if none of them
    waits any more, NotAllowed, DocumentError.
    """
    actor.require(Permission.CHASING_WRITE)
    letters = [each for each in _chosen(organization, ids, now) if not each.stop]
    if not letters:
        raise Conflict(_("None of these letters waits to be printed any more."))
    drawn = [_drawn(each, organization, now) for each in letters]
    cover = document_renderer(name="pdf_typst").render_list(
        _cover(organization, letters, drawn, now)
    )
    return document_renderer(name="pdf_typst").join([cover, *(bytes(each.file) for each in drawn)])


def mark_printed(
    *, organization: Organization, ids: Sequence[UUID], now: datetime, actor: Actor
) -> int:
    """Note that the chosen letters, downloaded before, are on paper; return how many."""
    actor.require(Permission.CHASING_WRITE)
    waiting = [each.job.id for each in _chosen(organization, ids, now)]
    rows = TrayLetter.objects.filter(delivery__in=waiting, printed_at__isnull=True)
    return rows.update(printed_at=now, printed_by=actor.label[:200])


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of marking letters as posted: how many were, and who was not and why."""

    count: int
    refused: tuple[tuple[str, str], ...]


def mark_posted(
    *, organization: Organization, ids: Sequence[UUID], now: datetime, actor: Actor
) -> Posted:
    """Hand the chosen letters over: each is checked once more under its invoice's lock.

    One transaction for each letter. A letter that was withdrawn, or whose invoice is another since
    it was printed, is not marked. Raises NotAllowed.
    """
    actor.require(Permission.CHASING_WRITE)
    count, refused = 0, []
    for each in _chosen(organization, ids, now):
        why = _post(each, organization, now, actor)
        count += not why
        if why:
            refused.append((each.subject.number, why))
    return Posted(count, tuple(refused))


@transaction.atomic
def _post(letter: Waiting, organization: Organization, now: datetime, actor: Actor) -> str:
    """Mark one letter as posted; return why not, empty if it was."""
    with connection.cursor() as cursor:
        # Payments lock invoices first, too: none can pass until this commits.
        cursor.execute(_LOCK_INVOICE, [letter.subject.id])
        if not _still_waits(cursor, letter.job):
            return _("It is not in the tray any more.")
        chosen = {"org": organization.pk, "ids": [letter.job.id], "most": 1}
        fresh = next(_read(cursor, _CHOSEN, chosen, now), None)
        if fresh is None:
            return _("It is not in the tray any more.")
        stop = fresh.stop or _reached(fresh, now)
        if stop:
            ended = Ended(fresh.job.id, fresh.job.planned_send_id, DeliveryState.CANCELLED, stop)
            settle(cursor, batch_ids=(), outcomes=(), ended=[ended], now=now, wall=now)
            return _("It was withdrawn: do not post it.")
        if fresh.drawn is None:
            return _("Download and print it first.")
        if fresh.changed:
            return _("The invoice has changed since it was printed: print it again.")
        settle_by_hand(cursor, outcome=_outcome(fresh, now, actor), now=now)
        Delivery.objects.filter(pk=fresh.job.id).update(
            at=now, local_day=local_date(now, organization.zone)
        )
    return ""


def _outcome(letter: Waiting, now: datetime, actor: Actor) -> Outcome:
    assert letter.drawn is not None  # noqa: S101  # asked before
    made = content(letter.job, now=now)
    kept = replace(made.attachments[0], data=bytes(letter.drawn.file))
    return Outcome(
        letter.job,
        letter.job.id,
        DeliveryState.SENT,
        provider=TRAY,
        answer=_("posted by %(name)s") % {"name": actor.label},
        sha256=letter.drawn.sha256,
        content=replace(made, attachments=(kept,)),
    )


def _still_waits(cursor: Any, job: Job) -> bool:
    return cursor.execute(_LOCK_DELIVERY, [job.id]).fetchone() is not None


def _chosen(organization: Organization, ids: Sequence[UUID], now: datetime) -> list[Waiting]:
    with connection.cursor() as cursor:
        parameters = {"org": organization.pk, "ids": list(ids), "most": MOST}
        return list(_read(cursor, _CHOSEN, parameters, now))


def _read(cursor: Any, sql: str, parameters: dict[str, Any], now: datetime) -> Iterator[Waiting]:
    """Read letters of the tray with what decides about them now."""
    rows = cursor.execute(sql, parameters).fetchall()
    if not rows:
        return
    subjects = load_subjects(
        cursor, invoice_ids=(row[2] for row in rows), since=min(row[11] for row in rows), now=now
    )
    drawn = {
        each.delivery_id: each
        for each in TrayLetter.objects.filter(delivery__in=[row[0] for row in rows])
    }
    for row in rows:
        subject = subjects[row[2]]
        job = _job(row, subject)
        lines, lacking = address_lines(subject, job), missing(subject, job)
        stop = _stop(row, subject, now)
        yield Waiting(job, subject, row[9], lines, lacking, stop, drawn.get(row[0]))


def _job(row: Sequence[Any], subject: Subject) -> Job:
    return Job(
        id=row[0],
        planned_send_id=row[1],
        subject=subject,
        contact_id=row[3],
        channel=row[4],
        to_name=row[5],
        to_address=row[6],
        template=row[7],
        tries=row[8],
    )


def _stop(row: Sequence[Any], subject: Subject, now: datetime) -> str:
    """Say what withdraws a letter, empty if nothing does."""
    facts = PlannedFacts(
        id=row[1],
        at=row[11],
        channels=(Channel.LETTER,),
        on_issue=row[12] == "on_issue",
        retry_of=row[1] if row[10] == "manual" else row[13],
    )
    # Its own first message may have made the invoice “sent” on another channel meanwhile.
    invoice = replace(subject.invoice, ever_sent=False)
    stop = stopped(send=facts, invoice=invoice, rules=subject.organization.rules, now=now)
    return "" if stop is None else str(stop.reason)


def _reached(letter: Waiting, now: datetime) -> str:
    """Withdraw a letter to somebody who was posted another one about this invoice today."""
    today = local_date(now, letter.subject.organization.zone)
    posted = Delivery.objects.filter(
        invoice_id=letter.subject.id,
        channel=Channel.LETTER,
        local_day=today,
        contact=letter.job.contact_id,
        state__in=(DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.UNCERTAIN),
    )
    return str(Reason.DAILY_LIMIT) if posted.exists() else ""


def _drawn(letter: Waiting, organization: Organization, now: datetime) -> TrayLetter:
    """Give a letter's file: as it was drawn before, or anew where the invoice is another."""
    if letter.drawn is not None and not letter.changed:
        return letter.drawn
    subject = letter.subject
    data = content(letter.job, now=now).attachments[0].data
    made, _new = TrayLetter.objects.update_or_create(
        delivery_id=letter.job.id,
        defaults={
            "organization": organization,
            "file": data,
            "sha256": hashlib.sha256(data).hexdigest(),
            "pages": document_renderer(name="pdf_typst").pages(data),
            "invoice_version": subject.version,
            "balance_minor": subject.balance_minor,
            "drawn_at": now,
            "printed_at": None,
            "printed_by": "",
        },
    )
    return made


def _cover(
    organization: Organization,
    letters: Sequence[Waiting],
    drawn: Sequence[TrayLetter],
    now: datetime,
) -> ListDocument:
    language = organization.locale
    rows = [
        (
            str(number),
            each.lines[0],
            each.lines[-1],
            each.subject.number,
            str(file.pages),
        )
        for number, (each, file) in enumerate(zip(letters, drawn, strict=True), start=1)
    ]
    pages = sum(file.pages for file in drawn)
    below = _("%(day)s · %(letters)s letters, %(pages)s pages")
    return ListDocument(
        language=language,
        title=_("Letters to post"),
        below_title=below
        % {
            "day": words.day(local_date(now, organization.zone), language),
            "letters": len(rows),
            "pages": pages,
        },
        columns=(_("No."), _("To"), _("Place"), _("Invoice"), _("Pages")),
        rows=tuple(rows),
        page_label=_("Page {page} of {pages}"),
        made_at=now,
        paper="us-letter" if organization.country in ("US", "CA", "MX") else "a4",
    )
