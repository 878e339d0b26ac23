"""Importing customers, contacts, payments and spreadsheets, as the person who does it sees it."""

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import openpyxl
import pytest

from dunwell.flows import imports
from dunwell.ledger.imports import files
from dunwell.ledger.models import Contact, Customer, Invoice, Payment
from tests.ledger.imports.conftest import Importer, problems, real

pytestmark = pytest.mark.django_db

CUSTOMERS = (
    "external_id,name,currency,terms,city,country,contact,email,tags\n"
    "17,Acme,EUR,net 30,Berlin,DE,Ada,ada@acme.test,vip;north\n"
    "018,Bolt,USD,,,,,,\n"
)


def test_customers_arrive_with_their_contact(importer: Importer) -> None:
    assert importer.told(CUSTOMERS, "customers")["created"] == 2
    acme = Customer.objects.get(external_id="17")
    assert (acme.terms_days, acme.city, acme.tags) == (30, "Berlin", ["vip", "north"])
    ada = acme.contacts.get()
    assert (ada.email, ada.billing, ada.receives_invoices) == ("ada@acme.test", True, True)


def test_customers_again_change_nothing_or_only_what_differs(importer: Importer) -> None:
    importer.start(CUSTOMERS, "customers")
    assert importer.told(CUSTOMERS, "customers")["unchanged"] == 2
    told = importer.told(CUSTOMERS.replace("Berlin", "Bonn"), "customers")
    assert (told["updated"], told["unchanged"]) == (1, 1)
    assert Customer.objects.get(external_id="17").city == "Bonn"
    assert Contact.objects.count() == 1


def test_customers_can_be_undone_and_restored(importer: Importer) -> None:
    first = importer.start(CUSTOMERS, "customers")
    second = importer.start(CUSTOMERS.replace("Berlin", "Bonn"), "customers")
    assert importer.undo(second)["refused"] == []
    assert Customer.objects.get(external_id="17").city == "Berlin"
    assert importer.undo(first)["refused"] == []
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("19,,EUR,,,,,not an address,", "email"),
        ("19,Cut,EUR,a while,,,,,", "terms"),
        ("19,Cut,EUR,,,Germany,,,", "country"),
        ("17,Again,EUR,,,,,,", "external_id"),
        (",,EUR,,,,,,", "name"),
    ],
)
def test_a_wrong_customer_is_told(importer: Importer, line: str, field: str) -> None:
    assert problems(importer.told(f"{CUSTOMERS}{line}\n", "customers")) == [(4, field)]


CONTACTS = (
    "customer_external_id,name,email,roles,receives_invoices,billing\n"
    "17,Ada,ada@acme.test,Accounts Payable,yes,no\n"
    '17,Bob,bob@acme.test,"Executive, Accounts Payable",no,yes\n'
)


def test_contacts_arrive_with_roles_and_one_bills(importer: Importer) -> None:
    acme = importer.desk.customer("Acme", external_id="17")
    assert importer.told(CONTACTS, "contacts")["created"] == 2
    people = {c.name: (c.billing, c.role_assignments.count()) for c in acme.contacts.all()}
    assert people == {"Ada": (False, 1), "Bob": (True, 2)}
    assert importer.told(CONTACTS, "contacts")["unchanged"] == 2


def test_contacts_keep_what_the_file_does_not_say(importer: Importer) -> None:
    importer.desk.customer("Acme", external_id="17")
    first = importer.start(CONTACTS, "contacts")
    told = importer.told("customer_external_id,email,phone\n17,ADA@acme.test,123\n", "contacts")
    assert told["updated"] == 1
    ada = Contact.objects.get(name="Ada")
    assert (ada.phone, ada.receives_invoices, ada.role_assignments.count()) == ("123", True, 1)
    report = importer.undo(first)
    assert [(row["label"], row["reason"]) for row in report["refused"]] == [
        ("ada@acme.test", "edited")
    ]
    assert set(Contact.objects.values_list("name", flat=True)) == {"Ada"}


def test_contacts_of_unknown_customers_are_told(importer: Importer) -> None:
    told = importer.told(CONTACTS, "contacts")
    assert problems(told) == [(2, "customer"), (3, "customer")]


INVOICES = (
    "number,customer,customer_external_id,total,date\n"
    "1,Acme,17,100,2026-01-10\n2,Acme,17,50,2026-01-20\n3,Bolt,18,70,2026-01-20\n"
)


def test_payments_pay_their_invoices_once(importer: Importer) -> None:
    importer.start(INVOICES)
    text = (
        "invoice number,amount,payment date\n1,100,2026-02-01\n2,20,2026-02-02\n2,20,2026-02-02\n"
    )
    assert importer.told(text, "payments")["created"] == 3
    balances = dict(Invoice.objects.values_list("number", "balance_minor"))
    assert balances == {"1": 0, "2": 1000, "3": 7000}
    assert Invoice.objects.get(number="1").paid_on == date(2026, 2, 1)
    assert importer.told(text, "payments")["unchanged"] == 3
    assert Payment.objects.count() == 3


