"""Errors of the ledger floor.

InvalidInput (422)
├── OverApplied            more applied than the payment holds
├── OverReversed           more taken back than came in
├── BelowApplied           a total smaller than what was already applied
Conflict (409)
├── DuplicateNumber        the number belongs to another invoice or credit note
├── DuplicateExternalId    the external id belongs to another row
├── PaymentDiffers         a known (source, external id) with other content
├── IsDraft                the act needs an issued invoice
├── AlreadyIssued          the act needs a draft
├── ClosedInvoice          the act needs an invoice that is not closed
├── NotClosed              only a closed invoice is reopened
├── NothingOwed            the act needs an open balance
├── DueDateMissing         an invoice is not issued without a due date
├── NoCredit               the payment or credit note has nothing left to apply
├── AlreadyResolved        the dispute or claim has ended
├── HasPlan                the invoice has a payment plan already
├── PlanEnded              the payment plan has ended
├── NotWaiting             the pending or unmatched payment has ended
└── ChangedMeanwhile       another act came between; try again
"""

from django.utils.translation import gettext as _

from dunwell.core.money import Money
from dunwell.core.terms import Blocked
from dunwell.tenancy.errors import Conflict, FieldProblem, InvalidInput


class OverApplied(InvalidInput):
    """More is to be applied than the payment or credit note holds."""

    def __init__(self, *, applied: Money, held: Money) -> None:
        message = _("%(applied)s are to be applied, but there are only %(held)s.") % {
            "applied": applied,
            "held": held,
        }
        super().__init__(message, problems=[FieldProblem("applications", message)])


class OverReversed(InvalidInput):
    """More is to be taken back than is left of the payment."""

    def __init__(self, *, left: Money) -> None:
        message = _("At most %(left)s of this payment can be reversed.") % {"left": left}
        super().__init__(message, problems=[FieldProblem("amount", message)])


class BelowApplied(InvalidInput):
    """The new total is smaller than what was already applied."""

    def __init__(self, *, total: Money, applied: Money, field: str) -> None:
        message = _("%(applied)s are already applied; the total cannot be %(total)s.") % {
            "applied": applied,
            "total": total,
        }
        super().__init__(message, problems=[FieldProblem(field, message)])


class DuplicateNumber(Conflict):
    """The number belongs to another invoice or credit note of the organization."""

    def __init__(self, *, number: str) -> None:
        message = _("The number “%(number)s” is already taken.") % {"number": number}
        super().__init__(message, problems=[FieldProblem("number", message)])


class DuplicateExternalId(Conflict):
    """The external id belongs to another customer or invoice of the organization."""

    def __init__(self, *, external_id: str) -> None:
        message = _("The external id “%(id)s” is already taken.") % {"id": external_id}
        super().__init__(message, problems=[FieldProblem("external_id", message)])


class PaymentDiffers(Conflict):
    """A payment of this source and external id is known, with other content."""

    def __init__(self, *, external_id: str) -> None:
        message = _("The payment “%(id)s” is already recorded with other content.") % {
            "id": external_id
        }
        super().__init__(message, problems=[FieldProblem("external_id", message)])


class InvoiceConflict(Conflict):
    """The act does not fit the state of the invoice."""

    def __init__(self, *, number: str) -> None:
        self.number = number
        super().__init__(self.sentence(number))

    def sentence(self, number: str) -> str:
        """Say what is in the way."""
        return _("This cannot be done with invoice %(number)s.") % {"number": number}


class IsDraft(InvoiceConflict):
    """The act needs an issued invoice."""

    def sentence(self, number: str) -> str:
        """Say that it is a draft."""
        return _("Invoice %(number)s is a draft; issue it first.") % {"number": number}


class AlreadyIssued(InvoiceConflict):
    """The act needs a draft."""

    def sentence(self, number: str) -> str:
        """Say that it is issued."""
        return _("Invoice %(number)s is already issued.") % {"number": number}


class ClosedInvoice(InvoiceConflict):
    """The act needs an invoice that is not closed."""

    def sentence(self, number: str) -> str:
        """Say that it is closed."""
        return _("Invoice %(number)s is closed.") % {"number": number}


class NotClosed(InvoiceConflict):
    """Only a closed invoice is reopened."""

    def sentence(self, number: str) -> str:
        """Say that it is not closed."""
        return _("Invoice %(number)s is not closed.") % {"number": number}


class NothingOwed(InvoiceConflict):
    """The act needs an open balance."""

    def sentence(self, number: str) -> str:
        """Say that it is paid."""
        return _("Nothing is owed on invoice %(number)s.") % {"number": number}


class DueDateMissing(Conflict):
    """An invoice is not issued without a due date. Rule: tracking, Dates and terms."""

    def __init__(self, *, blocked: Blocked | None) -> None:
        if blocked is Blocked.NO_DELIVERY_DATE:
            field = "delivery_date"
            message = _("The terms count from delivery: give the delivery date first.")
        else:
            field = "due_date"
            message = _("An invoice needs a due date or payment terms before it is issued.")
        super().__init__(message, problems=[FieldProblem(field, message)])


class NoCredit(Conflict):
    """The payment or credit note has nothing left to apply."""

    def __init__(self) -> None:
        super().__init__(_("Nothing is left of this credit."))


class AlreadyResolved(Conflict):
    """The dispute or claim has ended."""

    def __init__(self) -> None:
        super().__init__(_("This dispute is already resolved."))


class ClaimAnswered(AlreadyResolved):
    """The claim that an invoice is paid was answered."""

    def __init__(self) -> None:
        Conflict.__init__(self, _("This claim is already answered."))


class HasPlan(InvoiceConflict):
    """The invoice has a payment plan already."""

    def sentence(self, number: str) -> str:
        """Say that it has one."""
        return _("Invoice %(number)s has a payment plan already.") % {"number": number}


class PlanEnded(Conflict):
    """The payment plan has ended."""

    def __init__(self) -> None:
        super().__init__(_("This payment plan has ended."))


class NotWaiting(Conflict):
    """The pending or unmatched payment has ended."""

    def __init__(self) -> None:
        super().__init__(_("This payment is no longer waiting."))


class ChangedMeanwhile(Conflict):
    """Another act came between reading and locking."""

    def __init__(self) -> None:
        super().__init__(_("This was changed at the same moment; please try again."))
