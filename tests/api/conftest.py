"""A sandbox, and a client that speaks the API as a program does."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dunwell.chasing.models import Task
from dunwell.ledger.operations import block_address
from dunwell.tenancy.models import Organization
from dunwell.tenancy.operations import create_sandbox
from dunwell.tenancy.roles import SYSTEM_ACTOR
from dunwell.tenancy.scope import organization_scope

START = datetime(2026, 3, 1, 8, tzinfo=UTC)


@dataclass
class Answer:
    """What came back."""

    status: int
    json: Any
    headers: dict[str, str]
    type: str

    @property
    def fields(self) -> list[str]:
        return [each["field"] for each in self.json["errors"]]


@dataclass
class Program:
    """A program with a token."""

    organization: Organization
    token: str
    client: Client = field(default_factory=Client)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        extra = {"Authorization": f"Bearer {self.token}", **headers}
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        response = self.client.generic(
            method, f"/api/v1{path}", data, content_type="application/json", headers=extra
        )
        return answer(response)

    def get(self, path: str, **query: Any) -> Any:
        text = "&".join(f"{name}={value}" for name, value in query.items())
        return self.expect(200, "GET", f"{path}?{text}" if text else path)

    def post(self, path: str, body: Any = None, status: int = 201) -> Any:
        return self.expect(status, "POST", path, body)

    def patch(self, path: str, body: Any) -> Any:
        return self.expect(200, "PATCH", path, body)

    def put(self, path: str, body: Any) -> Any:
        return self.expect(200, "PUT", path, body)

    def expect(self, status: int, method: str, path: str, body: Any = None) -> Any:
        found = self.call(method, path, body)
        assert found.status == status, found.json
        return found.json

    def refused(self, status: int, method: str, path: str, body: Any = None) -> Answer:
        found = self.call(method, path, body)
        assert found.status == status, found.json
        assert found.type == "application/problem+json"
        assert found.json["status"] == status
        assert {"type", "title", "detail", "errors"} <= found.json.keys()
        return found

    def customer(self, **given: Any) -> Any:
        given.setdefault("name", "Acme")
        contacts = [{"name": "Ada Park", "email": "ada@acme.example", "receives_invoices": True}]
        given.setdefault("contacts", contacts)
        return self.post("/customers", given)

    def invoice(self, customer: Any = None, **given: Any) -> Any:
        owner = customer or self.customer()
        given.setdefault("total", "100.00")
        given.setdefault("issue", True)
        return self.post("/invoices", {"customer_id": owner["id"], **given})

    def advance(self, to: str) -> Any:
        return self.post("/test-clock/advance", {"to": to}, status=200)


def upload(program: Program, content: bytes, **form: Any) -> Answer:
    """Post a file to the importer."""
    file = SimpleUploadedFile("rows.csv", content, content_type="text/csv")
    return answer(
        program.client.post(
            "/api/v1/imports",
            {"file": file, **form},
            headers={"Authorization": f"Bearer {program.token}"},
        )
    )


def furnish(program: Program) -> dict[str, str]:
    """Make one thing of every kind; map the parameters of addresses to their ids."""
    today = "2026-03-01"
    step = {"trigger": {"type": "on_issue"}, "hour": 10, "channels": ["email"]}
    customer = program.customer(contacts=[{"name": "A", "email": "a@b.example", "roles": ["AP"]}])
    cadence = program.post("/cadences", {"name": "C", "steps": [step], "default": True})
    invoice = program.invoice(customer)
    money = {"customer_id": customer["id"], "amount": euro("1.00"), "applications": []}
    promise = program.post("/promises", {"invoice_id": invoice["id"], "promised_on": "2026-03-20"})
    schedule = program.get(f"/invoices/{invoice['id']}/schedule")
    return {
        "customer_id": customer["id"],
        "cadence_id": cadence["id"],
        "invoice_id": invoice["id"],
        "payment_id": program.post("/payments", {**money, "received_on": today})["id"],
        "credit_note_id": program.post("/credit-notes", {**money, "issued_on": today})["id"],
        "promise_id": promise["id"],
        "dispute_id": program.post("/disputes", {"invoice_id": invoice["id"]})["id"],
        "planned_send_id": schedule["planned_sends"][0]["id"],
        "role_id": program.get("/contact-roles")["items"][0]["id"],
        "member_id": program.get("/members")["items"][0]["id"],
        "import_id": upload(program, b"name\nX\n", kind="customers", dry_run="true").json["id"],
        "template_id": "new_invoice",
        "suppression_id": _suppressed(program),
        "plan_id": _plan(program, customer),
        "channel": "email",
        "customer_cadence_id": _customer_cadence(program),
        "task_id": _task(program, customer),
    }


def _plan(program: Program, customer: dict[str, Any]) -> str:
    invoice = program.invoice(customer)
    parts = [{"due_date": "2026-04-01", "amount": invoice["balance"]}]
    made = program.post("/payment-plans", {"invoice_id": invoice["id"], "installments": parts})
    return str(made["id"])


def _customer_cadence(program: Program) -> str:
    step = {"trigger": {"type": "past_due_age", "days": 5}, "action": "message"}
    body = {"name": "Accounts", "run": {"weekdays": [0], "hour": 9}, "steps": [step]}
    return str(program.post("/customer-cadences", body)["id"])


def _task(program: Program, customer: dict[str, Any]) -> str:
    with organization_scope(program.organization.pk):
        made = Task.objects.create(
            organization=program.organization,
            customer_id=UUID(customer["id"]),
            kind="call",
            due_on=START.date(),
            created_at=START,
        )
    return str(made.pk)


def _suppressed(program: Program) -> str:
    with organization_scope(program.organization.pk):
        block_address(
            actor=SYSTEM_ACTOR,
            now=START,
            channel="email",
            address="b@x.example",
            reason="opted_out",
        )
    return str(program.get("/suppressions")["items"][0]["id"])


def answer(response: Any) -> Answer:
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    body = json.loads(response.content) if response.content and "json" in kind else None
    return Answer(response.status_code, body, dict(response.headers), kind)


def euro(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def make_program(**given: Any) -> Program:
    given.setdefault("slug", f"s-{uuid.uuid4().hex[:12]}")
    organization, token = create_sandbox(
        time_zone=given.pop("time_zone", "Europe/Berlin"),
        currency=given.pop("currency", "EUR"),
        start=given.pop("start", START),
        wall=datetime.now(UTC),
        **given,
    )
    return Program(organization, token)


@pytest.fixture
def program(db: None) -> Program:
    return make_program()


@pytest.fixture
def other(db: None) -> Program:
    return make_program()


@pytest.fixture
def live_program(transactional_db: None) -> Program:
    return make_program()
