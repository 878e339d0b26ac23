"""`dunwell audit` finds what must never be true."""

import argparse
from typing import Any

import pytest
from django.db import connection

from dunwell.commands import audit
from dunwell.ledger import operations
from dunwell.ledger.invariants import INVARIANTS, violations
from dunwell.ledger.models import Contact, Invoice, InvoiceLine, Promise
from dunwell.ledger.operations import ContactInput, LineInput
from dunwell.tenancy.scope import system_scope
from tests.ledger.conftest import Desk, day


def _busy(desk: Desk) -> Invoice:
    customer = desk.customer(contacts=[ContactInput(name="A")])
    invoice = desk.invoice(customer, total=None, lines=[LineInput(unit_price="100")])
    operations.record_promise(**desk.here, invoice_id=invoice.pk, promised_on=day("2026-03-10"))
    desk.pay(customer, "100.00")
    return invoice


def _audit(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    # A command enters its own scope from outside of any organization.
    status = audit.run(argparse.Namespace())
    lines = capsys.readouterr().out.splitlines()
    wrong = [line.split(":")[0].split()[1] for line in lines[:-1] if line.split()[0] != "0"]
    return status, wrong


def test_a_busy_organization_violates_nothing(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    _busy(desk)
    status, wrong = _audit(capsys)
    assert (status, wrong) == (0, [])


def _by_force(table: str, assignment: str) -> None:
    """Change a table with its triggers off, as a careless hand would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {table} SET {assignment}")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda: _by_force("ledger_invoice", "applied_minor = 0"), "invoice_balance"),
        (lambda: _by_force("ledger_payment", "applied_minor = 1"), "payment_applied"),
        (lambda: _by_force("ledger_payment", "applied_minor = 0, reversed_minor = 1"),
         "payment_reversed"),
        (lambda: Invoice.objects.update(paid_at=None), "paid_when_nothing_owed"),
        (lambda: Invoice.objects.update(due_date="2001-01-01"), "issued_with_due_date"),
        (lambda: Invoice.objects.update(close_reason="void"), "closed_with_reason"),
        (lambda: InvoiceLine.objects.update(tax_minor=1), "lines_add_up"),
        (lambda: Contact.objects.update(billing=False), "one_billing_contact"),
        (lambda: Promise.objects.update(settled_at=None), "promise_settled"),
    ],
)  # fmt: skip
def test_the_audit_names_what_was_spoilt(
    desk: Desk, capsys: pytest.CaptureFixture[str], spoil: Any, name: str
) -> None:
    _busy(desk)
    spoil()
    status, wrong = _audit(capsys)
    assert status == 1
    assert name in wrong


def test_every_invariant_says_what_must_hold(desk: Desk) -> None:
    assert len({invariant.name for invariant in INVARIANTS}) == len(INVARIANTS)
    with system_scope("try every query"):
        assert [violations(invariant) for invariant in INVARIANTS] == [0] * len(INVARIANTS)
