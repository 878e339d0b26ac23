"""The state of an invoice, derived from facts at the moment of reading."""

from datetime import date, timedelta
from enum import StrEnum


class State(StrEnum):
    """The five states and the one administrative end. Rule: tracking, The five states."""

    DRAFT = "draft"
    SENT = "sent"
    DUE = "due"
    OVERDUE = "overdue"
    PAID = "paid"
    CLOSED = "closed"


def invoice_state(
    *, issued: bool, closed: bool, balance_minor: int, due_date: date | None, today: date
) -> State:
    """Return the state on the organization's local day `today`.

    Rule: tracking, The five states. Raises ValueError for an issued, unpaid invoice without a
    due date, which issuing refuses.
    """
    if closed:
        return State.CLOSED
    if not issued:
        return State.DRAFT
    if balance_minor <= 0:
        return State.PAID
    if due_date is None:
        raise ValueError("an issued invoice has a due date")
    if today < due_date:
        return State.SENT
    return State.DUE if today == due_date else State.OVERDUE


def days_overdue(
    *, issued: bool, closed: bool, balance_minor: int, due_date: date | None, today: date
) -> int:
    """Return the whole local days since the due date, 0 unless the invoice is overdue."""
    state = invoice_state(
        issued=issued, closed=closed, balance_minor=balance_minor, due_date=due_date, today=today
    )
    if state is not State.OVERDUE or due_date is None:
        return 0
    return (today - due_date).days


def crossings(*, due_date: date, after: date, through: date) -> list[tuple[date, State]]:
    """List the boundaries an open invoice crosses at local midnights, in order.

    Days later than `after` up to and with `through`; the instant is `calendar.midnight(day)`.
    Rule: tracking, The five states (each crossing becomes an event, once).
    """
    boundaries = [(due_date, State.DUE)]
    if due_date < date.max:
        boundaries.append((due_date + timedelta(days=1), State.OVERDUE))
    return [(day, state) for day, state in boundaries if after < day <= through]
