"""What programs do with customers, invoices and money."""

from typing import Any

import pytest

from tests.api.conftest import Program, euro


def test_a_customer_comes_back_as_it_was_given(program: Program) -> None:
    given = {
        "name": "Kaufmann & Lindqvist",
        "external_id": "0042",
        "language": "de",
        "currency": "CHF",
        "terms": {"days": 60, "anchor": "delivery_date"},
        "tags": ["vip", "north"],
        "autopay": True,
        "contacts": [
            {
                "name": "Ada Park",
                "email": "ada@kaufmann.example",
                "phone": "+49 30 1",
                "address": {"line1": "Hafenstr. 12", "postal_code": "20457", "country": "DE"},
                "time_zone": "Europe/Berlin",
                "roles": ["Accounts Payable"],
                "receives_invoices": True,
                "billing": True,
            }
        ],
    }
    made = program.post("/customers", given)
    assert {name: made[name] for name in given if name != "contacts"} == {
        name: value for name, value in given.items() if name != "contacts"
    }
    [contact] = made["contacts"]
    assert contact["id"]
    assert contact["roles"] == ["Accounts Payable"]
    assert contact["address"]["country"] == "DE"
    assert made["owner"]["email"] == f"owner@{program.organization.slug}.example"
    assert made["created_at"] == "2026-03-01T09:00:00+01:00"
    assert program.get(f"/customers/{made['id']}") == made
    assert [each["name"] for each in program.get("/contact-roles")["items"]] == ["Accounts Payable"]


def test_a_patch_changes_only_what_it_names_and_null_clears(program: Program) -> None:
    made = program.customer(
        external_id="7", terms={"days": 14, "anchor": "invoice_date"}, tags=["a"], language="de"
    )
    path = f"/customers/{made['id']}"
    assert program.patch(path, {"tags": ["b"]}) == {**made, "tags": ["b"]}
    cleared = program.patch(path, {"terms": None, "external_id": None, "language": None})
    assert cleared == {**made, "tags": ["b"], "terms": None, "external_id": None, "language": None}
    owner = made["owner"]
    assert program.patch(path, {"owner": owner["email"]})["owner"] == owner
    assert program.patch(path, {"owner": owner["id"]})["owner"] == owner


def test_customers_are_found_by_text_tag_and_external_id(program: Program) -> None:
    program.customer(name="Alpha Works", external_id="A-1", tags=["north"])
    program.customer(name="Beta", external_id="B-2")
    for query in ({"q": "alpha"}, {"external_id": "A-1"}, {"tag": "north"}):
        found = program.get("/customers", **query)["items"]
        assert [each["name"] for each in found] == ["Alpha Works"], query


def test_the_same_external_id_twice_is_a_conflict(program: Program) -> None:
    program.customer(external_id="1")
    found = program.refused(409, "POST", "/customers", {"name": "B", "external_id": "1"})
    assert found.fields == ["external_id"]


def test_an_invoice_with_lines_adds_them_up(program: Program) -> None:
    customer = program.customer(terms={"days": 60, "anchor": "delivery_date"})
    line = {"description": "Consulting", "quantity": 3, "unit_price": "99.50", "tax_rate": "19"}
    made = program.post(
        "/invoices",
        {
            "customer_id": customer["id"],
            "number": "2026-001",
            "lines": [line, {"description": "Travel", "unit_price": "0.125", "quantity": "2"}],
            "delivery_date": "2026-03-03",
            "purchase_order": "PO-1",
            "issue": True,
        },
    )
    assert made["total"] == euro("355.47")
    assert made["balance"] == euro("355.47")
    assert made["lines"][0]["unit_price"] == euro("99.50")
    assert made["lines"][0]["quantity"] == "3"
    assert made["lines"][0]["tax_rate"] == "19"
    assert made["lines"][0]["total"] == euro("355.22")
    assert made["lines"][1]["unit_price"] == euro("0.125")
    assert (made["status"], made["due_date"], made["days_overdue"]) == ("sent", "2026-05-02", 0)
    assert "net 60 from delivery" in made["due_explained"]
    assert made["last_action"] is None
    assert made["next_send"] is None


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, ["total"]),
        ({"total": "0"}, ["total"]),
        ({"total": "-5.00"}, ["total"]),
        ({"total": "1.005"}, ["total"]),
        ({"total": 12.5}, ["total"]),
        ({"total": "1e3"}, ["total"]),
        ({"total": "10", "currency": "XXX"}, ["currency"]),
        ({"total": "99999999999999999999"}, ["total"]),
        ({"total": "10", "due_date": "2026-02-01", "invoice_date": "2026-02-02"}, ["due_date"]),
        ({"total": "10", "invoice_date": "2026-02-30"}, ["invoice_date"]),
        ({"total": "10", "invoice_date": 20260201}, ["invoice_date"]),
        ({"total": "10", "cadence_id": "01a20000-0000-7000-8000-000000000000"}, ["cadence_id"]),
        ({"lines": [{"unit_price": "x"}]}, ["lines.0.unit_price"]),
        ({"lines": [{"unit_price": "1", "quantity": True}]}, ["lines.0.quantity"]),
        ({"lines": [{"unit_price": "1", "tax_rate": 500}]}, ["lines.0.tax_rate"]),
        ({"lines": [{"unit_price": "1"}], "total": "2"}, ["total"]),
    ],
)
def test_a_wrong_invoice_names_its_fields(
    program: Program, given: dict[str, Any], fields: list[str]
) -> None:
    body = {"customer_id": program.customer()["id"], **given}
    assert program.refused(422, "POST", "/invoices", body).fields == fields
    assert program.get("/invoices")["items"] == []


