"""Takes back what an import made, except what somebody built upon since.

Rule: chasing, Import (undo refuses rows sent, paid or edited since and names them).
"""

# ruff: noqa: S608 (statements are put together from names of this package only)

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.core.money import Money
from dunwell.core.terms import Anchor, Terms
from dunwell.ledger.imports import entries, people, sql
from dunwell.ledger.imports.work import Work
from dunwell.ledger.models import Contact, Import, ImportEntry, Invoice, Payment
from dunwell.ledger.operations.customers import CustomerChanges, update_customer
from dunwell.ledger.operations.invoice_input import InvoiceChanges
from dunwell.ledger.operations.locks import lock_invoices, lock_open_invoices, raise_chase_versions
from dunwell.tenancy import events
from dunwell.tenancy.errors import Conflict
from dunwell.tenancy.models import ADDRESS_PARTS

_BATCH: Final = 2000
_NAMED: Final = 1000

type Reasons = dict[UUID, str]


def undo(*, work: Work) -> dict[str, Any]:
    """Delete what the import created and restore what it changed, batch by batch.

    Gives {undone, refused: [{row, table, label, reason}], refused_rows}; reasons are sent, paid,
    edited, in_use. Payments are reversed. Raises Conflict unless the import is done.
    """
    if work.import_.state != "done" or work.import_.dry_run:
        raise Conflict(_("Only an import that is done can be undone."))
    undone, refused, count = 0, [], 0
    for table in ("payment", "contact", "invoice", "customer"):
        for batch in _batches(work, table):
            with transaction.atomic():
                kept = _UNDO[table](work, batch)
                done = [entry.pk for entry in batch if entry.object_id not in kept]
                ImportEntry.objects.filter(pk__in=done).delete()
            undone, count = undone + len(done), count + len(kept)
            refused += [_told(e, kept) for e in batch if e.object_id in kept]
    report = {"undone": undone, "refused_rows": count, "refused": refused[:_NAMED]}
    _finish(work, report)
    return report


def _batches(work: Work, table: str) -> Iterator[list[ImportEntry]]:
    """Read the entries of a table batch by batch, in the order of what they made."""
    last: UUID | None = None
    while True:
        found = ImportEntry.objects.filter(run=work.import_, table=table).order_by("object_id")
        batch = list((found.filter(object_id__gt=last) if last else found)[:_BATCH])
        if not batch:
            return
        last = batch[-1].object_id
        yield batch


def _told(entry: ImportEntry, kept: Reasons) -> dict[str, Any]:
    reason = kept[entry.object_id]
    return {"row": entry.row, "table": entry.table, "label": entry.label, "reason": reason}


def _finish(work: Work, report: dict[str, Any]) -> None:
    with transaction.atomic():
        work.import_.undone_at, work.import_.undone = work.now, report
        Import.objects.filter(pk=work.import_.pk).update(undone_at=work.now, undone=report)
        data = {"id": str(work.import_.pk), "undone": report["undone"]}
        events.emit(kind="import.undone", at=work.now, data=data)
        events.audit(
            actor=work.actor,
            at=work.now,
            action="import.undone",
            object_type="import",
            object_id=work.import_.pk,
            changes={"undone": [0, report["undone"]], "refused": [0, report["refused_rows"]]},
        )


def _edited(work: Work, table: str, batch: Sequence[ImportEntry]) -> Reasons:
    """Find the rows that differ from what the import left."""
    found = sql.fetch(
        f"SELECT e.object_id FROM ledger_importentry e JOIN ledger_{table} x"
        " ON x.organization_id = e.organization_id AND x.id = e.object_id"
        " WHERE e.organization_id = %(organization)s AND e.id = ANY(%(ids)s)"
        f" AND e.fingerprint <> {entries.fingerprint(table, 'x')}",
        {**work.parameters, "ids": [entry.pk for entry in batch]},
    )
    return {object_id: "edited" for (object_id,) in found}


def _those(work: Work, ids: Sequence[UUID], reason: str, query: str) -> Reasons:
    """Give the reason to the ids a query selects; it names %(ids)s."""
    found = sql.fetch(query, {**work.parameters, "ids": list(ids)})
    return {object_id: reason for (object_id,) in found}


def _undo_invoices(work: Work, batch: Sequence[ImportEntry]) -> Reasons:
    ids = _present(work, "invoice", batch)
    lock_invoices(ids=ids)
    made = [e.object_id for e in batch if e.before is None and e.object_id in ids]
    kept = {
        **_edited(work, "invoice", batch),
        **_those(work, made, "edited", _TOUCHED_INVOICES),
        **_those(work, list(ids), "paid", _PAID_INVOICES),
        **dict.fromkeys(work.consequences.sent(invoice_ids=made), "sent"),
    }
    gone = [pk for pk in made if pk not in kept]
    work.consequences.withdraw(invoice_ids=gone)
    _delete(work, gone, ("ledger_activity", "invoice_id"), ("ledger_invoice", "id"))
    for entry in batch:
        if entry.before is not None and entry.object_id in ids and entry.object_id not in kept:
            changes = _invoice_before(entry.before, currency=_currency(entry.object_id))
            work.consequences.amend(invoice_id=entry.object_id, changes=changes)
    return kept


