from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from dunwell.core.holds import (
    Hold,
    HoldKind,
    PartDisputed,
    claim_until,
    free_on,
    held,
    part_disputed,
)

BERLIN = ZoneInfo("Europe/Berlin")
BALANCE = 1000


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("hold", "instant", "is_held"),
    [
        (Hold(HoldKind.PAUSE, until=date(2026, 3, 10)), "2026-03-09T23:59", True),
        (Hold(HoldKind.PAUSE, until=date(2026, 3, 10)), "2026-03-10T00:00", False),
        # a promise holds through its date and three days of grace
        (Hold(HoldKind.PROMISE, until=date(2026, 3, 10)), "2026-03-13T23:59", True),
        (Hold(HoldKind.PROMISE, until=date(2026, 3, 10)), "2026-03-14T00:00", False),
        # a part promise holds the whole invoice
        (Hold(HoldKind.PROMISE, until=date(2026, 3, 10), covers_minor=1), "2026-03-09T09:00", True),
        (Hold(HoldKind.DISPUTE), "2026-03-09T09:00", True),
        (Hold(HoldKind.DISPUTE, covers_minor=1000), "2026-03-09T09:00", True),
        (Hold(HoldKind.DISPUTE, covers_minor=999), "2026-03-09T09:00", False),
        (Hold(HoldKind.PENDING_PAYMENT, covers_minor=1), "2026-03-09T09:00", True),
        (Hold(HoldKind.UNMATCHED_PAYMENT, covers_minor=1), "2026-03-09T09:00", True),
        (Hold(HoldKind.REPLY), "2026-03-09T09:00", True),
        (Hold(HoldKind.CREDIT, covers_minor=1000), "2026-03-09T09:00", True),
        (Hold(HoldKind.CREDIT, covers_minor=999), "2026-03-09T09:00", False),
        (Hold(HoldKind.CLAIMED_PAID, until=date(2026, 3, 10)), "2026-03-10T23:59", True),
        (Hold(HoldKind.CLAIMED_PAID, until=date(2026, 3, 10)), "2026-03-11T00:00", False),
        (Hold(HoldKind.DISPUTE, since=at("2026-03-09T10:00")), "2026-03-09T09:59", False),
        (Hold(HoldKind.DISPUTE, ended=at("2026-03-09T10:00")), "2026-03-09T09:59", True),
        (Hold(HoldKind.DISPUTE, ended=at("2026-03-09T10:00")), "2026-03-09T10:00", False),
    ],
)
def test_what_holds_and_until_when(hold: Hold, instant: str, is_held: bool) -> None:
    found = held(holds=[hold], balance_minor=BALANCE, at=at(instant), grace_days=3, zone=BERLIN)
    assert found == (hold if is_held else None)


@pytest.mark.parametrize(
    ("parts", "is_held", "due_now"),
    [
        ([400], False, PartDisputed(600, 400)),
        ([400, 500], False, PartDisputed(100, 900)),
        ([400, 600], True, None),
        ([], False, None),
    ],
)
def test_a_disputed_part_leaves_the_rest_due(
    parts: list[int], is_held: bool, due_now: PartDisputed | None
) -> None:
    holds = [Hold(HoldKind.DISPUTE, covers_minor=part) for part in parts]
    asked = {"holds": holds, "balance_minor": BALANCE, "at": at("2026-03-09T09:00")}
    found = held(**asked, grace_days=3, zone=BERLIN)  # type: ignore[arg-type]  # mixed values
    assert (found is not None) is is_held
    rest = part_disputed(**asked, grace_days=3, zone=BERLIN)  # type: ignore[arg-type]  # mixed values
    assert rest == due_now


def test_a_claim_of_payment_holds_for_three_working_days() -> None:
    friday, easter_monday = date(2026, 3, 27), date(2026, 4, 6)
    assert claim_until(claimed_on=friday, holidays=frozenset()) == date(2026, 4, 1)
    good_friday = date(2026, 4, 3)
    until = claim_until(
        claimed_on=date(2026, 4, 2), holidays=frozenset({good_friday, easter_monday})
    )
    assert until == date(2026, 4, 9)


def test_holds_know_the_day_they_end_by_themselves() -> None:
    day = date(2026, 3, 10)
    assert free_on(Hold(HoldKind.PROMISE, until=day), grace_days=3) == date(2026, 3, 14)
    assert free_on(Hold(HoldKind.PAUSE, until=day), grace_days=3) == day
    assert free_on(Hold(HoldKind.DISPUTE), grace_days=3) is None