def test_a_draft_is_issued_closed_and_reopened(program: Program) -> None:
    made = program.invoice(issue=False)
    path = f"/invoices/{made['id']}"
    assert made["status"] == "draft"
    assert program.post(f"{path}/issue", status=200)["status"] == "sent"
    program.refused(409, "POST", f"{path}/issue")
    program.refused(422, "POST", f"{path}/close", {"reason": "because"})
    closed = program.post(f"{path}/close", {"reason": "void", "note": "typo"}, status=200)
    assert (closed["status"], closed["close_reason"], closed["close_note"]) == (
        "closed", "void", "typo",
    )  # fmt: skip
    program.refused(409, "PATCH", path, {"note": "x"})
    assert program.post(f"{path}/reopen", status=200)["status"] == "sent"
    program.refused(409, "POST", f"{path}/reopen")
    program.refused(409, "DELETE", path)


def test_a_draft_can_be_deleted(program: Program) -> None:
    made = program.invoice(issue=False)
    program.expect(204, "DELETE", f"/invoices/{made['id']}")
    program.refused(404, "GET", f"/invoices/{made['id']}")


def test_a_draft_can_be_issued_with_its_last_change(program: Program) -> None:
    made = program.invoice(issue=False)
    changed = program.patch(f"/invoices/{made['id']}", {"note": "final", "issue": True})
    assert (changed["status"], changed["note"]) == ("sent", "final")
    program.refused(409, "PATCH", f"/invoices/{made['id']}", {"note": "x", "issue": True})
    assert program.get(f"/invoices/{made['id']}")["note"] == "final"


def test_marking_as_sent_issues_a_draft_and_only_records_later(program: Program) -> None:
    made = program.invoice(issue=False)
    marked = program.post(f"/invoices/{made['id']}/mark-sent", status=200)
    assert (marked["status"], marked["flags"]) == ("sent", ["not_chased"])
    assert marked["marked_sent_at"] == "2026-03-01T09:00:00+01:00"
    program.post(f"/invoices/{made['id']}/mark-sent", status=200)


def test_an_amended_invoice_explains_its_new_due_date(program: Program) -> None:
    made = program.invoice(invoice_date="2026-03-01")
    path = f"/invoices/{made['id']}"
    changed = program.patch(path, {"terms": {"days": 10, "anchor": "end_of_month"}, "note": "n"})
    assert (changed["due_date"], changed["note"]) == ("2026-04-10", "n")
    assert program.patch(path, {"due_date": "2026-03-20"})["due_date"] == "2026-03-20"
    assert program.patch(path, {"due_date": None, "terms": None})["due_date"] == made["due_date"]
    program.refused(409, "PATCH", path, {"number": "other"})


def test_an_invoice_is_overdue_from_the_first_instant_after_its_due_date(
    live_program: Program,
) -> None:
    made = live_program.invoice(due_date="2026-03-10")
    path = f"/invoices/{made['id']}"
    for to, status, days in [
        ("2026-03-09T23:59:59+01:00", "sent", 0),
        ("2026-03-10T00:00:00+01:00", "due", 0),
        ("2026-03-11T00:00:00+01:00", "overdue", 1),
    ]:
        live_program.advance(to)
        found = live_program.get(path)
        assert (found["status"], found["days_overdue"]) == (status, days)


