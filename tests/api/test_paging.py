"""Lists in pages that neither repeat nor lose a row."""

from typing import Any

import pytest

from tests.api.conftest import Program, euro


def pages(program: Program, path: str, **query: Any) -> list[list[Any]]:
    found = []
    while True:
        page = program.get(path, **query)
        found.append(page["items"])
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


def test_rows_that_come_meanwhile_move_nothing(program: Program) -> None:
    for n in range(5):
        program.customer(name=f"C{n}")
    first = program.get("/customers", limit=2)
    program.customer(name="Later")
    rest = pages(program, "/customers", limit=2, cursor=first["next"])
    names = [each["name"] for each in [*first["items"], *(r for p in rest for r in p)]]
    assert names == ["C0", "C1", "C2", "C3", "C4", "Later"]


@pytest.mark.parametrize(
    "sort",
    ["due_date", "-due_date", "amount", "-amount", "number", "client", "-client", "last_action"],
)
def test_invoices_come_once_each_in_any_order(program: Program, sort: str) -> None:
    customers = [program.customer(name=name) for name in ("Beta", "Alpha")]
    for n in range(6):
        program.invoice(
            customers[n % 2], total=f"{10 * (n % 3) + 10}.00", due_date=f"2026-03-{10 + n % 2}"
        )
    whole = [each["number"] for each in program.get("/invoices", sort=sort)["items"]]
    assert len(set(whole)) == 6
    parts = pages(program, "/invoices", sort=sort, limit=2)
    assert [each["number"] for part in parts for each in part] == whole
    assert [len(part) for part in parts] == [2, 2, 2]


@pytest.mark.parametrize("cursor", ["nonsense", "WyJ4Il0:1w:sig", "%5B%5D"])
@pytest.mark.parametrize("path", ["/customers", "/invoices", "/payments", "/outbox"])
def test_a_cursor_from_elsewhere_is_refused(program: Program, path: str, cursor: str) -> None:
    found = program.refused(422, "GET", f"{path}?cursor={cursor}")
    assert found.fields == ["cursor"]


def test_a_cursor_of_another_list_is_refused(program: Program) -> None:
    for _n in range(2):
        program.post("/contact-roles", {"name": f"Role {_n}"})
    other = program.get("/contact-roles", limit=1)["next"]
    program.refused(422, "GET", f"/customers?cursor={other}")


def test_payments_of_a_customer_or_an_invoice(program: Program) -> None:
    one, two = program.customer(name="One"), program.customer(name="Two")
    invoice = program.invoice(one)
    for customer in (one, two):
        body = {"customer_id": customer["id"], "amount": euro("5.00"), "received_on": "2026-03-01"}
        program.post("/payments", body)
    assert len(program.get("/payments")["items"]) == 2
    assert len(program.get("/payments", customer_id=two["id"])["items"]) == 1
    assert len(program.get("/payments", invoice_id=invoice["id"])["items"]) == 1
