"""The organization, its members and contact roles; imports."""

import json
from typing import Any

import pytest

from tests.api.conftest import Program, euro, upload


def test_the_organization_is_read_and_changed(program: Program) -> None:
    before = program.get("/organization")
    assert before["sandbox"] is True
    assert before["now"] == "2026-03-01T09:00:00+01:00"
    changed = program.patch(
        "/organization",
        {
            "name": "Fjord & Sons",
            "address": {"line1": "Bryggen 7", "city": "Bergen", "country": "NO"},
            "time_zone": "Pacific/Auckland",
            "terms": {"days": 14, "anchor": "end_of_month"},
            "minimum_balances": [euro("5.00")],
        },
    )
    assert changed["name"] == "Fjord & Sons"
    assert changed["address"]["city"] == "Bergen"
    assert changed["now"] == "2026-03-01T21:00:00+13:00"
    assert changed["terms"] == {"days": 14, "anchor": "end_of_month"}
    assert changed["minimum_balances"] == [euro("5.00")]
    assert program.get("/organization") == changed


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"time_zone": "Mars/Olympus"}, ["time_zone"]),
        ({"currency": "EURO"}, ["currency"]),
        ({"name": ""}, ["name"]),
        ({"slug": "other"}, ["slug"]),
        ({"address": {"country": "Germany"}}, ["country"]),
        ({"minimum_balances": [{"amount": "x", "currency": "EUR"}]}, ["minimum_balances.0.amount"]),
        ({"smtp_port": 70000}, ["smtp_port"]),
    ],
)
def test_a_wrong_setting_names_its_field(program: Program, body: Any, fields: list[str]) -> None:
    assert program.refused(422, "PATCH", "/organization", body).fields == fields


def test_a_password_is_taken_but_never_shown(program: Program) -> None:
    changed = program.patch("/organization", {"smtp_password": "hunter2"})
    assert "hunter2" not in json.dumps(changed)
    assert not any("password" in name or "secret" in name for name in changed)


def test_members_are_listed(program: Program) -> None:
    [owner] = program.get("/members")["items"]
    assert (owner["role"], owner["active"]) == ("owner", True)


def test_contact_roles_are_added_renamed_and_removed(program: Program) -> None:
    made = program.post("/contact-roles", {"name": "Executive"})
    program.refused(422, "POST", "/contact-roles", {"name": "executive"})
    path = f"/contact-roles/{made['id']}"
    assert program.patch(path, {"name": "Board"})["name"] == "Board"
    assert program.get(path)["name"] == "Board"
    program.expect(204, "DELETE", path)
    assert program.get("/contact-roles")["items"] == []


INVOICES = b"number,customer,total,invoice_date,due_date\n007,Acme,10.00,2026-02-01,2026-03-03\n"


def test_a_file_is_looked_at_imported_and_taken_back(live_program: Program) -> None:
    program = live_program
    looked = upload(program, INVOICES, kind="invoices", dry_run="true")
    assert looked.status == 201, looked.json
    assert (looked.json["valid"], looked.json["dry_run"]) == (1, True)
    assert program.get("/invoices")["items"] == []
    done = upload(program, INVOICES, kind="invoices").json
    assert (done["state"], done["rows"], done["created"], done["invalid"]) == ("done", 1, 1, [])
    [invoice] = program.get("/invoices")["items"]
    assert (invoice["number"], invoice["status"]) == ("007", "sent")
    assert program.get(f"/imports/{done['id']}") == done
    again = upload(program, INVOICES, kind="invoices").json
    assert (again["created"], again["updated"]) == (0, 0)
    undone = program.post(f"/imports/{done['id']}/undo", status=200)
    assert undone["undone_at"]
    assert program.get("/invoices")["items"] == []
    assert len(program.get("/imports")["items"]) == 3


@pytest.mark.parametrize(
    ("content", "form", "fields"),
    [
        (b"", {"kind": "invoices"}, ["file"]),
        (INVOICES, {"kind": "cats"}, ["kind"]),
        (INVOICES, {}, ["kind"]),
        (INVOICES, {"kind": "invoices", "mapping": "{"}, ["mapping"]),
        (INVOICES, {"kind": "invoices", "options": "[]"}, ["options"]),
        (INVOICES, {"kind": "invoices", "dry_run": "perhaps"}, ["dry_run"]),
    ],
)
def test_a_wrong_import_names_its_field(
    program: Program, content: bytes, form: Any, fields: list[str]
) -> None:
    found = upload(program, content, **form)
    assert (found.status, found.fields) == (422, fields)


def test_a_wrong_row_is_named_and_changes_nothing(live_program: Program) -> None:
    rows = INVOICES + b"008,Acme,abc,2026-02-01,2026-03-03\n"
    found = upload(live_program, rows, kind="invoices")
    assert found.status == 201
    assert (found.json["valid"], found.json["created"]) == (1, 0)
    [wrong] = found.json["invalid"]
    assert (wrong["row"], wrong["field"]) == (3, "total")
    assert live_program.get("/invoices")["items"] == []
