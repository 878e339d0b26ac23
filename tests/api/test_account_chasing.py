"""Whole accounts by the API: customer cadences, who is chased by them, tasks, the contact cap."""

from typing import Any

import pytest

from tests.api.conftest import Program, euro


def cadence(program: Program, *steps: dict[str, Any], **more: Any) -> Any:
    return program.post("/customer-cadences", body(*steps, **more))


def body(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = list(steps) or [step(5)]
    return {"name": "Accounts", "run": {"weekdays": [0, 3], "hour": 10}, "steps": given, **more}


def step(days: int, action: str = "message", **more: Any) -> dict[str, Any]:
    return {"trigger": {"type": "past_due_age", "days": days}, "action": action, **more}


def owing(program: Program, **given: Any) -> Any:
    customer = program.customer(**given)
    program.invoice(customer, invoice_date="2026-03-01", due_date="2026-03-10")
    return customer


def test_a_cadence_is_made_read_changed_and_deleted(program: Program) -> None:
    member = program.get("/members")["items"][0]
    made = cadence(
        program,
        step(5, contact_roles=["AP"]),
        step(10, "task"),
        step(20, "escalate", assignee=member["email"]),
        minimum_balance=euro("50.00"),
        assign_when={"tags": ["key"], "terms": {"days": 30}, "amount": euro("10.00")},
    )
    assert made["run"] == {"weekdays": [0, 3], "hour": 10}
    assert made["minimum_balance"] == euro("50.00")
    assert made["steps"][0]["key"] == "past_due_age:5:message"
    assert made["steps"][0]["channels"] == ["email"]
    assert made["steps"][0]["contact_roles"] == ["AP"]
    assert [each["assignee"] for each in made["steps"]] == [None, None, member["id"]]
    assert made["assign_when"]["terms"] == {"days": 30, "anchor": None}
    assert made["assign_when"]["amount"] == euro("10.00")
    path = f"/customer-cadences/{made['id']}"
    assert program.get(path) == made
    assert program.get("/customer-cadences")["items"] == [made]
    changed = program.put(path, body(name="Others"))
    assert (changed["name"], changed["minimum_balance"]) == ("Others", None)
    assert changed["assign_when"] is None
    program.expect(204, "DELETE", path)
    program.refused(404, "GET", path)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (body(name=""), "name"),
        (body(run={"weekdays": [], "hour": 9}), "run.weekdays"),
        (body(run={"weekdays": [7], "hour": 9}), "run.weekdays.0"),
        (body(run={"weekdays": [0], "hour": 24}), "run.hour"),
        (body(steps=[]), "steps"),
        (body(step(-1)), "steps.0.trigger.days"),
        (body(step(1), step(1)), "steps.1.trigger"),
        (body(step(1, "escalate")), "steps.0.assignee"),
        (body(step(1, "task", assignee="nobody@x.example")), "steps.0.assignee"),
        (body(step(1, "task", channels=["email"])), "steps.0.channels"),
        (body(step(1, template="none such")), "steps.0.template"),
        (body(minimum_balance=euro("-1.00")), "minimum_balance"),
        (body(minimum_balance=euro("x")), "minimum_balance.amount"),
        (body(assign_when={"amount": euro("1.234")}), "assign_when.amount.amount"),
    ],
)
def test_a_wrong_cadence_names_its_field(program: Program, wrong: Any, field: str) -> None:
    assert field in program.refused(422, "POST", "/customer-cadences", wrong).fields


def test_a_name_is_taken_once(program: Program) -> None:
    cadence(program)
    program.refused(409, "POST", "/customer-cadences", body(name="ACCOUNTS"))


