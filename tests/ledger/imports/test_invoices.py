"""Importing invoices, as the person who does it sees it."""

from datetime import date
from typing import Any

import pytest

from dunwell.chasing.models import Cadence, FirstSend, PlannedSend, Schedule
from dunwell.core.terms import Terms
from dunwell.ledger import operations
from dunwell.ledger.imports import files
from dunwell.ledger.models import Customer, ImportEntry, Invoice
from dunwell.tenancy.errors import InvalidInput
from dunwell.tenancy.models import Event
from tests.ledger.conftest import Desk
from tests.ledger.imports.conftest import Importer, problems, real

pytestmark = pytest.mark.django_db

HEAD = "number,customer,currency,total,invoice_date,due_date\n"
TWO = HEAD + "007,Acme,EUR,120.50,2026-02-01,2026-03-03\n0008,Bolt,USD,7,2026-02-02,2026-03-04\n"


def cadence(desk: Desk, name: str = "Gentle", *, default: bool = False) -> Cadence:
    steps = [
        {"key": 1, "trigger": {"type": "on_issue"}, "hour": 9, "channels": ["email"],
         "contact_roles": [], "template": ""},
        {"key": 2, "trigger": {"type": "after_due", "days": 3}, "hour": 9, "channels": ["email"],
         "contact_roles": [], "template": ""},
    ]  # fmt: skip
    return Cadence.objects.create(
        organization=desk.organization,
        name=name,
        key=name.lower(),
        default=default,
        steps=steps,
        created_at=desk.now,
        updated_at=desk.now,
    )


def test_invoices_arrive_issued_with_their_customers(importer: Importer) -> None:
    told = importer.told(TWO)
    assert (told["state"], told["valid"], told["created"]) == ("done", 2, 2)
    assert told["counts"]["customers_created"] == 2
    seven = Invoice.objects.get(number="007")
    assert (seven.total_minor, seven.currency, seven.customer.name) == (12050, "EUR", "Acme")
    assert seven.due_date == seven.explicit_due_date == date(2026, 3, 3)
    assert seven.due_rule["source"] == "explicit"
    assert seven.issued_at == importer.desk.now
    assert Event.objects.filter(kind="import.finished").count() == 1


def test_importing_again_changes_nothing(importer: Importer) -> None:
    importer.start(TWO)
    told = importer.told(TWO)
    assert (told["created"], told["updated"], told["unchanged"]) == (0, 0, 2)
    assert Customer.objects.count() == 2
    assert set(Invoice.objects.values_list("version", flat=True)) == {1}


def test_a_preview_says_the_same_and_does_nothing(importer: Importer) -> None:
    told = importer.told(TWO, dry_run=True)
    assert (told["created"], told["dry_run"], told["state"]) == (2, True, "done")
    assert not Invoice.objects.exists()
    assert not Event.objects.filter(kind="import.finished").exists()


def test_changed_rows_are_amended_and_only_they(importer: Importer) -> None:
    importer.start(TWO)
    told = importer.told(TWO.replace("120.50", "130.50"))
    assert (told["created"], told["updated"], told["unchanged"]) == (0, 1, 1)
    seven = Invoice.objects.get(number="007")
    assert (seven.total_minor, seven.version) == (13050, 2)


def test_undo_empties_what_the_import_made(importer: Importer) -> None:
    done = importer.start(TWO)
    report = importer.undo(done)
    assert (report["undone"], report["refused"]) == (4, [])
    assert not Invoice.objects.exists()
    assert not Customer.objects.exists()
    assert not ImportEntry.objects.exists()
    assert importer.told(TWO)["created"] == 2


def test_undo_restores_what_the_import_changed(importer: Importer) -> None:
    importer.start(TWO)
    importer.undo(
        importer.start(TWO.replace("120.50", "130.50").replace("2026-03-03", "2026-03-09"))
    )
    seven = Invoice.objects.get(number="007")
    assert (seven.total_minor, seven.due_date) == (12050, date(2026, 3, 3))


