"""Numbers for documents that are made here."""

from uuid import UUID

from dunwell.ledger.models import CreditNote, Invoice
from dunwell.tenancy.models import Organization

_AT_ONCE = 10
_AT_MOST = 1000


def lock_organization(*, organization_id: UUID) -> Organization:
    """Lock the organization's row against other changes of it, not against new rows it owns."""
    return Organization.objects.select_for_update(no_key=True).get(pk=organization_id)


def next_invoice_number(*, organization: Organization) -> str:
    """Take the next free invoice number: the organization's prefix and its counter.

    Holds the organization's row until the transaction ends, so that no number is left out.
    """
    row = lock_organization(organization_id=organization.pk)
    first, count = row.next_invoice_number, _AT_ONCE
    while True:
        numbers = {f"{row.invoice_prefix}{n:04d}": n for n in range(first, first + count)}
        taken = set(Invoice.objects.filter(number__in=numbers).values_list("number", flat=True))
        free = next((number for number in numbers if number not in taken), None)
        if free is not None:
            row.next_invoice_number = numbers[free] + 1
            row.save(update_fields=["next_invoice_number"])
            return free
        first, count = first + count, min(count * 10, _AT_MOST)


def next_credit_note_number(*, organization: Organization) -> str:
    """Take the next free number for a credit note."""
    row = lock_organization(organization_id=organization.pk)
    n = CreditNote.objects.filter(organization=row).count() + 1
    while CreditNote.objects.filter(number=f"CN-{n:04d}").exists():
        n += 1
    return f"CN-{n:04d}"
