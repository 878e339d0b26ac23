"""Interest and fee in past due messages, where the organization asks for them."""

from typing import Any

import pytest

from dunwell.ledger.models import Invoice
from dunwell.tenancy.errors import InvalidInput
from tests.chasing.desk import Desk, after_due, on_issue


def ask(desk: Desk, **changes: Any) -> None:
    desk.change_settings(country="DE", **changes)


def owed(desk: Desk, *steps: dict[str, Any], **given: Any) -> Invoice:
    return desk.invoice([on_issue(9), *steps], total="10000.00", due_date="2026-04-01", **given)


def reminded(desk: Desk, **given: Any) -> str:
    """Remind ten days after the due date of 1 April; return the mail's words."""
    invoice = owed(desk, after_due(10), **given)
    desk.advance("2026-04-12 00:00")
    return desk.texts(invoice)[-1]


def test_nothing_is_asked_unless_it_was_switched_on(desk: Desk) -> None:
    words = reminded(desk)
    assert "was due on" in words
    assert "late, we may add" not in words


def test_a_past_due_message_names_interest_rate_and_fee(desk: Desk) -> None:
    ask(desk, late_interest="statutory", late_fee=True)
    words = reminded(desk)
    assert "Interest to date: €28.14" in words  # 10,000 × 10.27 % × 10 / 365
    assert "Rate a year: 10.27%" in words
    assert "Fixed fee: €40.00" in words
    assert "Together with the balance: €10,068.14" in words


def test_a_part_payment_counts_from_its_day(desk: Desk) -> None:
    ask(desk, late_interest="agreed", late_rate="18,25")
    invoice = owed(desk, after_due(10))
    desk.advance("2026-04-06 12:00")
    desk.pay(invoice, "6000.00")
    desk.advance("2026-04-12 00:00")
    # 4 days of 10,000 and 6 of 4,000 at 0.05 % a day
    assert "Interest to date: €32.00" in desk.texts(invoice)[-1]


def test_after_the_last_known_rate_nothing_is_guessed(desk: Desk) -> None:
    ask(desk, late_interest="statutory", late_fee=True)
    invoice = owed(desk, after_due(200), after_due(201))
    desk.advance("2026-10-18 12:00")
    assert "Interest" not in desk.texts(invoice)[-1]
    ask(desk, reference_rates={"2026-07-01": "2.00"})
    desk.advance("2026-10-19 12:00")
    assert "Rate a year: 11%" in desk.texts(invoice)[-1]


def test_the_fee_is_never_asked_in_another_currency(desk: Desk) -> None:
    ask(desk, late_interest="statutory", late_fee=True)
    words = reminded(desk, currency="USD")
    assert "Interest to date: $28.14" in words
    assert "Fixed fee" not in words


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"late_law": "XX"}, "late_law"),
        ({"late_rate": "much"}, "late_rate"),
        ({"late_rate": "-3"}, "late_rate"),
        ({"reference_rates": {"2026-08-01": "2"}}, "reference_rates"),
        ({"reference_rates": {"2020-01-01": "2"}}, "reference_rates"),
        ({"reference_rates": {"2026-07-01": "NaN"}}, "reference_rates"),
        ({"late_interest": "usury"}, "late_interest"),
    ],
)
def test_a_wrong_setting_is_refused_at_its_field(
    desk: Desk, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        ask(desk, **changes)
    assert [each.field for each in raised.value.problems] == [field]