def test_an_account_says_what_comes_next_and_is_written_to(live_program: Program) -> None:
    program = live_program
    customer = owing(program)
    path = f"/customers/{customer['id']}/chasing"
    before = program.get(path)
    assert (before["enabled"], before["cadence_id"]) == (False, None)
    assert [each["reason"] for each in before["accounts"]] == ["disabled"]
    made = cadence(program)
    chosen = program.put(path, {"cadence_id": made["id"]})
    assert (chosen["enabled"], chosen["by_hand"]) == (True, True)
    assert chosen["cadence_id"] == made["id"]
    program.advance("2026-03-14T08:00:00Z")
    [account] = program.get(path)["accounts"]
    assert (account["balance"], account["past_due"]) == (euro("100.00"), euro("100.00"))
    assert (account["account_age"], account["past_due_age"]) == (13, 4)
    # Reached on Sunday the 15th; Monday and Thursday are the days of the runs.
    assert account["next"]["step"]["key"] == "past_due_age:5:message"
    assert account["next"]["at"] == "2026-03-16T10:00:00+01:00"
    program.advance("2026-03-17T08:00:00Z")
    [mail] = [m for m in program.get("/outbox")["items"] if m["customer_id"] == customer["id"]]
    assert mail["at"].startswith("2026-03-16T10:00")
    [account] = program.get(path)["accounts"]
    assert (account["next"], account["reason"]) == (None, "all_done")


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (lambda program, path: program.expect(204, "DELETE", f"{path}/chasing"), "disabled"),
        (lambda program, path: program.patch(path, {"do_not_chase": True}), "do_not_chase"),
    ],
    ids=["stopped", "do not chase"],
)
def test_an_account_that_is_not_chased_says_why(program: Program, stop: Any, reason: str) -> None:
    customer = owing(program, tags=["key"])
    cadence(program, assign_when={"tags": ["key"]})
    path = f"/customers/{customer['id']}"
    assert program.get(f"{path}/chasing")["by_hand"] is False
    stop(program, path)
    program.advance("2026-03-20T08:00:00Z")
    assert [a["reason"] for a in program.get(f"{path}/chasing")["accounts"]] == [reason]
    assert program.get("/outbox")["items"] == []


def test_an_account_below_the_minimum_or_disputed_says_so(program: Program) -> None:
    customer = program.customer()
    invoice = program.invoice(customer, due_date="2026-03-10")
    made = cadence(program, minimum_balance=euro("500.00"))
    path = f"/customers/{customer['id']}/chasing"
    below = program.put(path, {"cadence_id": made["id"]})
    assert [each["reason"] for each in below["accounts"]] == ["below_minimum"]
    program.post("/disputes", {"invoice_id": invoice["id"]})
    assert [each["reason"] for each in program.get(path)["accounts"]] == ["held"]


def test_an_account_is_not_chased_by_a_cadence_that_is_not_there(program: Program) -> None:
    customer = owing(program)
    wrong = {"cadence_id": customer["id"]}
    found = program.refused(422, "PUT", f"/customers/{customer['id']}/chasing", wrong)
    assert found.fields == ["cadence_id"]


def test_a_call_is_listed_put_off_and_done_with_its_outcome(program: Program) -> None:
    customer = owing(program)
    made = cadence(program, step(5, "task"))
    program.put(f"/customers/{customer['id']}/chasing", {"cadence_id": made["id"]})
    program.advance("2026-03-17T08:00:00Z")
    assert program.get("/tasks", due_until="2026-03-15")["items"] == []
    [task] = program.get("/tasks", state="open", due_until="2026-03-17")["items"]
    assert (task["kind"], task["due_on"], task["customer_id"]) == (
        "call",
        "2026-03-16",
        customer["id"],
    )
    path = f"/tasks/{task['id']}"
    assert program.patch(path, {"due_on": "2026-03-18"})["due_on"] == "2026-03-18"
    done = program.patch(
        path, {"state": "done", "outcome": "will pay", "notes": "Ada", "next_on": "2026-03-25"}
    )
    assert (done["state"], done["outcome"]) == ("done", "will pay")
    assert done["closed_at"] == "2026-03-17T09:00:00+01:00"
    assert program.get(path) == done
    [follows] = program.get("/tasks", state="open")["items"]
    assert follows["due_on"] == "2026-03-25"
    program.refused(409, "PATCH", path, {"state": "open"})


def test_a_wrong_change_of_a_task_names_its_field(program: Program) -> None:
    customer = owing(program)
    made = cadence(program, step(5, "task"))
    program.put(f"/customers/{customer['id']}/chasing", {"cadence_id": made["id"]})
    program.advance("2026-03-17T08:00:00Z")
    [task] = program.get("/tasks")["items"]
    for wrong in ({"due_on": None}, {"assignee": "nobody@x.example"}, {"outcome": "x" * 201}):
        found = program.refused(422, "PATCH", f"/tasks/{task['id']}", wrong)
        assert found.fields == list(wrong)


def test_the_contact_cap_is_set_and_lifted(program: Program) -> None:
    assert program.get("/organization")["contact_cap"] is None
    assert program.patch("/organization", {"contact_cap": 2})["contact_cap"] == 2
    assert program.refused(422, "PATCH", "/organization", {"contact_cap": 0}).fields == [
        "contact_cap"
    ]
    assert program.patch("/organization", {"contact_cap": None})["contact_cap"] is None