def _delete(work: Work, ids: Sequence[UUID], *places: tuple[str, str]) -> None:
    """Delete the rows of these tables whose column holds one of the ids."""
    for table, column in places:
        sql.run(
            f"DELETE FROM {table} WHERE organization_id = %(organization)s"
            f" AND {column} = ANY(%(ids)s)",
            {**work.parameters, "ids": list(ids)},
        )


def _present(work: Work, table: str, batch: Sequence[ImportEntry]) -> set[UUID]:
    """Leave out what somebody deleted since: it needs no undoing."""
    found = sql.fetch(
        f"SELECT id FROM ledger_{table} WHERE organization_id = %(organization)s"
        " AND id = ANY(%(ids)s)",
        {**work.parameters, "ids": [entry.object_id for entry in batch]},
    )
    return {object_id for (object_id,) in found}


def _currency(invoice_id: UUID) -> str:
    return Invoice.objects.values_list("currency", flat=True).get(pk=invoice_id)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _terms(before: Mapping[str, Any]) -> Terms | None:
    if before["terms_days"] is None:
        return None
    return Terms(days=before["terms_days"], anchor=Anchor(before["terms_anchor"]))


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _invoice_before(before: Mapping[str, Any], *, currency: str) -> InvoiceChanges:
    return {
        "total": Money(before["total_minor"], currency).amount,
        "invoice_date": date.fromisoformat(before["invoice_date"]),
        "due_date": _day(before["explicit_due_date"]),
        "delivery_date": _day(before["delivery_date"]),
        "terms": _terms(before),
        "external_id": before["external_id"],
        "purchase_order": before["purchase_order"],
        "engagement": before["engagement"],
        "note": before["note"],
        "owner_id": _uuid(before["owner_id"]),
    }


def _undo_customers(work: Work, batch: Sequence[ImportEntry]) -> Reasons:
    made = [entry.object_id for entry in batch if entry.before is None]
    kept = {
        **_edited(work, "customer", batch),
        **_those(work, made, "in_use", _USED_CUSTOMERS),
    }
    gone = [pk for pk in made if pk not in kept]
    _delete(work, gone, ("ledger_activity", "customer_id"), ("ledger_customer", "id"))
    for entry in batch:
        if entry.before is not None and entry.object_id not in kept:
            update_customer(
                organization=work.organization,
                actor=work.actor,
                now=work.now,
                customer_id=entry.object_id,
                changes=_customer_before(entry.before),
            )
    return kept


def _customer_before(before: Mapping[str, Any]) -> CustomerChanges:
    return {
        "name": before["name"],
        "external_id": before["external_id"],
        "language": before["language"],
        "currency": before["currency"],
        "tax_id": before["tax_id"],
        "terms": _terms(before),
        "owner_id": _uuid(before["owner_id"]),
        "tags": before["tags"],
        "notes": before["notes"],
        "address": {part: before[part] for part in ADDRESS_PARTS},
    }


def _undo_contacts(work: Work, batch: Sequence[ImportEntry]) -> Reasons:
    kept = _edited(work, "contact", batch)
    present = {
        contact.pk: contact
        for contact in Contact.objects.filter(pk__in=[entry.object_id for entry in batch])
    }
    for entry in batch:
        contact = present.get(entry.object_id)
        if contact is None or contact.pk in kept:
            continue
        if entry.before is not None:
            people.restore(work=work, contact=contact, before=entry.before)
            continue
        waiting = lock_open_invoices(customer_id=contact.customer_id)
        contact.delete()
        raise_chase_versions(invoice_ids=waiting)
    return kept


def _undo_payments(work: Work, batch: Sequence[ImportEntry]) -> Reasons:
    kept = _edited(work, "payment", batch)
    for payment in Payment.objects.filter(pk__in=[entry.object_id for entry in batch]):
        if payment.reversed_minor:
            kept[payment.pk] = "edited"
        if payment.pk not in kept:
            work.consequences.take_back(payment_id=payment.pk)
            # So that the same payment can be imported again.
            Payment.objects.filter(pk=payment.pk).update(external_id=None)
    return kept


_UNDO: Final[Mapping[str, Callable[[Work, Sequence[ImportEntry]], Reasons]]] = {
    "payment": _undo_payments,
    "contact": _undo_contacts,
    "invoice": _undo_invoices,
    "customer": _undo_customers,
}

_PAID_INVOICES: Final = """
SELECT DISTINCT invoice_id FROM ledger_application
WHERE organization_id = %(organization)s AND invoice_id = ANY(%(ids)s)
"""

_TOUCHED_INVOICES: Final = " UNION ".join(
    f"SELECT invoice_id FROM {table} WHERE organization_id = %(organization)s"
    f" AND invoice_id = ANY(%(ids)s){condition}"
    for table, condition in (
        # What was amended and put back again has the import's fingerprint.
        ("ledger_activity", " AND kind NOT IN ('imported', 'amended')"),
        ("ledger_promise", ""),
        ("ledger_dispute", ""),
        ("ledger_invoiceline", ""),
        ("ledger_invoicedocument", ""),
    )
)

_USED_CUSTOMERS: Final = " UNION ".join(
    f"SELECT customer_id FROM {table} WHERE organization_id = %(organization)s"
    f" AND customer_id = ANY(%(ids)s){condition}"
    for table, condition in (
        ("ledger_invoice", ""),
        ("ledger_payment", ""),
        ("ledger_creditnote", ""),
        ("ledger_contact", ""),
        ("ledger_activity", " AND kind <> 'customer_updated'"),
    )
)