def test_undo_refuses_and_names_what_was_paid_or_edited(importer: Importer) -> None:
    more = TWO + "9,Bolt,EUR,1,2026-02-02,\n"
    done = importer.start(more)
    paid = Invoice.objects.get(number="007")
    importer.desk.pay(paid.customer, "1.00")
    edited = Invoice.objects.get(number="0008")
    operations.amend_invoice(
        **importer.desk.here, invoice_id=edited.pk, changes={"purchase_order": "PO 1"}
    )
    report = importer.undo(done)
    named = {(row["label"], row["reason"]) for row in report["refused"]}
    assert named == {
        ("007", "paid"),
        ("0008", "edited"),
        ("Acme", "in_use"),
        ("Bolt", "in_use"),
    }
    assert set(Invoice.objects.values_list("number", flat=True)) == {"007", "0008"}


def test_undo_refuses_what_was_sent(importer: Importer) -> None:
    gentle = cadence(importer.desk)
    done = importer.start(TWO, options={"sent": "no", "cadence": gentle.name})
    seven = Invoice.objects.get(number="007")
    FirstSend.objects.create(
        organization=importer.organization, invoice=seven, at=importer.desk.now, how="sent"
    )
    report = importer.undo(done)
    assert {(row["label"], row["reason"]) for row in report["refused"]} == {
        ("007", "sent"),
        ("Acme", "in_use"),
    }
    assert set(Schedule.objects.values_list("invoice_id", flat=True)) == {seven.pk}


@pytest.mark.parametrize(
    ("row", "field", "said"),
    [
        ("1,Acme,EUR,-5,2026-02-01,", "total", "greater than zero"),
        ("1,Acme,EUR,0,2026-02-01,", "total", "greater than zero"),
        ("1,Acme,EUR,12.345,2026-02-01,", "total", "digits"),
        ("1,Acme,EUR,much,2026-02-01,", "total", "not a number"),
        ("1,Acme,JPY,12.50,2026-02-01,", "total", "digits"),
        ("1,Acme,XXX,5,2026-02-01,", "currency", "not a currency"),
        ("1,Acme,EUR,5,2026-02-30,", "invoice_date", "not a date"),
        ("1,Acme,EUR,5,2026-02-02,2026-02-01", "due_date", "before the invoice date"),
        (",Acme,EUR,5,2026-02-01,", "number", "empty"),
        ("1,,EUR,5,2026-02-01,", "customer", "no customer"),
        (f"1,{'x' * 1000},EUR,5,2026-02-01,", "customer", "1000 characters"),
        ("1,Acme,EUR,USD 5,2026-02-01,", "total", "cannot be combined"),
        ("1,Acme,EUR,5,2026-02-01,,extra", "", "more cells"),
        ("1,Ac\x07me,EUR,5,2026-02-01,", "customer", "control character"),
    ],
)
def test_a_wrong_row_is_told_at_its_field(
    importer: Importer, row: str, field: str, said: str
) -> None:
    told = importer.told(f"{TWO}{row}\n")
    assert (told["state"], told["created"], told["invalid_rows"]) == ("failed", 0, 1)
    assert problems(told) == [(4, field)]
    assert said in told["invalid"][0]["message"]
    assert not Invoice.objects.exists()
    assert not Customer.objects.exists()


def test_valid_rows_can_be_imported_alone(importer: Importer) -> None:
    told = importer.told(f"{TWO}1,Acme,EUR,0,2026-02-01,\n", options={"valid_only": True})
    assert (told["state"], told["created"], told["valid"]) == ("done", 2, 2)


def test_a_number_twice_in_the_file_points_at_the_first(importer: Importer) -> None:
    told = importer.told(TWO + "007,Acme,EUR,1,2026-02-01,\n", options={"valid_only": True})
    assert problems(told) == [(4, "number")]
    assert "row 2" in told["invalid"][0]["message"]


