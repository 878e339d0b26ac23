"""An organization on a sandbox clock, a customer, and short ways to make invoices."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from dunwell.core.money import Money
from dunwell.ledger import operations
from dunwell.ledger.models import Customer, Invoice
from dunwell.ledger.operations import (
    ApplicationInput,
    CustomerInput,
    InvoiceInput,
    PaymentInput,
    PaymentResult,
)
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor, Role
from dunwell.tenancy.scope import organization_scope, system_scope

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Desk:
    """Someone at work in one organization at one instant; methods are shortcuts of operations."""

    organization: Organization
    now: datetime = NOON
    actor: Actor = field(default_factory=lambda: Actor(label="Ada", role=Role.OWNER))

    @property
    def here(self) -> dict[str, Any]:
        return {"organization": self.organization, "actor": self.actor, "now": self.now}

    def at(self, year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> "Desk":
        return replace(self, now=datetime(year, month, day, hour, minute, tzinfo=UTC))

    def customer(self, name: str = "Acme", **given: Any) -> Customer:
        return operations.create_customer(**self.here, data=CustomerInput(name=name, **given))

    def invoice(
        self, customer: Customer, total: str | None = "100.00", *, issue: bool = True, **given: Any
    ) -> Invoice:
        data = InvoiceInput(customer_id=customer.pk, total=total, **given)
        return operations.create_invoice(**self.here, data=data, issue=issue)

    def pay(
        self, customer: Customer, amount: str, currency: str = "EUR", **given: Any
    ) -> PaymentResult:
        given.setdefault("received_on", self.now.date())
        data = PaymentInput(customer_id=customer.pk, amount=Money.parse(amount, currency), **given)
        return operations.record_payment(**self.here, data=data)

    def fresh(self, invoice: Invoice) -> Invoice:
        return Invoice.objects.get(pk=invoice.pk)


def euros(amount: str) -> Money:
    return Money.parse(amount, "EUR")


def to(invoice: Invoice, amount: str | None = None, currency: str = "EUR") -> ApplicationInput:
    money = None if amount is None else Money.parse(amount, currency)
    return ApplicationInput(invoice_id=invoice.pk, amount=money)


def day(text: str) -> date:
    return date.fromisoformat(text)


def make_organization(slug: str = "acme", **given: Any) -> Organization:
    with system_scope("make an organization for a test"):
        return Organization.objects.create(
            slug=slug,
            name=slug.title(),
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            time_zone=given.pop("time_zone", "Europe/Berlin"),
            **given,
        )


@pytest.fixture
def organization(request: pytest.FixtureRequest) -> Organization:
    request.getfixturevalue("transactional_db" if _threads(request) else "db")
    return make_organization()


def _threads(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction"))


@pytest.fixture
def desk(organization: Organization) -> Iterator[Desk]:
    with organization_scope(organization):
        yield Desk(organization)
