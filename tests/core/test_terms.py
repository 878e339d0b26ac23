from datetime import date

import pytest

from dunwell.core.errors import DateOutOfRange, DueBeforeInvoice
from dunwell.core.terms import Anchor, Blocked, DueDate, Source, Terms, due_date, explain

INVOICED = date(2026, 2, 10)


def find(
    *,
    delivery: date | None = None,
    explicit: date | None = None,
    invoice: Terms | None = None,
    customer: Terms | None = None,
    organization: Terms | None = None,
) -> DueDate:
    return due_date(
        invoice_date=INVOICED,
        delivery_date=delivery,
        explicit=explicit,
        invoice_terms=invoice,
        customer_terms=customer,
        organization_terms=organization,
    )


def test_an_explicit_date_wins_over_all_terms_and_nearer_terms_over_farther() -> None:
    ten, twenty, thirty = Terms(10), Terms(20), Terms(30)
    day = date(2026, 6, 1)
    steps = [
        (find(explicit=day, invoice=ten, customer=twenty, organization=thirty), day),
        (find(invoice=ten, customer=twenty, organization=thirty), date(2026, 2, 20)),
        (find(customer=twenty, organization=thirty), date(2026, 3, 2)),
        (find(organization=thirty), date(2026, 3, 12)),
    ]
    for (found, expected), source in zip(steps, Source, strict=True):
        assert found.date == expected
        assert found.rule is not None
        assert found.rule.source is source


@pytest.mark.parametrize(
    ("terms", "delivery", "due", "sentence"),
    [
        (
            Terms(60, Anchor.DELIVERY_DATE),
            date(2026, 3, 3),
            date(2026, 5, 2),
            "net 60 from delivery on 3 March 2026 → due 2 May 2026",
        ),
        (
            Terms(30),
            date(2026, 3, 3),
            date(2026, 3, 12),
            "net 30 from the invoice date 10 February 2026 → due 12 March 2026",
        ),
        (
            Terms(14, Anchor.END_OF_MONTH),
            None,
            date(2026, 3, 14),
            "net 14 from the end of the month, 28 February 2026 → due 14 March 2026",
        ),
        (
            Terms(10, Anchor.DELIVERY_DATE),
            date(2026, 1, 5),
            INVOICED,
            (
                "net 10 from delivery on 5 January 2026 is before the invoice date"
                " → due on the invoice date, 10 February 2026"
            ),
        ),
    ],
)
def test_terms_count_from_their_anchor_and_say_so(
    terms: Terms, delivery: date | None, due: date, sentence: str
) -> None:
    found = find(invoice=terms, delivery=delivery)
    assert found.date == due
    assert found.blocked is None
    assert found.rule is not None
    assert found.rule.moved is sentence.endswith("10 February 2026")
    assert explain(found.rule, due) == sentence


def test_an_explicit_date_is_explained_as_such() -> None:
    found = find(explicit=date(2026, 3, 3))
    assert found.rule is not None
    assert explain(found.rule, date(2026, 3, 3)) == "due date set by hand → due 3 March 2026"


def test_a_delivery_anchor_without_delivery_blocks_even_if_others_have_terms() -> None:
    found = find(invoice=Terms(60, Anchor.DELIVERY_DATE), organization=Terms(30))
    assert (found.date, found.blocked) == (None, Blocked.NO_DELIVERY_DATE)


def test_without_any_terms_there_is_no_due_date() -> None:
    assert find() == DueDate(None, None, Blocked.NO_TERMS)


def test_an_explicit_date_before_the_invoice_date_is_refused() -> None:
    with pytest.raises(DueBeforeInvoice, match="2026-02-09 lies before the invoice date"):
        find(explicit=date(2026, 2, 9))
    assert find(explicit=INVOICED).date == INVOICED


def test_terms_beyond_the_calendar_are_refused() -> None:
    with pytest.raises(DateOutOfRange):
        find(invoice=Terms(4_000_000))
    with pytest.raises(ValueError, match="negative"):
        Terms(-1)