def test_an_invoice_keeps_its_customer_and_currency(importer: Importer) -> None:
    importer.start(TWO)
    changed = TWO.replace("007,Acme", "007,Bolt").replace("0008,Bolt,USD", "0008,Bolt,EUR")
    told = importer.told(changed)
    assert problems(told) == [(2, "customer"), (3, "currency")]


def test_a_closed_invoice_is_not_changed(importer: Importer) -> None:
    importer.start(TWO)
    seven = Invoice.objects.get(number="007")
    operations.close_invoice(**importer.desk.here, invoice_id=seven.pk, reason="void")
    assert importer.told(TWO)["unchanged"] == 2
    assert problems(importer.told(TWO.replace("120.50", "1"))) == [(2, "number")]


def test_the_due_date_follows_terms_where_none_is_given(importer: Importer) -> None:
    importer.desk.customer("Slow", terms=Terms(days=60))
    told = importer.told(
        "number,customer,total,date,terms,terms_anchor\n"
        "1,Acme,5,2026-01-10,net 14,\n"
        "2,Acme,5,2026-01-10,10,end_of_month\n"
        "3,Acme,5,2026-01-10,,\n"
        "4,Acme,5,2026-01-10,10,delivery_date\n"
        "5,Slow,5,2026-01-10,,\n",
        options={"valid_only": True},
    )
    assert problems(told) == [(5, "delivery_date")]
    days = dict(Invoice.objects.values_list("number", "due_date"))
    assert days == {
        "1": date(2026, 1, 24),
        "2": date(2026, 2, 10),
        "3": date(2026, 2, 9),
        "5": date(2026, 3, 11),
    }


def test_customers_are_found_by_number_then_by_name(importer: Importer) -> None:
    known = importer.desk.customer("Acme", external_id="17")
    importer.desk.customer("Twin")
    importer.desk.customer("Twin")
    told = importer.told(
        "number,customer,customer_external_id,total,date\n"
        "1,Other spelling,17,5,2026-01-10\n"
        "2,Acme,,5,2026-01-10\n"
        "3,Acme,18,5,2026-01-10\n"
        "4,Twin,,5,2026-01-10\n",
        options={"valid_only": True},
    )
    assert problems(told) == [(5, "customer")]
    assert list(known.invoices.order_by("number").values_list("number", flat=True)) == ["1", "2"]
    assert Customer.objects.get(external_id="18").name == "Acme"
    known.refresh_from_db()
    assert known.name == "Acme"


def test_a_number_under_many_spellings_is_one_customer(importer: Importer) -> None:
    importer.start(
        "invoice_id,cust_number,name_customer,total_open_amount,invoice_currency,"
        "baseline_create_date,due_in_date,isOpen,Aging_bucket\n"
        "1930571429.0,0200706844,WINC us,8734.71,USD,2020-02-27,2020-03-13,1,x\n"
        "1930571430.0,0200706844,WINC co,1,USD,20200227.0,2020-03-13,1,x\n"
        "1930571431.0,0200706844,WINC co,1,CAD,2020-02-27,2020-03-13,1,x\n"
        "1930571432.0,0200706844,WINC co,1,CAD,2020-02-27,2020-03-13,0,x\n"
    )
    customer = Customer.objects.get()
    assert (customer.external_id, customer.name) == ("0200706844", "WINC co")
    assert set(Invoice.objects.values_list("number", "currency")) == {
        ("1930571429", "USD"),
        ("1930571430", "USD"),
        ("1930571431", "CAD"),
    }


def test_an_ambiguous_date_is_never_guessed(importer: Importer) -> None:
    text = "number,customer,total,date\n1,Acme,5,02/03/2026\n"
    with pytest.raises(InvalidInput) as caught:
        importer.start(text)
    assert caught.value.problems[0].field == "mapping.invoice_date"
    importer.start(text, options={"date_format": "m/d/Y"})
    assert Invoice.objects.get().invoice_date == date(2026, 2, 3)
    told = importer.told(
        text, mapping={"invoice_date": {"column": "date", "format": "d/m/Y"}}, dry_run=True
    )
    assert told["updated"] == 1


