"""Finds single rows and short lists; what is not in the organization is NotFound."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from dunwell.ledger.models import (
    Contact,
    ContactRole,
    CreditNote,
    Customer,
    Dispute,
    Invoice,
    Payment,
)
from dunwell.ledger.queries.states import OPEN
from dunwell.tenancy.errors import NotFound
from dunwell.tenancy.models import Member, Organization


def _required[M: Model](found: QuerySet[M]) -> M:
    row = found.first()
    if row is None:
        raise NotFound
    return row


def get_customer(*, customer_id: UUID) -> Customer:
    """Return a customer; raises NotFound."""
    return _required(Customer.objects.filter(pk=customer_id).select_related("owner"))


def get_invoice(*, invoice_id: UUID) -> Invoice:
    """Return an invoice with its customer and owners; raises NotFound."""
    related = ("customer", "owner", "customer__owner")
    return _required(Invoice.objects.filter(pk=invoice_id).select_related(*related))


def invoices_by_id(*, ids: Iterable[UUID]) -> QuerySet[Invoice]:
    """Select invoices by their ids."""
    return Invoice.objects.filter(pk__in=set(ids))


def get_payment(*, payment_id: UUID) -> Payment:
    """Return a payment; raises NotFound."""
    return _required(Payment.objects.filter(pk=payment_id))


def get_credit_note(*, credit_note_id: UUID) -> CreditNote:
    """Return a credit note; raises NotFound."""
    return _required(CreditNote.objects.filter(pk=credit_note_id))


def get_dispute(*, dispute_id: UUID) -> Dispute:
    """Return a dispute with its invoice; raises NotFound."""
    return _required(Dispute.objects.filter(pk=dispute_id).select_related("invoice"))


def get_contact(*, contact_id: UUID) -> Contact:
    """Return a contact; raises NotFound."""
    return _required(Contact.objects.filter(pk=contact_id))


def find_customer(*, external_id: str) -> Customer | None:
    """Return the customer of an external id, None if there is none."""
    return Customer.objects.filter(external_id=external_id).first()


def find_invoice(*, number: str) -> Invoice | None:
    """Return the invoice of a number, None if there is none."""
    return Invoice.objects.filter(number=number).first()


def open_invoices(*, customer_id: UUID, currency: str | None = None) -> QuerySet[Invoice]:
    """Select a customer's open invoices, oldest due date first."""
    account = Q(customer_id=customer_id)
    if currency is not None:
        account &= Q(currency=currency)
    return Invoice.objects.filter(OPEN & account).order_by("due_date", "invoice_date", "id")


def payments_of(*, customer_id: UUID) -> QuerySet[Payment]:
    """Select a customer's payments, the last received first."""
    return Payment.objects.filter(customer_id=customer_id).order_by("-received_on", "-id")


def roles_of(*, contact: Contact) -> list[ContactRole]:
    """List a contact's roles by name."""
    return list(ContactRole.objects.filter(assignments__contact=contact).order_by("name"))


def responsible_owner(*, organization: Organization, invoice: Invoice) -> Member | None:
    """Return who is responsible: the invoice's owner, else the customer's, else the default.

    Rule: tracking, Never chase blind (never empty: an organization has a default from its start).
    """
    return invoice.owner or invoice.customer.owner or organization.default_owner