def test_the_board_has_five_columns_with_sums_per_currency(program: Program) -> None:
    customer = program.customer()
    program.invoice(customer, total="10.00")
    program.invoice(customer, total="5.00", due_date="2026-03-01")
    program.invoice(customer, total="1000", currency="JPY", issue=False)
    columns = {each["status"]: each for each in program.get("/board")["items"]}
    assert list(columns) == ["draft", "sent", "due", "overdue", "paid"]
    assert columns["draft"]["totals"] == [{"amount": "1000", "currency": "JPY"}]
    assert (columns["sent"]["count"], columns["sent"]["totals"]) == (1, [euro("10.00")])
    assert [each["balance"] for each in columns["due"]["items"]] == [euro("5.00")]
    assert columns["overdue"]["items"] == []


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"status": "draft"}, {"D"}),
        ({"status": "sent"}, {"S"}),
        ({"status": "due"}, {"T"}),
        ({"status": "paid"}, {"P"}),
        ({"status": "open"}, {"S", "T"}),
        ({}, {"D", "S", "T", "P"}),
        ({"flag": "not_sent"}, {"S", "T"}),
        ({"flag": "reply_unanswered"}, set()),
        ({"q": "Beta"}, {"T"}),
        ({"currency": "usd"}, {"T"}),
    ],
)
def test_invoices_are_found(program: Program, query: dict[str, str], numbers: set[str]) -> None:
    acme, beta = program.customer(), program.customer(name="Beta")
    program.invoice(acme, number="D", issue=False)
    program.invoice(acme, number="S", due_date="2026-03-20")
    program.invoice(beta, number="T", due_date="2026-03-01", currency="USD")
    paid = program.invoice(acme, number="P", due_date="2026-03-02")
    program.post(
        "/payments",
        {
            "customer_id": acme["id"],
            "amount": euro("100.00"),
            "received_on": "2026-03-01",
            "applications": [{"invoice_id": paid["id"], "amount": euro("100.00")}],
        },
    )
    assert {each["number"] for each in program.get("/invoices", **query)["items"]} == numbers


@pytest.mark.parametrize("query", ["status=late", "flag=x", "sort=colour", "customer_id=7"])
def test_an_unknown_filter_is_refused(program: Program, query: str) -> None:
    assert program.refused(422, "GET", f"/invoices?{query}").fields == [query.partition("=")[0]]


def test_a_payment_goes_to_the_oldest_due_and_the_rest_is_credit(program: Program) -> None:
    customer = program.customer()
    late = program.invoice(customer, total="30.00", due_date="2026-03-20")
    early = program.invoice(customer, total="50.00", due_date="2026-03-10")
    made = program.post(
        "/payments",
        {
            "customer_id": customer["id"],
            "amount": euro("100.00"),
            "received_on": "2026-03-01",
            "method": "transfer",
            "reference": "R-1",
        },
    )
    assert {each["invoice_id"]: each["amount"] for each in made["applications"]} == {
        early["id"]: euro("50.00"),
        late["id"]: euro("30.00"),
    }
    assert made["unapplied"] == euro("20.00")
    found = program.get(f"/invoices/{early['id']}")
    assert (found["status"], found["balance"]) == ("paid", euro("0.00"))
    assert found["last_action"]["kind"] == "payment"
    # Credit is never applied by itself.
    fresh = program.invoice(customer, total="15.00")
    assert program.get(f"/invoices/{fresh['id']}")["balance"] == euro("15.00")
    applied = program.post(f"/payments/{made['id']}/apply", {"invoice_id": fresh["id"]}, status=200)
    assert applied["unapplied"] == euro("5.00")


def test_a_known_payment_answers_200_and_with_other_content_409(program: Program) -> None:
    customer = program.customer()
    program.invoice(customer)
    body = {
        "customer_id": customer["id"],
        "amount": euro("40.00"),
        "received_on": "2026-03-01",
        "source": "bank",
        "external_id": "T-1",
    }
    first = program.post("/payments", body)
    assert program.post("/payments", body, status=200) == first
    program.refused(409, "POST", "/payments", {**body, "amount": euro("41.00")})


def test_a_reversed_payment_reopens_the_invoice(program: Program) -> None:
    customer = program.customer()
    invoice = program.invoice(customer)
    payment = program.post(
        "/payments",
        {"customer_id": customer["id"], "amount": euro("100.00"), "received_on": "2026-03-01"},
    )
    path = f"/payments/{payment['id']}"
    part = program.post(f"{path}/reverse", {"amount": euro("30.00")}, status=200)
    assert (part["reversed"], part["applied"]) == (euro("30.00"), euro("70.00"))
    assert program.get(f"/invoices/{invoice['id']}")["balance"] == euro("30.00")
    assert program.post(f"{path}/reverse", status=200)["reversed"] == euro("100.00")
    assert program.get(f"/invoices/{invoice['id']}")["status"] == "sent"
    program.refused(422, "POST", f"{path}/reverse")
    assert program.get(path)["applications"] == []


