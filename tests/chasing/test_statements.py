"""The statement of account on paper, looked at: pages, headers, sections, words."""

import io
from datetime import date, timedelta

import pypdfium2
import pytest

from dunwell import flows
from dunwell.chasing.statements import Kind, Period, statement_pdf
from dunwell.core.money import Money
from dunwell.ledger import operations as ledger
from dunwell.ledger.models import Customer, Invoice
from dunwell.ledger.operations import InstallmentInput
from tests.chasing.desk import Desk, after_due


def drawn(
    desk: Desk, customer: Customer, kind: Kind = "open_items", language: str = "en", **more: Period
) -> pypdfium2.PdfDocument:
    file = statement_pdf(
        organization=desk.organization,
        customer_id=customer.pk,
        kind=kind,
        today=desk.now.date(),
        now=desk.now,
        language=language,
        **more,
    )
    return pypdfium2.PdfDocument(file.data)


def text_of(document: pypdfium2.PdfDocument) -> str:
    return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def ink(page: pypdfium2.PdfPage) -> tuple[float, float, float, float]:
    """Measure where a page is printed: left, top, right, bottom in millimetres."""
    shades = page.render(scale=2, grayscale=True).to_numpy() < 200
    rows, columns = shades.any(axis=1).nonzero()[0], shades.any(axis=0).nonzero()[0]
    edges = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    left, top, right, bottom = (float(each) / 2 / 72 * 25.4 for each in edges)
    return left, top, right, bottom


@pytest.fixture
def customer(desk: Desk) -> Customer:
    return desk.customer(name="Kaufmann & Lindqvist GmbH", external_id="K-1042")


def owe(desk: Desk, customer: Customer, count: int, currency: str = "EUR") -> list[Invoice]:
    first = date(2026, 1, 5)
    return [
        desk.invoice(
            [after_due(90)],
            customer=customer,
            total=f"{1000 + n * 37}.50" if currency != "JPY" else f"{1000 + n * 37}",
            currency=currency,
            invoice_date=first + timedelta(days=n),
            due_date=first + timedelta(days=n + 30),
        )
        for n in range(count)
    ]


def test_sixty_five_open_invoices_run_over_pages_with_head_and_number(
    desk: Desk, customer: Customer
) -> None:
    invoices = owe(desk, customer, 65)
    pages = list(drawn(desk, customer))
    assert len(pages) >= 3
    for number, page in enumerate(pages, start=1):
        text = page.get_textpage().get_text_bounded()
        assert f"Page {number} of {len(pages)}" in text
        left, top, right, bottom = ink(page)
        assert left == pytest.approx(22, abs=0.6)
        assert right == pytest.approx(210 - 22, abs=0.6)
        assert 8 < top < 23
        assert bottom < 290
    for page in pages[:-1]:
        assert "Days late" in page.get_textpage().get_text_bounded()
    whole = text_of(pypdfium2.PdfDocument(_bytes(desk, customer)))
    assert all(invoice.number in whole for invoice in invoices)


def _bytes(desk: Desk, customer: Customer) -> bytes:
    return statement_pdf(
        organization=desk.organization,
        customer_id=customer.pk,
        kind="open_items",
        today=desk.now.date(),
        now=desk.now,
        language="en",
    ).data


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Statement of account", "Page 1 of 1", "€1,000.50")),
        ("de", ("Kontoauszug", "Seite 1 von 1", "1.000,50")),
        ("fr", ("Relevé de compte", "Page 1 sur 1", "000,50")),
        ("es", ("Estado de cuenta", "Página 1 de 1", "000,50")),
    ],
)
def test_a_statement_speaks_the_customers_language(
    desk: Desk, customer: Customer, language: str, words: tuple[str, ...]
) -> None:
    owe(desk, customer, 3)
    text = text_of(drawn(desk, customer, language=language))
    assert [word for word in words if word not in text] == []


def test_each_currency_has_its_section_and_there_is_no_sum_of_both(
    desk: Desk, customer: Customer
) -> None:
    owe(desk, customer, 2)
    owe(desk, customer, 2, currency="JPY")
    text = text_of(drawn(desk, customer))
    assert text.index("In EUR") < text.index("In JPY")
    assert "€2,038.00" in text
    assert "¥2,037" in text
    assert text.count("Open in all") == 2


def test_a_statement_notes_what_is_disputed_promised_held_and_agreed(
    desk: Desk, customer: Customer
) -> None:
    disputed, promised, paused, planned, claimed = owe(desk, customer, 5)
    flows.open_dispute(**desk.here, invoice_id=disputed.pk, amount=Money.parse("200.00", "EUR"))
    flows.record_promise(**desk.here, invoice_id=promised.pk, promised_on=date(2026, 3, 20))
    desk.pause(paused, "2026-03-28")
    half = Money(planned.balance.minor // 2, "EUR")
    ledger.create_plan(
        **desk.here,
        invoice_id=planned.pk,
        installments=[
            InstallmentInput(due_date=date(2026, 4, 1), amount=half),
            InstallmentInput(due_date=date(2026, 5, 1), amount=planned.balance - half),
        ],
    )
    flows.claim_paid(**desk.here, invoice_id=claimed.pk)
    text = text_of(drawn(desk, customer))
    for note in (
        "in dispute: €200.00",
        "payment promised for Mar 20, 2026",
        "on hold until Mar 28, 2026",
        "payment plan: €555.75 due Apr 1, 2026",
        "said to be paid, being looked into",
    ):
        assert note in text


def test_credit_is_taken_off_what_is_open(desk: Desk, customer: Customer) -> None:
    (invoice,) = owe(desk, customer, 1)
    desk.pay(invoice, "100.00", applications=[])
    text = text_of(drawn(desk, customer))
    assert "€900.50" in text


def test_open_items_are_grouped_by_age(desk: Desk, customer: Customer) -> None:
    owe(desk, customer, 40)
    text = text_of(drawn(desk, customer))
    assert "not yet due" in text
    assert "1–30 days" in text
    assert "90+ days" in text


def test_balance_forward_tells_what_moved_between_opening_and_closing(
    desk: Desk, customer: Customer
) -> None:
    first, _second = owe(desk, customer, 2)
    paid = desk.pay(first, "500.50")
    ledger.reverse_payment(
        **desk.here, payment_id=paid.payment.pk, amount=Money.parse("100.00", "EUR")
    )
    text = text_of(drawn(desk, customer, "balance_forward"))  # March
    assert "Mar 1, 2026 – Mar 31, 2026" in text
    assert "Balance brought forward" in text
    assert "€2,038.00" in text  # what was open before
    assert "−€500.50" in text
    assert "€1,637.50" in text
    year = Period(date(2026, 1, 1), date(2026, 12, 31))
    whole = text_of(drawn(desk, customer, "balance_forward", period=year))
    assert f"Invoice {first.number}" in whole


def test_whoever_owes_nothing_gets_a_statement_that_says_so(desk: Desk, customer: Customer) -> None:
    assert "Nothing is open." in text_of(drawn(desk, customer))


def test_the_same_account_gives_the_same_bytes(desk: Desk, customer: Customer) -> None:
    owe(desk, customer, 2)
    assert _bytes(desk, customer) == _bytes(desk, customer)
    assert io.BytesIO(_bytes(desk, customer)).read(5) == b"%PDF-"
