"""The state of an invoice in SQL, equal to core.states (a test compares them)."""

from datetime import date
from typing import Final

from django.db.models import Case, CharField, Q, QuerySet, Value, When

from dunwell.core.states import State
from dunwell.ledger.models import Invoice

OPEN: Final = Q(issued_at__isnull=False, closed_at__isnull=True, balance_minor__gt=0)


def state_case(*, today: date) -> Case:
    """Build the SQL expression of the state on the organization's local day.

    Rule: tracking, The five states. To select one state use `in_state`: it can use an index.
    """
    return Case(
        When(closed_at__isnull=False, then=Value(State.CLOSED.value)),
        When(issued_at__isnull=True, then=Value(State.DRAFT.value)),
        When(balance_minor__lte=0, then=Value(State.PAID.value)),
        When(due_date__gt=today, then=Value(State.SENT.value)),
        When(due_date=today, then=Value(State.DUE.value)),
        default=Value(State.OVERDUE.value),
        output_field=CharField(),
    )


def with_state(queryset: QuerySet[Invoice], *, today: date) -> QuerySet[Invoice]:
    """Add the state of each invoice as `status`."""
    return queryset.annotate(status=state_case(today=today))


def in_state(state: State, *, today: date) -> Q:
    """Build the condition that selects the invoices of one state, in a form that uses indexes."""
    issued = Q(issued_at__isnull=False, closed_at__isnull=True)
    conditions = {
        State.CLOSED: Q(closed_at__isnull=False),
        State.DRAFT: Q(issued_at__isnull=True, closed_at__isnull=True),
        State.PAID: issued & Q(balance_minor__lte=0),
        State.SENT: OPEN & Q(due_date__gt=today),
        State.DUE: OPEN & Q(due_date=today),
        State.OVERDUE: OPEN & Q(due_date__lt=today),
    }
    return conditions[state]