@pytest.mark.parametrize(
    ("given", "status", "fields"),
    [
        ({"amount": euro("0.00")}, 422, ["amount"]),
        ({"amount": {"amount": "1", "currency": "EURO"}}, 422, ["amount.currency"]),
        ({"amount": {"amount": "1", "currency": "XXX"}}, 422, ["amount.currency"]),
        ({"amount": {"amount": "1.234", "currency": "EUR"}}, 422, ["amount.amount"]),
        ({"amount": "10.00"}, 422, ["amount"]),
        ({"customer_id": "01a20000-0000-7000-8000-000000000000"}, 404, []),
    ],
)
def test_a_wrong_payment_is_refused(
    program: Program, given: dict[str, Any], status: int, fields: list[str]
) -> None:
    body = {
        "customer_id": program.customer()["id"],
        "amount": euro("10.00"),
        "received_on": "2026-03-01",
    }
    found = program.refused(status, "POST", "/payments", {**body, **given})
    assert found.fields == fields


def test_a_payment_cannot_be_applied_to_a_draft_or_beyond_its_amount(program: Program) -> None:
    customer = program.customer()
    draft, issued = program.invoice(customer, issue=False), program.invoice(customer)
    body = {"customer_id": customer["id"], "amount": euro("10.00"), "received_on": "2026-03-01"}
    to_draft = [{"invoice_id": draft["id"], "amount": euro("10.00")}]
    too_much = [{"invoice_id": issued["id"], "amount": euro("10.01")}]
    mixed = [{"invoice_id": issued["id"], "amount": {"amount": "1.00", "currency": "USD"}}]
    program.refused(409, "POST", "/payments", {**body, "applications": to_draft})
    program.refused(422, "POST", "/payments", {**body, "applications": too_much})
    program.refused(422, "POST", "/payments", {**body, "applications": mixed})
    assert program.get("/payments")["items"] == []


def test_a_credit_note_lowers_the_balance(program: Program) -> None:
    customer = program.customer()
    invoice = program.invoice(customer)
    body = {"customer_id": customer["id"], "amount": euro("25.00"), "issued_on": "2026-03-01"}
    note = program.post("/credit-notes", {**body, "reason": "damaged"})
    assert note["applications"][0]["invoice_id"] == invoice["id"]
    assert program.get(f"/credit-notes/{note['id']}") == note
    assert program.get(f"/invoices/{invoice['id']}")["balance"] == euro("75.00")
    left = program.post("/credit-notes", {**body, "applications": []})
    assert left["unapplied"] == euro("25.00")
    path = f"/credit-notes/{left['id']}/apply"
    assert program.post(path, {"invoice_id": invoice["id"]}, status=200)["unapplied"] == euro(
        "0.00"
    )
    assert len(program.get("/credit-notes", customer_id=customer["id"])["items"]) == 2


def test_a_promise_holds_and_replaces_the_one_before(program: Program) -> None:
    invoice = program.invoice()
    body = {"invoice_id": invoice["id"], "promised_on": "2026-03-20", "note": "next week"}
    first = program.post("/promises", {**body, "amount": euro("60.00")})
    assert (first["state"], first["amount"]) == ("open", euro("60.00"))
    second = program.post("/promises", body)
    assert second["amount"] == euro("100.00")
    assert program.get(f"/promises/{first['id']}")["state"] == "replaced"
    found = program.get(f"/invoices/{invoice['id']}")
    assert found["promised_on"] == "2026-03-20"
    assert found["last_action"]["kind"] == "promise"
    assert [each["id"] for each in program.get("/promises", state="open")["items"]] == [
        second["id"]
    ]
    past = program.refused(422, "POST", "/promises", {**body, "promised_on": "2026-02-27"})
    assert past.fields == ["promised_on"]


