"""Imports: from an uploaded file to invoices that are chased, and back."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from dunwell.chasing.models import Cadence, FirstSend, PlannedSend, Schedule
from dunwell.chasing.operations.schedules import apply_cadences
from dunwell.chasing.queries import default_cadence_id
from dunwell.flows.invoices import amend_invoice
from dunwell.flows.money import record_payments, reverse_payment
from dunwell.inbox.models import Delivery
from dunwell.ledger.imports import queries, receiving, running, undoing
from dunwell.ledger.imports.reading import Known
from dunwell.ledger.imports.work import Work
from dunwell.ledger.models import Import, Invoice
from dunwell.ledger.operations import InvoiceChanges, PaymentInput
from dunwell.ports import jobs
from dunwell.tenancy.errors import Conflict, InvalidInput
from dunwell.tenancy.models import Member, Organization
from dunwell.tenancy.roles import Actor

INLINE_ROWS: Final = 20_000
"""Files of up to so many rows are done in the request; larger ones by the worker."""

JOB: Final = "ledger.import"
describe = queries.describe
latest = queries.latest
find = receiving.find
remap = receiving.remap
choose = receiving.choose
error_list = receiving.error_list
fields_of = queries.fields_of
_LOCK: Final = 0x696D706F7274

# Unlike bulk_create constant work per row, which 100,000 rows feel.
_MARK_SENT: Final = """
INSERT INTO chasing_firstsend (id, organization_id, invoice_id, at, how)
SELECT uuidv7(), %s, invoice_id, %s, 'marked' FROM unnest(%s::uuid[]) AS invoice_id
ON CONFLICT (organization_id, invoice_id) DO NOTHING
"""


def receive(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    filename: str,
    file: IO[bytes],
    kind: str,
    mapping: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Import:
    """Keep and analyze a file for a person to look at its mapping; see ledger.imports.receive."""
    return receiving.receive(
        organization=organization,
        actor=actor,
        now=now,
        filename=filename,
        file=file,
        kind=kind,
        mapping=mapping or {},
        options=options or {},
    )


def start(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    filename: str,
    file: IO[bytes],
    kind: str,
    mapping: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    dry_run: bool = False,
    inline_rows: int | None = INLINE_ROWS,
) -> Import:
    """Import a file at once, or only find out what that would do (`dry_run`).

    Files of more than `inline_rows` rows (None: no limit) are left to the worker: the answer's
    state is then `queued`. Raises InvalidInput for a file, mapping or option that does not fit;
    wrong rows are no error but in the answer.
    """
    import_ = receive(
        organization=organization,
        actor=actor,
        now=now,
        filename=filename,
        file=file,
        kind=kind,
        mapping=mapping,
        options=options,
    )
    try:
        return run(
            organization=organization,
            actor=actor,
            now=now,
            import_id=import_.pk,
            dry_run=dry_run,
            inline_rows=inline_rows,
        )
    except InvalidInput:
        receiving.discard(import_id=import_.pk)
        raise


def run(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    import_id: UUID,
    dry_run: bool = False,
    inline_rows: int | None = INLINE_ROWS,
) -> Import:
    """Run an import that was received, or preview it; large files are left to the worker.

    One that broke off is taken up again. Raises NotFound, Conflict (already done, or at work),
    InvalidInput while the mapping has open questions.
    """
    import_ = receiving.waiting(import_id=import_id)
    work = _work(organization=organization, actor=actor, now=now, import_=import_)
    running.require_ready(work=work)
    if inline_rows is not None and import_.rows > inline_rows:
        return _put_off(import_, actor, dry_run=dry_run)
    with _alone(import_id):
        (running.preview if dry_run else running.run)(work=work)
    return import_


def _put_off(import_: Import, actor: Actor, *, dry_run: bool) -> Import:
    with transaction.atomic():
        import_.state, import_.dry_run, import_.rows_done = "queued", dry_run, 0
        import_.counts = {"phase": "waiting"}
        import_.save(update_fields=["state", "dry_run", "rows_done", "counts"])
        jobs.enqueue(
            JOB,
            organization_id=str(import_.organization_id),
            import_id=str(import_.pk),
            member_id=str(actor.member_id) if actor.member_id else None,
            dry_run=dry_run,
        )
    return import_


def undo(
    *, organization: Organization, actor: Actor, now: datetime, import_id: UUID
) -> dict[str, Any]:
    """Take back what an import made; rows sent, paid or edited since stay and are named.

    Gives {undone, refused_rows, refused: [{row, table, label, reason}]}. Raises NotFound,
    Conflict unless the import is done.
    """
    import_ = receiving.find(import_id=import_id)
    with _alone(import_id):
        return undoing.undo(
            work=_work(organization=organization, actor=actor, now=now, import_=import_)
        )


@contextmanager
def _alone(import_id: UUID) -> Iterator[None]:
    """Let one process at a time work on an import; the lock dies with its connection."""
    key = _LOCK ^ (import_id.int & (2**62 - 1))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if not cursor.fetchone()[0]:
            raise Conflict(_("This import is at work already."))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _work(*, organization: Organization, actor: Actor, now: datetime, import_: Import) -> Work:
    cadences = {key: pk for pk, key in Cadence.objects.values_list("id", "key")}
    known = Known(
        currency=organization.currency,
        owners=_owners(),
        cadences={**cadences, **{str(pk): pk for pk in cadences.values()}},
    )
    return Work(
        import_=import_,
        organization=organization,
        actor=actor,
        now=now,
        known=known,
        consequences=_Consequences(organization, actor, now),
        cadence_id=_cadence(import_, known) if import_.kind == "invoices" else None,
    )


def _owners() -> dict[str, UUID]:
    """Map names and addresses of members to them; a name that two bear is left out."""
    members = list(Member.objects.filter(active=True).values_list("id", "name", "email"))
    names = [name.casefold() for _pk, name, _email in members]
    unique = {n.casefold(): pk for pk, n, _email in members if names.count(n.casefold()) == 1}
    return {**unique, **{email.casefold(): pk for pk, _name, email in members}}


def _cadence(import_: Import, known: Known) -> UUID | None:
    """Find the cadence of rows that name none. Rule: chasing, Import (default only if told)."""
    named = import_.options.get("cadence")
    if not named:
        return default_cadence_id() if import_.options.get("default_cadence") else None
    found = known.cadences.get(str(named).casefold())
    if found is None:
        message = _("There is no cadence “%(name)s”.") % {"name": named}
        raise InvalidInput.at("options.cadence", message)
    return found


class _Consequences:
    """What imported rows mean for chasing, in the transaction of their batch."""

    def __init__(self, organization: Organization, actor: Actor, now: datetime) -> None:
        self._organization, self._actor, self._now = organization, actor, now
        self._channels: dict[UUID, int] = {}

    def arrived(
        self, *, marked_sent: Sequence[UUID], cadences: Mapping[UUID, Sequence[UUID]]
    ) -> None:
        """Note invoices that were sent before, then apply cadences (so that on issue rests)."""
        with connection.cursor() as cursor:
            cursor.execute(_MARK_SENT, [self._organization.pk, self._now, list(marked_sent)])
        wanted = {
            invoice_id: cadence_id
            for cadence_id, invoice_ids in cadences.items()
            for invoice_id in set(invoice_ids) - self._with_cadence(cadence_id, invoice_ids)
        }
        if wanted:
            apply_cadences(
                organization=self._organization, chosen=wanted, actor=self._actor, now=self._now
            )

    def _with_cadence(self, cadence_id: UUID, invoice_ids: Sequence[UUID]) -> set[UUID]:
        """Find those that have this cadence already: importing again changes nothing."""
        return set(
            Schedule.objects.filter(invoice_id__in=invoice_ids, cadence_id=cadence_id).values_list(
                "invoice_id", flat=True
            )
        )

    def amend(self, *, invoice_id: UUID, changes: InvoiceChanges) -> None:
        """Amend an invoice and plan its sends again."""
        amend_invoice(
            organization=self._organization,
            actor=self._actor,
            now=self._now,
            invoice_id=invoice_id,
            changes=changes,
        )

    def pay(self, *, payments: Sequence[PaymentInput]) -> list[UUID]:
        """Record payments; from their commit on nothing of a paid invoice is sent."""
        results = record_payments(
            organization=self._organization, actor=self._actor, now=self._now, data=payments
        )
        return [result.payment.pk for result in results]

    def take_back(self, *, payment_id: UUID) -> None:
        """Reverse a payment in full."""
        reverse_payment(
            organization=self._organization,
            actor=self._actor,
            now=self._now,
            payment_id=payment_id,
            reason=_("The import was undone."),
        )

    def sends_now(self, *, cadence_id: UUID, fresh: int, known: Sequence[UUID]) -> int:
        """Count first messages: an on-issue step goes out now where nobody sent the invoice."""
        if cadence_id not in self._channels:
            steps = Cadence.objects.values_list("steps", flat=True).get(pk=cadence_id)
            now = (step for step in steps if step["trigger"]["type"] == "on_issue")
            self._channels[cadence_id] = len({c for step in now for c in step["channels"]})
        return (fresh + self._never_sent(cadence_id, known)) * self._channels[cadence_id]

    def _never_sent(self, cadence_id: UUID, known: Sequence[UUID]) -> int:
        if not known:
            return 0
        owed = set(
            Invoice.objects.filter(
                pk__in=known, closed_at__isnull=True, balance_minor__gt=0
            ).values_list("id", flat=True)
        )
        sent = FirstSend.objects.filter(invoice_id__in=owed).values_list("invoice_id", flat=True)
        return len(owed - set(sent) - self._with_cadence(cadence_id, known))

    def sent(self, *, invoice_ids: Sequence[UUID]) -> set[UUID]:
        """Find what was handed over to anybody, or is about to be."""
        found: set[UUID | None] = set()
        for rows in (
            FirstSend.objects.exclude(how="marked"),
            PlannedSend.objects.filter(state__in=("sending", "sent", "failed")),
            Delivery.objects.all(),
        ):
            found.update(
                rows.filter(invoice_id__in=invoice_ids).values_list("invoice_id", flat=True)
            )
        return {pk for pk in found if pk is not None}

    def withdraw(self, *, invoice_ids: Sequence[UUID]) -> None:
        """Delete schedules, what they planned and marks as sent."""
        for model in (PlannedSend, Schedule, FirstSend):
            with connection.cursor() as cursor:
                cursor.execute(
                    f"DELETE FROM {model._meta.db_table}"  # noqa: S608 (a name of ours)
                    " WHERE organization_id = %s AND invoice_id = ANY(%s)",
                    [self._organization.pk, list(invoice_ids)],
                )
