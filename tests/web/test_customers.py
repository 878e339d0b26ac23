"""Customers and payments as a member without scripts sees them."""

from typing import Any

import pytest
from django.test import Client

from dunwell.ledger.models import Contact, Customer, Invoice, Payment
from tests.chasing.desk import Desk, on_issue
from tests.web.test_board import page, words

STEPS = [on_issue(9)]
BLANK_LINES = {
    f"line_{name}": ["", "", ""] for name in ("description", "quantity", "unit_price", "tax_rate")
}


def invoice_form(**given: Any) -> dict[str, Any]:
    return {"invoice_date": "2026-03-02", "act": "issue", **BLANK_LINES, **given}


def test_a_customer_is_added_with_the_person_to_write_to(desk: Desk, owner: Client) -> None:
    answer = owner.post(
        "/customers/new",
        {
            "name": "Alpine Ski House",
            "external_id": "00417",
            "terms_days": "14",
            "tags": "key account, ski",
            "contact_name": "Jo Park",
            "contact_email": "jo@alpine.example",
        },
        follow=True,
    )
    said = words(answer)
    for sentence in ("Alpine Ski House is a customer now.", "00417", "net 14 days", "Jo Park"):
        assert sentence in said
    made = Customer.objects.get()
    assert made.tags == ["key account", "ski"]
    assert Contact.objects.get().billing


def test_wrong_input_is_kept_and_told_at_its_field(owner: Client) -> None:
    answer = owner.post(
        "/customers/new", {"name": "x" * 201, "country": "Narnia", "contact_email": "nobody"}
    )
    said = words(answer)
    assert answer.status_code == 422
    assert "Please look at this again" in said
    assert "Enter a valid email address." in said
    assert "at most 200 characters" in said
    assert "Narnia" in answer.content.decode()


def test_what_the_ledger_refuses_stands_at_its_field(desk: Desk, owner: Client) -> None:
    desk.customer("a@example.com", name="First", external_id="17")
    answer = owner.post("/customers/new", {"name": "Second", "external_id": "17"})
    assert answer.status_code == 422
    assert "The external id “17” is already taken." in words(answer)
    answer = owner.post("/customers/new", {"name": "Third", "country": "XX", "language": "zzzz"})
    assert answer.status_code == 422


def test_a_customer_page_tells_all_that_matters(desk: Desk, owner: Client) -> None:
    customer = desk.customer(name="Proseware")
    invoice = desk.invoice(STEPS, customer=customer, due_date="2026-03-04", total="500.00")
    desk.advance("2026-04-20 12:00")
    desk.pay(invoice, "120.00")
    said = page(owner, f"/customers/{customer.pk}/")
    for sentence in (
        "Outstanding €380.00",
        "Overdue €380.00",
        "31–60 days €380.00",
        "47 days overdue",
        "Payment received: €120.00",
        "Invoice issued",
        "jo@proseware.example",
    ):
        assert sentence in said


def test_contacts_are_added_changed_and_removed(desk: Desk, owner: Client) -> None:
    customer = desk.customer(name="Proseware")
    base = f"/customers/{customer.pk}/contacts"
    owner.post(f"{base}/new", {"name": "Ana", "email": "ana@proseware.example", "roles": "CFO, AP"})
    ana = Contact.objects.get(name="Ana")
    said = page(owner, f"/customers/{customer.pk}/")
    assert "CFO" in said
    owner.post(f"{base}/{ana.pk}", {"name": "Ana Lindt", "email": "ana@proseware.example"})
    ana.refresh_from_db()
    assert ana.name == "Ana Lindt"
    assert not ana.role_assignments.exists()
    answer = owner.post(f"{base}/{ana.pk}/remove", follow=True)
    assert "Ana Lindt is no longer a contact." in words(answer)
    assert [contact.name for contact in Contact.objects.all()] == ["Jo Park"]
    assert owner.post(f"{base}/new", {"phone": "1"}).status_code == 422


def test_a_contact_of_another_customer_is_not_found(desk: Desk, owner: Client) -> None:
    first, second = desk.customer("a@x.example", name="A"), desk.customer("b@x.example", name="B")
    stranger = Contact.objects.get(customer=second)
    assert owner.get(f"/customers/{first.pk}/contacts/{stranger.pk}").status_code == 404


