"""Customers, their contacts and roles, and the figures of their account."""

from typing import Any
from uuid import uuid4

import pytest

from dunwell.core.aging import Bucket
from dunwell.core.money import Money
from dunwell.core.terms import Anchor, Terms
from dunwell.ledger import checks, errors, operations
from dunwell.ledger.models import Contact, ContactRole, Customer
from dunwell.ledger.operations import ActivityInput, ContactInput
from dunwell.ledger.queries import account_of, balance_forward, open_items
from dunwell.tenancy.errors import InvalidInput, NotFound
from dunwell.tenancy.models import AuditEntry
from tests.ledger.conftest import Desk, day, euros

BAD: list[tuple[str, dict[str, Any], str]] = [
    ("no name", {"name": "  "}, "name"),
    ("a name of 1,000 characters", {"name": "x" * 1000}, "name"),
    ("an unknown currency", {"currency": "EURO"}, "currency"),
    ("a language that is none", {"language": "klingon!"}, "language"),
    ("a country in full", {"address": {"country": "GER"}}, "address.country"),
    ("an address part that is unknown", {"address": {"planet": "Mars"}}, "address.planet"),
    ("an owner who is no member", {"owner_id": uuid4()}, "owner"),
    ("a tag that is too long", {"tags": ["ok", "x" * 51]}, "tags.1"),
    ("an email that is none", {"contacts": [ContactInput(email="nobody")]}, "contacts.0.email"),
    ("a contact without anything", {"contacts": [ContactInput()]}, "contacts.0.name"),
    (
        "a contact's unknown time zone",
        {"contacts": [ContactInput(name="A", time_zone="Mars/Olympus")]},
        "contacts.0.time_zone",
    ),
    (
        "the same address twice",
        {"contacts": [ContactInput(email="a@b.example"), ContactInput(email="A@b.example")]},
        "contacts",
    ),
]