def test_an_ambiguous_amount_is_never_guessed(importer: Importer) -> None:
    text = "number;customer;total;date\n1;Acme;1.234;2026-02-01\n"
    with pytest.raises(InvalidInput) as caught:
        importer.start(text)
    assert caught.value.problems[0].field == "mapping.total"
    importer.start(text, options={"decimal": ","})
    assert Invoice.objects.get().total_minor == 123400


def test_columns_are_found_in_german(importer: Importer) -> None:
    text = (
        "Rechnungs-Nr.;Kunde;Kundennummer;Betrag;Währung;Rechnungsdatum;Fällig am\n"
        "R-1;Müller & Söhne;K1;1.234,50;EUR;13.02.2026;15.03.2026\n"
    )
    for data in (text.encode("cp1252"), text.encode("utf-16"), text.encode("utf-8-sig")):
        importer.start(data)
    row = Invoice.objects.get()
    assert (row.total_minor, row.due_date, row.customer.name) == (
        123450,
        date(2026, 3, 15),
        "Müller & Söhne",
    )


@pytest.mark.parametrize("way", ["field", "header"])
def test_columns_are_mapped_by_hand(importer: Importer, way: str) -> None:
    pairs = {"number": "Nr", "customer": "Wer", "total": "Summe", "invoice_date": "Tag"}
    mapping = pairs if way == "field" else {header: field for field, header in pairs.items()}
    told = importer.told("Nr,Wer,Summe,Tag,Rest\n1,Acme,5,2026-02-01,x\n", mapping=mapping)
    assert told["created"] == 1
    assert told["unknown_columns"] == ["Rest"]