def test_rows_of_one_id_are_one_payment(importer: Importer) -> None:
    importer.start(INVOICES)
    text = "payment id,invoice,amount,paid on\nP1,1,100,2026-02-01\nP1,2,60,2026-02-01\n"
    assert importer.told(text, "payments")["created"] == 1
    payment = Payment.objects.get()
    assert (payment.amount_minor, payment.unapplied_minor) == (16000, 1000)


def test_a_payment_for_an_account_goes_to_the_oldest(importer: Importer) -> None:
    importer.start(INVOICES)
    importer.start("customer number,amount,date\n17,120,2026-02-01\n", "payments")
    balances = dict(Invoice.objects.values_list("number", "balance_minor"))
    assert balances == {"1": 0, "2": 3000, "3": 7000}


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("P1,1,10,2026-02-01,EUR\nP1,2,5,2026-02-01,USD\n", [(3, "currency")]),
        ("P1,1,10,2026-02-01,USD\n", [(2, "currency")]),
        ("P1,9,10,2026-02-01,\n", [(2, "invoice_number")]),
        ("P1,1,10,2026-02-01,\nP1,1,10,2026-02-01,\n", [(2, "external_id"), (3, "external_id")]),
        ("P1,1,-1,2026-02-01,\n", [(2, "amount")]),
        ("P1,1,1,2026-02-01,\nP1,3,1,2026-02-01,\n", [(2, "external_id"), (3, "customer")]),
    ],
)
def test_a_wrong_payment_is_told_and_nothing_recorded(
    importer: Importer, lines: str, wrong: list[tuple[int, str]]
) -> None:
    importer.start(INVOICES)
    told = importer.told(f"payment id,invoice,amount,paid on,currency\n{lines}", "payments")
    assert set(wrong) <= set(problems(told))
    assert not Payment.objects.exists()


def test_undone_payments_are_reversed_and_can_come_again(importer: Importer) -> None:
    importer.start(INVOICES)
    text = "payment id,invoice,amount,paid on\nP1,1,100,2026-02-01\n"
    done = importer.start(text, "payments")
    assert importer.undo(done)["refused"] == []
    assert Invoice.objects.get(number="1").balance_minor == 10000
    assert importer.told(text, "payments")["created"] == 1
    assert Invoice.objects.get(number="1").balance_minor == 0


def test_the_settled_dates_of_the_ibm_file_are_payments(importer: Importer) -> None:
    lines = real("ibm_accounts_receivable.csv").read_text().splitlines(keepends=True)[:200]
    data = "".join(lines)
    importer.start(data)
    assert importer.told(data, "payments")["created"] == 199
    assert not Invoice.objects.filter(balance_minor__gt=0).exists()


def sheet(*rows: tuple[Any, ...]) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    page["A3"].number_format = "0000000"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_spreadsheet_is_read_with_its_own_numbers_and_dates(importer: Importer) -> None:
    data = sheet(
        ("number", "customer", "total", "date", "due_date"),
        ("007", "Acme", 1234.5, datetime(2026, 2, 1), date(2026, 3, 1)),  # noqa: DTZ001
        (42, "Acme", 0.1 + 0.2, "2026-02-01", None),
        (None, None, None, None, None),
        (1930571429.0, "Acme", 5, datetime(2026, 2, 1), None),  # noqa: DTZ001
        ("4", "=1+1", 5, datetime(2026, 2, 1), None),  # noqa: DTZ001
    )
    told = importer.told(data, filename="book.xlsx", options={"valid_only": True})
    assert told["questions"] == []
    assert problems(told) == [(6, "customer")]  # a formula that was never reckoned is empty
    assert dict(Invoice.objects.values_list("number", "total_minor")) == {
        "007": 123450,
        "0000042": 30,
        "1930571429": 500,
    }


def test_a_broken_off_import_is_taken_up_again(importer: Importer) -> None:
    done = importer.start(INVOICES)
    done.state = "running"
    done.save(update_fields=["state"])
    again = imports.run(**importer.desk.here, import_id=done.pk)
    assert (again.state, again.unchanged) == ("done", 3)


def test_uploads_are_removed_after_thirty_days(importer: Importer) -> None:
    done = importer.start(INVOICES)
    assert files.upload(done.pk).exists()
    files.purge(datetime.now(UTC) + timedelta(days=29))
    assert files.upload(done.pk).exists()
    files.purge(datetime.now(UTC) + timedelta(days=31))
    assert not files.upload(done.pk).exists()
