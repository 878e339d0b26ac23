"""Installments: how money fills them, and how an amount is parted into equal ones."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from dunwell.core.calendar import FIRST_DAY, LAST_DAY, add_days
from dunwell.core.errors import DateOutOfRange


class InstallmentState(StrEnum):
    """How an installment stands: filled, past due and not filled, or still to come."""

    KEPT = "kept"
    MISSED = "missed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Part:
    """An amount in minor units and the day it is due."""

    due_date: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How much of a part has come, and what that makes of it."""

    part: Part
    filled_minor: int
    state: InstallmentState

    @property
    def left_minor(self) -> int:
        """Return what is still to come."""
        return self.part.amount_minor - self.filled_minor


def fill(parts: Sequence[Part], *, received_minor: int, today: date) -> list[Standing]:
    """Fill parts in their order with what was received; on its due date a part is still open.

    Rule: chasing, Customer chasing (payments fill the oldest first).
    """
    left, found = max(received_minor, 0), []
    for part in parts:
        filled = min(left, part.amount_minor)
        left -= filled
        if filled == part.amount_minor:
            state = InstallmentState.KEPT
        elif part.due_date < today:
            state = InstallmentState.MISSED
        else:
            state = InstallmentState.OPEN
        found.append(Standing(part, filled, state))
    return found


def equal_parts(
    *, amount_minor: int, count: int, first: date, months: int = 0, days: int = 0
) -> list[Part]:
    """Part an amount into `count` equal parts, the odd minor units in the first ones.

    Each falls due `months` calendar months (the last day of a shorter month) and `days` days after
    the one before. Raises ValueError for fewer than one part or more than there are minor units,
    DateOutOfRange.
    """
    if not 1 <= count <= amount_minor:
        raise ValueError("each part needs at least one minor unit")
    each, odd = divmod(amount_minor, count)
    return [
        Part(add_days(_months_after(first, months * n), days * n), each + (n < odd))
        for n in range(count)
    ]


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not FIRST_DAY.year <= year <= LAST_DAY.year:
        raise DateOutOfRange
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