def test_a_dispute_flags_the_invoice_until_it_is_resolved(program: Program) -> None:
    invoice = program.invoice()
    made = program.post(
        "/disputes", {"invoice_id": invoice["id"], "amount": euro("20.00"), "reason": "late"}
    )
    assert made["state"] == "open"
    assert "disputed" in program.get(f"/invoices/{invoice['id']}")["flags"]
    path = f"/disputes/{made['id']}"
    ended = program.post(f"{path}/resolve", {"resolution": "credited"}, status=200)
    assert (ended["state"], ended["resolution"]) == ("resolved", "credited")
    assert program.get(path) == ended
    program.refused(409, "POST", f"{path}/resolve")
    assert program.get("/disputes", state="open")["items"] == []
    wrong = {"invoice_id": invoice["id"], "lines": [3]}
    assert program.refused(422, "POST", "/disputes", wrong).fields == ["lines"]


def test_a_logged_call_is_the_last_action_and_stands_in_the_timeline(program: Program) -> None:
    invoice = program.invoice()
    made = program.post(
        "/activities",
        {
            "invoice_id": invoice["id"],
            "kind": "call",
            "outcome": "will pay",
            "next_on": "2026-03-09",
            "text": "Spoke to Ada",
        },
    )
    last = program.get(f"/invoices/{invoice['id']}")["last_action"]
    assert (last["kind"], last["outcome"], last["channel"]) == ("call", "will pay", "phone")
    timeline = program.get(f"/customers/{invoice['customer_id']}/timeline")["items"]
    assert timeline[-1] == made
    assert [each["at"] for each in timeline] == sorted(each["at"] for each in timeline)
    program.refused(422, "POST", "/activities", {"kind": "call"})
    program.refused(422, "POST", "/activities", {"kind": "payment", "invoice_id": invoice["id"]})
    assert program.get("/activities", invoice_id=invoice["id"])["items"][-1] == made


def test_aging_keeps_currencies_apart(live_program: Program) -> None:
    customer = live_program.customer()
    live_program.invoice(customer, total="10.00", due_date="2026-03-05")
    live_program.invoice(customer, total="20.00", due_date="2026-04-20")
    live_program.invoice(customer, total="7.00", due_date="2026-03-05", currency="USD")
    live_program.advance("2026-04-10T12:00:00+02:00")
    found = live_program.get("/reports/aging")["items"]
    assert [each["currency"] for each in found] == ["EUR", "USD"]
    assert found[0]["total"] == euro("30.00")
    assert found[0]["buckets"] == {
        "current": euro("20.00"),
        "1-30": euro("0.00"),
        "31-60": euro("10.00"),
        "61-90": euro("0.00"),
        "90+": euro("0.00"),
    }


def test_statements_list_what_is_open_or_what_moved(program: Program) -> None:
    customer = program.customer()
    invoice = program.invoice(customer, total="80.00")
    program.post(
        "/payments",
        {"customer_id": customer["id"], "amount": euro("30.00"), "received_on": "2026-03-01"},
    )
    path = f"/customers/{customer['id']}/statement"
    [open_items] = program.get(path)["items"]
    assert open_items["closing"] == euro("50.00")
    assert [each["invoice_id"] for each in open_items["entries"]] == [invoice["id"]]
    [moved] = program.get(path, kind="balance_forward")["items"]
    assert [each["kind"] for each in moved["entries"]] == ["invoice", "payment"]
    assert moved["closing"] == euro("50.00")


def test_a_statement_comes_as_pdf(program: Program) -> None:
    customer = program.customer()
    program.invoice(customer, total="80.00")
    path = f"/api/v1/customers/{customer['id']}/statement?format=pdf&kind=balance_forward"
    bearer = {"Authorization": f"Bearer {program.token}"}
    answer = program.client.get(path, headers=bearer)
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_a_payment_plan_is_agreed_changed_and_cancelled(program: Program) -> None:
    customer = program.customer()
    invoice = program.invoice(customer, total="90.00")
    parts = [{"due_date": day, "amount": euro("45.00")} for day in ("2026-04-01", "2026-05-01")]
    body = {"invoice_id": invoice["id"], "installments": parts}
    plan = program.post("/payment-plans", body)
    assert [each["state"] for each in plan["installments"]] == ["open", "open"]
    program.post("/payments", {"customer_id": customer["id"], "amount": euro("45.00")})
    path = f"/payment-plans/{plan['id']}"
    assert [each["state"] for each in program.get(path)["installments"]] == ["kept", "open"]
    later = [{"due_date": "2026-06-01", "amount": euro("45.00")}]
    changed = program.patch(path, {"installments": later})
    assert [each["due_date"] for each in changed["installments"]] == ["2026-04-01", "2026-06-01"]
    assert program.post(f"{path}/cancel", status=200)["state"] == "cancelled"