@pytest.mark.parametrize(
    ("content", "mapping", "field"),
    [
        ("Nr,Wer\n1,Acme\n", {}, "mapping.number"),
        (TWO, {"number": "Nummer 5"}, "mapping.number"),
        (TWO, {"colour": "number"}, "mapping.colour"),
        (
            TWO,
            {"invoice_date": {"column": "invoice_date", "format": "often"}},
            "mapping.invoice_date",
        ),
        ("", {}, "file"),
        (HEAD, {}, "file"),
        (b"number,customer\n1,Caf\xc3\n", {}, "file"),
        (b"%PDF-1.7 \n", {}, "file"),
        (b"PK\x03\x04nonsense", {}, "file"),
        (b"number,customer\n1,A\x00cme\n", {}, "file"),
        (HEAD + '1,"Acme,EUR' + "x" * 140_000, {}, "file"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(
    importer: Importer, content: str | bytes, mapping: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        importer.start(content, mapping=mapping)
    assert caught.value.problems[0].field == field


def test_a_file_that_is_too_large_is_refused(importer: Importer, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 1 << 20
    with pytest.raises(InvalidInput, match="larger than 1 MB"):
        importer.start(b"x" * ((1 << 20) + 1))
    assert list((settings.DATA / "imports").iterdir()) == []


def test_text_that_looks_like_a_formula_is_kept(importer: Importer) -> None:
    importer.start(HEAD + "=1+1,@cmd,EUR,5,2026-02-01,\n")
    row = Invoice.objects.get()
    assert (row.number, row.customer.name) == ("=1+1", "@cmd")


def test_all_errors_are_in_a_file_neutral_to_spreadsheets(importer: Importer) -> None:
    lines = "".join(f"{n},Acme,EUR,=x,2026-02-01,\n" for n in range(1200))
    import_ = importer.start(HEAD + lines)
    assert (len(import_.invalid), import_.invalid_rows) == (1000, 1200)
    written = files.errors(import_.pk).read_text("utf-8-sig").splitlines()
    assert len(written) == 1201


def test_dates_before_today_count_as_sent(importer: Importer) -> None:
    importer.start(HEAD + "1,A,EUR,5,2026-03-01,\n2,A,EUR,5,2026-03-02,\n")
    marked = {row.invoice.number for row in FirstSend.objects.all()}
    assert marked == {"1"}
    assert Invoice.objects.get(number="1").first_marked_sent_at == importer.desk.now
    assert Invoice.objects.get(number="2").first_marked_sent_at is None


def test_the_sent_column_decides(importer: Importer) -> None:
    importer.start("number,customer,total,date,sent\n1,A,5,2026-01-01,no\n2,A,5,2026-03-02,yes\n")
    assert {row.invoice.number for row in FirstSend.objects.all()} == {"2"}


def test_a_cadence_column_chases_and_the_preview_counts_messages(importer: Importer) -> None:
    gentle = cadence(importer.desk)
    text = (
        "number,customer,total,date,due_date,cadence,sent\n"
        "1,A,5,2026-03-01,2026-03-20,Gentle,no\n"
        f"2,A,5,2026-03-01,2026-03-20,{gentle.pk},yes\n"
        "3,A,5,2026-03-01,2026-03-20,,no\n"
    )
    assert importer.told(text, dry_run=True)["counts"]["messages_now"] == 1
    importer.start(text)
    states = {
        (send.invoice.number, send.step_key): (send.state, send.reason)
        for send in PlannedSend.objects.all()
    }
    assert states == {
        ("1", 1): ("planned", ""),
        ("1", 2): ("planned", ""),
        ("2", 1): ("skipped", "already_sent"),
        ("2", 2): ("planned", ""),
    }
    again = importer.told(text)
    assert (again["unchanged"], again["counts"]["messages_now"]) == (3, 0)
    assert PlannedSend.objects.count() == 4


def test_a_cadence_column_chases_known_invoices_too(importer: Importer) -> None:
    cadence(importer.desk)
    importer.start(TWO)
    importer.start("number,customer,total,date,cadence\n007,Acme,120.50,2026-02-01,gentle\n")
    assert Schedule.objects.get().invoice.number == "007"


def test_the_default_cadence_holds_only_if_told(importer: Importer) -> None:
    cadence(importer.desk, default=True)
    importer.start(TWO)
    assert not Schedule.objects.exists()
    importer.start(TWO.replace("007", "1").replace("0008", "2"), options={"default_cadence": True})
    assert Schedule.objects.count() == 2


def test_unknown_cadences_and_owners_are_told(importer: Importer) -> None:
    told = importer.told(
        "number,customer,total,date,cadence,owner\n1,A,5,2026-01-01,Fierce,Nobody\n"
    )
    assert sorted(problems(told)) == [(2, "cadence"), (2, "owner")]


def test_the_currency_is_asked_once(importer: Importer) -> None:
    importer.start("number,customer,total,date\n1,A,5,2026-01-01\n", options={"currency": "CHF"})
    assert Invoice.objects.get().currency == "CHF"


def test_the_ibm_file_goes_in_and_out_again(importer: Importer) -> None:
    data = real("ibm_accounts_receivable.csv").read_bytes()
    done = importer.start(data)
    assert (done.created, done.invalid_rows, done.counts["customers_created"]) == (2466, 0, 100)
    assert Invoice.objects.filter(number="0000611365", invoice_date=date(2013, 1, 2)).exists()
    assert importer.start(data).unchanged == 2466
    assert importer.undo(done)["refused_rows"] == 0
    assert not Invoice.objects.exists()
    assert not Customer.objects.exists()


def test_the_highradius_file_keeps_currencies_apart(importer: Importer) -> None:
    done = importer.start(real("highradius_open_invoices.csv").read_bytes())
    assert (done.created, done.invalid_rows, done.counts["customers_created"]) == (9700, 0, 664)
    assert Invoice.objects.filter(currency="CAD").count() == 747
    assert Invoice.objects.filter(currency="USD").count() == 8953
    assert Customer.objects.get(external_id="0200769623").name == "WAL-MAR corporation"
