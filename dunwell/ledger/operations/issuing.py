"""What making, issuing and amending an invoice have in common."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from dunwell.core.calendar import local_date
from dunwell.core.states import State
from dunwell.core.terms import Blocked
from dunwell.ledger.checks import Checks
from dunwell.ledger.errors import DueDateMissing, DuplicateExternalId, DuplicateNumber
from dunwell.ledger.models import Customer, Invoice
from dunwell.ledger.operations import history
from dunwell.tenancy.errors import DunwellError, NotFound
from dunwell.tenancy.models import Organization


def customer_of(*, customer_id: UUID) -> Customer:
    """Return a customer; raise NotFound."""
    found = Customer.objects.filter(pk=customer_id).first()
    if found is None:
        raise NotFound
    return found


def currency_of(*, code: str) -> str:
    """Check a currency's code; raises InvalidInput."""
    checks = Checks()
    currency = checks.currency("currency", code)
    checks.done()
    return currency


def taken(*, invoice: Invoice) -> Mapping[str, DunwellError]:
    """Give what to say where an invoice's number or external id is taken, by constraint."""
    return {
        "invoice_number_once": DuplicateNumber(number=invoice.number),
        "invoice_external_id_once": DuplicateExternalId(external_id=invoice.external_id or ""),
    }


def require_due_date(*, invoice: Invoice) -> None:
    """Refuse to issue an invoice without a due date: DueDateMissing."""
    if invoice.due_date is None:
        blocked = invoice.due_rule.get("blocked")
        raise DueDateMissing(blocked=Blocked(blocked) if blocked else None)


def tell_issue(
    *, book: history.Book, organization: Organization, now: datetime, invoice: Invoice
) -> None:
    """Note that an invoice was issued, and the state this led to."""
    book.audited(
        action="invoice.issued", row=invoice, changes={"issued_at": [None, now.isoformat()]}
    )
    book.happened(
        kind="issued",
        event="invoice.issued",
        invoice=invoice,
        data={
            "total": history.money_json(invoice.total),
            "due_date": invoice.due_date and invoice.due_date.isoformat(),
        },
    )
    tell_new_state(book=book, organization=organization, now=now, old=State.SENT, invoice=invoice)


def tell_new_state(
    *,
    book: history.Book,
    organization: Organization,
    now: datetime,
    old: State,
    invoice: Invoice,
) -> None:
    """Note that an act, not midnight, made the invoice due or overdue."""
    new = invoice.state(today=local_date(now, organization.zone))
    if new is not old and new in (State.DUE, State.OVERDUE):
        book.state_moved(organization=organization, invoice=invoice, kind=new.value)
