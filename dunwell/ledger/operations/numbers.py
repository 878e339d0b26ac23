"""Numbers for documents that are made here."""

from collections.abc import Container
from uuid import UUID

from dunwell.ledger.models import CreditNote, Invoice
from dunwell.tenancy.models import Organization

_AT_ONCE = 10
_AT_MOST = 1000


def lock_organization(*, organization_id: UUID) -> Organization:
    """Lock the organization's row against other changes of it, not against new rows it owns."""
    return Organization.objects.select_for_update(no_key=True).get(pk=organization_id)


def next_invoice_numbers(
    *, organization: Organization, count: int, but: Container[str] = ()
) -> list[str]:
    """Take the next free invoice numbers, never one of `but`: the prefix and the counter.

    Holds the organization's row until the transaction ends, so that no number is left out.
    """
    row = lock_organization(organization_id=organization.pk)
    first, size = row.next_invoice_number, max(count, _AT_ONCE)
    found: list[str] = []
    while True:
        numbers = {f"{row.invoice_prefix}{n:04d}": n for n in range(first, first + size)}
        taken = set(Invoice.objects.filter(number__in=numbers).values_list("number", flat=True))
        found += [number for number in numbers if number not in taken and number not in but]
        if len(found) >= count:
            last = found[:count][-1]
            row.next_invoice_number = int(last.removeprefix(row.invoice_prefix)) + 1
            row.save(update_fields=["next_invoice_number"])
            return found[:count]
        first, size = first + size, min(size * 10, _AT_MOST)


def next_credit_note_number(*, organization: Organization) -> str:
    """Take the next free number for a credit note."""
    row = lock_organization(organization_id=organization.pk)
    n = CreditNote.objects.filter(organization=row).count() + 1
    while CreditNote.objects.filter(number=f"CN-{n:04d}").exists():
        n += 1
    return f"CN-{n:04d}"