@pytest.mark.parametrize(("given", "field"), [pytest.param(*b[1:], id=b[0]) for b in BAD])
def test_bad_customers_are_refused_at_their_field(
    desk: Desk, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        desk.customer(**{"name": "Acme", **given})
    assert field in {problem.field for problem in refused.value.problems}
    assert not Contact.objects.exists()


def test_an_external_id_names_one_customer(desk: Desk) -> None:
    desk.customer(external_id="C1")
    with pytest.raises(errors.DuplicateExternalId):
        desk.customer("Other", external_id="C1")
    desk.customer("Third")
    desk.customer("Fourth")  # none is no id


@pytest.mark.parametrize(
    ("days", "anchor", "field"), [(-1, "invoice_date", "days"), (5, "moon", "anchor")]
)
def test_terms_are_read_with_their_parts_named(days: int, anchor: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checks.read_terms(days=days, anchor=anchor)
    assert refused.value.problems[0].field == f"terms.{field}"


def test_changes_are_audited_with_old_and_new_value(desk: Desk) -> None:
    customer = desk.customer(terms=Terms(10), tags=["vip", "vip", ""])
    operations.update_customer(
        **desk.here,
        customer_id=customer.pk,
        changes={"name": "Acme Ltd", "terms": Terms(20, Anchor.END_OF_MONTH), "tags": ["vip"]},
    )
    assert AuditEntry.objects.get(action="customer.updated").changes == {
        "name": ["Acme", "Acme Ltd"],
        "terms_days": [10, 20],
        "terms_anchor": ["invoice_date", "end_of_month"],
    }
    with pytest.raises(NotFound):
        operations.update_customer(**desk.here, customer_id=uuid4(), changes={"name": "x"})


def test_naming_a_role_creates_it_once_whatever_its_case(desk: Desk) -> None:
    desk.customer(contacts=[ContactInput(name="A", roles=["Accounts Payable"])])
    desk.customer("B", contacts=[ContactInput(name="B", roles=["accounts  payable", "CFO"])])
    assert sorted(role.name for role in ContactRole.objects.all()) == ["Accounts Payable", "CFO"]


def test_exactly_one_contact_is_the_billing_contact(desk: Desk) -> None:
    def billing(customer: Customer) -> list[str]:
        return [c.name for c in Contact.objects.filter(customer=customer, billing=True)]

    customer = desk.customer(contacts=[ContactInput(name="A"), ContactInput(name="B")])
    assert billing(customer) == ["A"]
    save: dict[str, Any] = {**desk.here, "customer_id": customer.pk}
    operations.save_contacts(**save, contacts=[ContactInput(name="C", billing=True)])
    assert billing(customer) == ["C"]
    operations.save_contacts(**save, contacts=[ContactInput(name="D")], replace=True)
    assert billing(customer) == ["D"]
    operations.save_contacts(**save, contacts=[], replace=True)
    assert not Contact.objects.exists()


def test_contacts_are_found_again_by_id_and_by_address(desk: Desk) -> None:
    customer = desk.customer(
        contacts=[
            ContactInput(email="a@x.example", roles=["AP"]),
            ContactInput(email="b@x.example"),
        ]
    )
    first, second = Contact.objects.order_by("email")
    operations.block_contact(
        actor=desk.actor, now=desk.now, contact_id=first.pk, channel="email", reason="bounced"
    )
    operations.save_contacts(
        **desk.here,
        customer_id=customer.pk,
        contacts=[
            ContactInput(email="A@x.example", name="Ada"),
            ContactInput(id=second.pk, email="new@x.example", roles=["CFO"]),
        ],
        replace=True,
    )
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.name, first.email_blocked) == ("Ada", "bounced")  # the same address still bounces
    assert second.email == "new@x.example"
    assert not first.role_assignments.exists()
    assert [a.role.name for a in second.role_assignments.all()] == ["CFO"]
    operations.save_contacts(
        **desk.here,
        customer_id=customer.pk,
        contacts=[ContactInput(id=first.pk, email="c@x.example")],
    )
    first.refresh_from_db()
    assert first.email_blocked == ""
    with pytest.raises(NotFound):
        operations.save_contacts(
            **desk.here, customer_id=customer.pk, contacts=[ContactInput(id=uuid4(), name="X")]
        )


def test_the_account_keeps_currencies_apart_and_ages_balances(desk: Desk) -> None:
    customer = desk.customer()
    early: dict[str, Any] = {"invoice_date": day("2025-11-01")}
    desk.invoice(customer, "10.00", due_date=day("2026-03-02"), **early)
    desk.invoice(customer, "20.00", due_date=day("2026-03-01"), **early)
    desk.invoice(customer, "40.00", due_date=day("2026-01-30"), **early)
    desk.invoice(customer, "80.00", due_date=day("2025-12-01"), **early)
    desk.invoice(customer, "5.00", currency="USD", due_date=day("2026-03-01"), **early)
    written_off = desk.invoice(customer, "999.00", **early)
    operations.close_invoice(**desk.here, invoice_id=written_off.pk, reason="write_off")
    desk.pay(customer, "15.00", applications=[])
    account = account_of(customer_id=customer.pk, today=day("2026-03-02"))
    assert account.outstanding == {"EUR": euros("150.00"), "USD": Money(500, "USD")}
    assert account.overdue == {"EUR": euros("140.00"), "USD": Money(500, "USD")}
    assert account.credit == {"EUR": euros("15.00")}
    assert {b: m.text for b, m in account.aging["EUR"].buckets.items()} == {
        Bucket.CURRENT: "10.00",
        Bucket.UP_TO_30: "20.00",
        Bucket.UP_TO_60: "40.00",
        Bucket.UP_TO_90: "0.00",
        Bucket.OVER_90: "80.00",
    }
    assert account.average_days_to_pay is None


def test_days_to_pay_count_from_invoice_date_to_the_last_receipt(desk: Desk) -> None:
    customer = desk.customer()
    for days, amount in ((10, "100.00"), (25, "50.00")):
        desk.invoice(customer, amount, invoice_date=day("2026-02-01"))
        desk.pay(customer, amount, received_on=day(f"2026-02-{days + 1}"))
    account = account_of(customer_id=customer.pk, today=day("2026-03-02"))
    assert account.average_days_to_pay == 17.5


def test_statements_list_what_is_open_and_what_moved(desk: Desk) -> None:
    customer = desk.customer()
    old = desk.invoice(customer, "100.00", invoice_date=day("2026-01-10"))
    desk.invoice(customer, "50.00", invoice_date=day("2026-02-10"))
    desk.pay(customer, "70.00", received_on=day("2026-02-20"), reference="R1")
    (items,) = open_items(customer_id=customer.pk)
    assert [(e.label, e.balance.text) for e in items.entries] == [
        ("INV-0001", "30.00"),
        ("INV-0002", "50.00"),
    ]
    assert items.closing == euros("80.00")
    operations.close_invoice(**desk.here, invoice_id=old.pk, reason="write_off")
    (moved,) = balance_forward(
        customer_id=customer.pk, since=day("2026-02-01"), until=day("2026-03-31")
    )
    assert moved.opening == euros("100.00")
    assert [(e.kind, e.amount.text, e.balance.text) for e in moved.entries] == [
        ("invoice", "50.00", "150.00"),
        ("payment", "-70.00", "80.00"),
        ("closed", "-30.00", "50.00"),
    ]
    assert moved.closing == euros("50.00")


def test_calls_and_notes_are_logged_on_invoice_or_account(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.invoice(customer)

    def log(**given: Any) -> Any:
        return operations.log_activity(**desk.here, data=ActivityInput(**given))

    entry = log(kind="call", invoice_id=invoice.pk, outcome="no answer", next_on=day("2026-03-05"))
    assert (entry.customer_id, entry.counts, entry.by) == (customer.pk, True, "Ada")
    assert log(kind="note", customer_id=customer.pk, text="asked for a copy").invoice_id is None
    for given, field in (
        ({"kind": "payment", "customer_id": customer.pk}, "kind"),
        ({"kind": "note"}, "invoice_id"),
        ({"kind": "note", "customer_id": customer.pk, "outcome": "o" * 201}, "outcome"),
    ):
        with pytest.raises(InvalidInput) as refused:
            log(**given)
        assert refused.value.problems[0].field == field
    with pytest.raises(NotFound):
        log(kind="note", invoice_id=uuid4())