def test_an_invoice_is_written_with_lines(desk: Desk, owner: Client) -> None:
    desk.customer(name="Proseware")
    lines = {
        "line_description": ["Design", "Travel", ""],
        "line_quantity": ["2", "", ""],
        "line_unit_price": ["100.00", "50", ""],
        "line_tax_rate": ["19", "", ""],
    }
    answer = owner.post("/invoices/new", invoice_form(customer="Proseware", **lines), follow=True)
    made = Invoice.objects.get()
    assert f"Invoice {made.number} is issued." in words(answer)
    assert made.total.text == "288.00"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"customer": "Nobody", "total": "1"}, "No customer is called that."),
        ({"customer": "Proseware"}, ""),
        ({"customer": "Proseware", "total": "0"}, ""),
        ({"customer": "Proseware", "total": "-5"}, ""),
        ({"customer": "Proseware", "total": "1,5"}, ""),
        (
            {"customer": "Proseware", "total": "5", "due_date": "2026-01-01"},
            "before the invoice date",
        ),
        ({"customer": "Proseware", "total": "5", "number": "n" * 101}, "at most 100 characters"),
        ({"customer": "Proseware", "total": "5", "terms_days": "-1"}, "greater than or equal to 0"),
    ],
)
def test_a_wrong_invoice_is_refused_in_words(
    desk: Desk, owner: Client, given: dict[str, str], said: str
) -> None:
    desk.customer(name="Proseware")
    answer = owner.post("/invoices/new", invoice_form(**given))
    assert answer.status_code == 422
    assert "Please look at this again" in words(answer)
    assert said in words(answer)
    assert not Invoice.objects.exists()


def test_a_draft_is_saved_without_being_issued(desk: Desk, owner: Client) -> None:
    desk.customer(name="Proseware")
    owner.post("/invoices/new", invoice_form(customer="Proseware", total="80", act="draft"))
    assert Invoice.objects.get().issued_at is None


def payment_form(**given: str) -> dict[str, str]:
    return {"currency": "EUR", "received_on": "2026-03-02", "apply": "oldest", **given}


def test_a_payment_goes_to_the_oldest_invoice(desk: Desk, owner: Client) -> None:
    invoice = desk.invoice(STEPS, total="100.00")
    form = payment_form(customer="Proseware", amount="130.00", reference="Wire 7")
    said = words(owner.post("/payments/new", form, follow=True))
    assert "€130.00 recorded. 1 invoice is paid. €30.00 is credit" in said
    assert invoice.number in said
    assert "Wire 7" in page(owner, "/payments/")


def test_a_payment_goes_where_it_is_told(desk: Desk, owner: Client) -> None:
    first, second = desk.invoice(STEPS, total="100"), desk.invoice(STEPS, total="100")
    form = payment_form(customer="Proseware", amount="60", apply="chosen")
    owner.post("/payments/new", {**form, f"share_{second.pk}": "60.00"})
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.balance.text, second.balance.text) == ("100.00", "40.00")


def test_a_payment_form_begins_with_the_invoice(desk: Desk, owner: Client) -> None:
    invoice = desk.invoice(STEPS, total="77.00")
    html = owner.get("/payments/new", {"invoice": str(invoice.pk)}).content.decode()
    assert 'value="77.00"' in html
    assert f"share_{invoice.pk}" in html


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"amount": "12,50"}, "is not an amount"),
        ({"amount": "0"}, ""),
        ({"amount": "12.505"}, "2 digits after the point"),
        ({"amount": "10", "apply": "chosen", "share": "60.00"}, ""),
        ({"amount": "10", "currency": "USD", "apply": "chosen", "share": "10"}, ""),
        ({"amount": "10", "received_on": "soon"}, "Enter a valid date."),
    ],
)
def test_a_wrong_payment_is_refused_in_words(
    desk: Desk, owner: Client, given: dict[str, str], said: str
) -> None:
    invoice = desk.invoice(STEPS, total="100.00")
    form = payment_form(customer="Proseware", **given)
    if share := form.pop("share", ""):
        form[f"share_{invoice.pk}"] = share
    answer = owner.post("/payments/new", form)
    assert answer.status_code == 422
    assert said in words(answer)
    assert not Payment.objects.exists()


def test_taking_a_payment_back_asks_once_and_names_what_goes(desk: Desk, owner: Client) -> None:
    invoice = desk.invoice(STEPS, total="100.00")
    desk.pay(invoice)
    payment = Payment.objects.get()
    asked = page(owner, f"/payments/{payment.pk}/reverse")
    assert "Take back €100.00 from Proseware?" in asked
    assert invoice.number in asked
    form = {"amount": "100.00", "reversed_on": "2026-03-02", "reason": "Chargeback"}
    said = words(owner.post(f"/payments/{payment.pk}/reverse", form, follow=True))
    assert "The payment is taken back." in said
    assert "Chargeback" in said
    invoice.refresh_from_db()
    assert invoice.balance.text == "100.00"
    again = owner.post(f"/payments/{payment.pk}/reverse", form)
    assert again.status_code == 422


def test_customers_are_found_by_name_number_and_tag(desk: Desk, owner: Client) -> None:
    desk.customer("a@x.example", name="Proseware", external_id="0042", tags=["key"])
    desk.customer("b@x.example", name="Fabrikam")
    assert "Fabrikam" not in page(owner, "/customers/", q="prose")
    assert "Proseware" in page(owner, "/customers/", q="0042")
    assert "Fabrikam" not in page(owner, "/customers/", tag="key")
    assert "Nobody is called that" in page(owner, "/customers/", q="zzz")
    assert "Proseware" in page(owner, "/customers/", sort="-owed")


def test_typing_a_customer_suggests_names(desk: Desk, owner: Client) -> None:
    desk.customer("a@x.example", name="Proseware")
    assert 'value="Proseware"' in owner.get("/customers/known?customer=ware").content.decode()
