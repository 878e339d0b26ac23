"""What programs do with cadences, schedules and what goes out."""

from typing import Any

import pytest

from tests.api.conftest import Program, euro

ON_ISSUE = {"trigger": {"type": "on_issue"}, "hour": 10, "channels": ["email"]}
LATER = {"trigger": {"type": "after_due", "days": 3}, "hour": 9, "channels": ["email"]}
AGAIN = {"trigger": {"type": "repeat", "days": 7, "times": 2}, "hour": 9, "channels": ["email"]}
NO_ID = "01a20000-0000-7000-8000-000000000000"


def cadence(program: Program, **given: Any) -> Any:
    return program.post("/cadences", {"name": "Usual", "steps": [ON_ISSUE, LATER], **given})


def test_a_cadence_is_made_changed_and_deleted(program: Program) -> None:
    roles = {**LATER, "contact_roles": ["Executive"], "template": "past_due_invoice"}
    made = cadence(program, default=True, steps=[ON_ISSUE, roles, AGAIN])
    assert made["default"] is True
    assert made["steps"][1]["contact_roles"] == ["Executive"]
    assert made["steps"][2]["trigger"] == AGAIN["trigger"]
    path = f"/cadences/{made['id']}"
    assert program.get(path) == made
    changed = program.put(path, {"name": "Gentle", "steps": [LATER]})
    assert (changed["name"], changed["default"], len(changed["steps"])) == ("Gentle", False, 1)
    assert program.get("/cadences")["items"] == [changed]
    program.expect(204, "DELETE", path)
    program.refused(404, "GET", path)


@pytest.mark.parametrize(
    ("steps", "fields"),
    [
        ([], ["steps"]),
        ([{**LATER, "hour": 24}], ["steps.0.hour"]),
        ([{**LATER, "channels": []}], ["steps.0.channels"]),
        ([{**LATER, "channels": ["fax"]}], ["steps.0.channels.0"]),
        ([{**LATER, "trigger": {"type": "after_due"}}], ["steps.0.trigger.days"]),
        ([{**LATER, "trigger": {"type": "on_issue", "days": 2}}], ["steps.0.trigger.days"]),
        ([ON_ISSUE, {**LATER, "template": "no_such"}], ["steps.1.template"]),
        ([{**AGAIN, "trigger": {"type": "repeat", "days": 1, "times": 11}}],
         ["steps.0.trigger.times"]),
        ([AGAIN, AGAIN], ["steps"]),
        ([LATER] * 101, ["steps"]),
    ],
)  # fmt: skip
def test_a_wrong_step_names_its_field(program: Program, steps: Any, fields: list[str]) -> None:
    found = program.refused(422, "POST", "/cadences", {"name": "Wrong", "steps": steps})
    assert found.fields == fields


def test_a_new_invoice_takes_the_default_cadence_unless_told_otherwise(program: Program) -> None:
    usual = cadence(program, default=True)
    other = cadence(program, name="Other", steps=[LATER])
    assert program.invoice()["cadence_id"] == usual["id"]
    assert program.invoice(cadence_id=other["id"])["cadence_id"] == other["id"]
    none = program.invoice(cadence_id=None)
    assert (none["cadence_id"], none["next_send"]) == (None, None)
    empty = program.get(f"/invoices/{none['id']}/schedule")
    assert (empty["enabled"], empty["planned_sends"], empty["contacts"]) == (False, [], [])


def test_a_schedule_is_a_copy_in_order_of_time(program: Program) -> None:
    usual = cadence(program, default=True, steps=[AGAIN, LATER, ON_ISSUE])
    invoice = program.invoice(due_date="2026-03-31")
    program.put(f"/cadences/{usual['id']}", {"name": "Usual", "steps": [LATER]})
    found = program.get(f"/invoices/{invoice['id']}/schedule")
    assert found["enabled"] is True
    assert [each["at"] for each in found["planned_sends"]] == [
        "2026-03-01T10:00:00+01:00",
        "2026-04-03T09:00:00+02:00",
        "2026-04-10T09:00:00+02:00",
        "2026-04-17T09:00:00+02:00",
    ]
    assert {each["state"] for each in found["planned_sends"]} == {"planned"}
    assert program.get(f"/invoices/{invoice['id']}")["next_send"] == "2026-03-01T10:00:00+01:00"


def test_a_draft_shows_what_its_schedule_would_come_to(program: Program) -> None:
    cadence(program, default=True)
    invoice = program.invoice(issue=False)
    sends = program.get(f"/invoices/{invoice['id']}/schedule")["planned_sends"]
    assert [(each["id"], each["preview"], each["state"]) for each in sends] == [
        (None, True, "planned"),
        (None, True, "planned"),
    ]
    program.post(f"/invoices/{invoice['id']}/issue", status=200)
    sends = program.get(f"/invoices/{invoice['id']}/schedule")["planned_sends"]
    assert [(each["id"] is None, each["preview"]) for each in sends] == [(False, False)] * 2


def test_a_schedule_of_its_own_with_its_own_contacts(program: Program) -> None:
    invoice = program.invoice()
    path = f"/invoices/{invoice['id']}/schedule"
    found = program.put(path, {"steps": [LATER], "contacts": ["cfo@acme.example"]})
    assert (found["contacts"], found["cadence_id"]) == (["cfo@acme.example"], None)
    assert program.put(path, {"contacts": []})["contacts"] == []
    assert program.refused(422, "PUT", path, {"contacts": ["nonsense"]}).fields == ["contacts"]
    assert program.refused(422, "PUT", path, {}).fields == ["cadence_id"]
    both = {"steps": [LATER], "cadence_id": NO_ID}
    assert program.refused(422, "PUT", path, both).fields == ["steps"]
    assert program.refused(422, "PUT", path, {"cadence_id": NO_ID}).fields == ["cadence_id"]


def test_chasing_is_stopped_and_taken_up_again(program: Program) -> None:
    cadence(program, default=True)
    path = f"/invoices/{program.invoice()['id']}/schedule"
    program.expect(204, "DELETE", path)
    stopped = program.get(path)
    assert stopped["enabled"] is False
    assert {(s["state"], s["reason"]) for s in stopped["planned_sends"]} == {
        ("cancelled", "disabled")
    }
    again = program.put(path, {"enabled": True})
    assert again["enabled"] is True
    assert {each["state"] for each in again["planned_sends"]} == {"planned"}


@pytest.mark.parametrize("room", ["/schedule", ""])
def test_chasing_is_paused_and_resumed(program: Program, room: str) -> None:
    cadence(program, default=True)
    path = f"/invoices/{program.invoice()['id']}"
    body = {"until": "2026-03-15", "reason": "asked for time"}
    paused = program.post(f"{path}{room}/pause", body, status=200)
    assert (paused["paused_until"], paused["pause_reason"]) == ("2026-03-15", "asked for time")
    assert program.get(path)["paused_until"] == "2026-03-15"
    assert program.post(f"{path}{room}/resume", status=200)["paused_until"] is None
    past = program.refused(422, "POST", f"{path}{room}/pause", {"until": "2026-03-01"})
    assert past.fields == ["until"]


def test_a_payment_cancels_what_is_left(program: Program) -> None:
    cadence(program, default=True)
    invoice = program.invoice()
    body = {
        "customer_id": invoice["customer_id"],
        "amount": euro("100.00"),
        "received_on": "2026-03-01",
    }
    program.post("/payments", body)
    sends = program.get(f"/invoices/{invoice['id']}/schedule")["planned_sends"]
    assert {(each["state"], each["reason"]) for each in sends} == {("cancelled", "paid")}
    assert program.get(f"/invoices/{invoice['id']}")["next_send"] is None


def test_what_is_due_goes_to_the_outbox_and_into_the_conversation(live_program: Program) -> None:
    cadence(live_program, default=True)
    invoice = live_program.invoice()
    path = f"/invoices/{invoice['id']}"
    advanced = live_program.advance("2026-04-05T00:00:00+02:00")
    assert advanced["now"] == "2026-04-05T00:00:00+02:00"
    assert live_program.get("/test-clock") == {"now": "2026-04-05T00:00:00+02:00"}
    first, second = live_program.get("/outbox")["items"]
    assert (first["template"], second["template"]) == ("new_invoice", "past_due_invoice")
    assert first["at"] == "2026-03-01T10:00:00+01:00"
    assert (first["channel"], first["to"]) == ("email", "ada@acme.example")
    assert first["invoice_ids"] == [invoice["id"]]
    assert invoice["number"] in first["subject"]
    assert first["text"]
    assert first["html"]
    [attachment] = first["attachments"]
    assert attachment["content_type"] == "application/pdf"
    assert attachment["size"] > 1000
    sends = live_program.get(f"{path}/schedule")["planned_sends"]
    assert [each["id"] for each in sends] == [first["planned_send_id"], second["planned_send_id"]]
    [delivery] = sends[0]["deliveries"]
    assert (delivery["state"], delivery["reason"], delivery["to"]) == (
        "sent", None, "ada@acme.example",
    )  # fmt: skip
    assert delivery["message_id"].startswith("<")
    messages = live_program.get(f"{path}/conversation")["items"]
    assert [each["subject"] for each in messages] == [first["subject"], second["subject"]]
    assert messages[0]["deliveries"] == [delivery]
    last = live_program.get(path)["last_action"]
    assert (last["kind"], last["channel"]) == ("message", "email")
    kinds = [each["kind"] for each in live_program.get("/events")["items"]]
    assert kinds[-3:] == ["invoice.due", "invoice.overdue", "message.sent"]


def test_a_failed_send_is_tried_again_by_a_member(live_program: Program) -> None:
    cadence(live_program, default=True)
    customer = live_program.customer(contacts=[{"name": "No Address"}])
    invoice = live_program.invoice(customer)
    live_program.advance("2026-03-02T00:00:00+01:00")
    path = f"/invoices/{invoice['id']}/schedule"
    failed, planned = live_program.get(path)["planned_sends"]
    assert (failed["state"], failed["reason"]) == ("failed", "no_email_address")
    assert "send_failed" in live_program.get(f"/invoices/{invoice['id']}")["flags"]
    contact = {**customer["contacts"][0], "email": "ada@acme.example"}
    del contact["email_blocked"]
    live_program.patch(f"/customers/{customer['id']}", {"contacts": [contact]})
    made = live_program.post(f"/planned-sends/{failed['id']}/retry")
    assert (made["kind"], made["retry_of"], made["state"]) == ("retry", failed["id"], "planned")
    live_program.refused(409, "POST", f"/planned-sends/{planned['id']}/retry")
    live_program.advance("2026-03-02T01:00:00+01:00")
    assert [each["to"] for each in live_program.get("/outbox")["items"]] == ["ada@acme.example"]


def test_a_member_sends_now_and_confirms_the_second_time(live_program: Program) -> None:
    invoice = live_program.invoice()
    path = f"/invoices/{invoice['id']}/send"
    assert live_program.post(path, {"channels": ["email"]})["kind"] == "manual"
    live_program.advance("2026-03-01T10:00:00+01:00")
    live_program.refused(409, "POST", path, {"channels": ["email"]})
    live_program.post(path, {"channels": ["email"], "confirm": True})
    assert live_program.refused(422, "POST", path, {"channels": []}).fields == ["channels"]
    draft = live_program.invoice(issue=False)
    live_program.refused(409, "POST", f"/invoices/{draft['id']}/send")


def test_a_preview_shows_what_would_go_out_and_sends_nothing(program: Program) -> None:
    usual = cadence(program)
    invoice = program.invoice(due_date="2026-03-10")
    found = program.get("/chasing/preview", cadence_id=usual["id"], invoice_id=invoice["id"])
    assert [each["at"] for each in found["items"]] == [
        "2026-03-01T10:00:00+01:00",
        "2026-03-13T09:00:00+01:00",
    ]
    assert program.get("/chasing/preview", cadence_id=usual["id"]) == found
    short = program.get("/chasing/preview", cadence_id=usual["id"], days=5)
    assert len(short["items"]) == 1
    assert program.get("/chasing/preview") == {"items": [], "next": None}
    program.put(f"/invoices/{invoice['id']}/schedule", {"cadence_id": usual["id"]})
    for query in ({}, {"invoice_id": invoice["id"]}):
        planned = program.get("/chasing/preview", **query)["items"]
        assert [each["at"] for each in planned] == [each["at"] for each in found["items"]]
    draft = program.invoice(issue=False, cadence_id=usual["id"])
    assert len(program.get("/chasing/preview", invoice_id=draft["id"])["items"]) == 2
    program.refused(404, "GET", f"/chasing/preview?cadence_id={NO_ID}")


def test_the_clock_only_moves_forward_and_only_in_a_sandbox(live_program: Program) -> None:
    path = "/test-clock/advance"
    assert live_program.refused(422, "POST", path, {"to": "2026-02-01T00:00:00Z"}).fields == ["to"]
    assert live_program.refused(422, "POST", path, {"to": "2026-04-01T00:00:00"}).fields == ["to"]
    assert live_program.refused(422, "POST", path, {"to": 1}).fields == ["to"]
    organization = live_program.organization
    from dunwell.tenancy.scope import organization_scope

    with organization_scope(organization):
        organization.sandbox_now = None
        organization.save(update_fields=["sandbox_now"])
    live_program.refused(409, "GET", "/test-clock")
    live_program.refused(409, "POST", path, {"to": "2036-04-01T00:00:00Z"})
    live_program.refused(409, "GET", "/outbox")


def test_events_are_read_on_from_any_of_them(live_program: Program) -> None:
    for n in range(4):
        live_program.customer(name=f"C{n}")
    everything = live_program.get("/events")["items"]
    assert [each["kind"] for each in everything] == ["customer.created"] * 4
    first = live_program.get("/events", limit=2)
    assert first["items"] == everything[:2]
    assert live_program.get("/events", after=first["next"])["items"] == everything[2:]
    assert live_program.get("/events", after=everything[0]["id"])["items"] == everything[1:]
    assert live_program.get("/events", after=everything[3]["position"])["items"] == []
    assert live_program.refused(422, "GET", "/events?after=never").fields == ["after"]


def test_templates_are_read_worded_anew_previewed_and_reset(program: Program) -> None:
    names = {each["name"] for each in program.get("/templates")["items"]}
    assert names == {
        "new_invoice", "invoice_reminder", "past_due_invoice", "receipt", "account_reminder",
    }  # fmt: skip
    path = "/templates/new_invoice"
    built_in = program.get(path)
    assert (built_in["own"], built_in["channel"], built_in["language"]) == (False, "email", "en")
    assert program.get(f"/templates/{built_in['id']}") == built_in
    own = program.patch(path, {"subject": "Bill {{ invoice.number }}"})
    assert (own["own"], own["subject"], own["text"]) == (
        True, "Bill {{ invoice.number }}", built_in["text"],
    )  # fmt: skip
    wrong = program.refused(422, "PATCH", path, {"text": "Hello\n{{ invoice.numbre }}"})
    assert wrong.fields == ["text"]
    assert "2" in wrong.json["errors"][0]["message"]
    sample = program.post(f"{path}/preview", status=200)
    assert sample["subject"].startswith("Bill 2026-")
    invoice = program.invoice(number="R-7")
    real = program.post(f"{path}/preview", {"invoice_id": invoice["id"]}, status=200)
    assert (real["subject"], "Acme" in real["html"] or bool(real["text"])) == ("Bill R-7", True)
    assert program.refused(422, "POST", f"{path}/preview", {"subject": "{{ nothing }}"}).fields == [
        "subject"
    ]
    program.expect(204, "DELETE", path)
    assert program.get(path) == built_in
    program.refused(404, "GET", "/templates/no_such")


def test_a_template_of_ones_own_making(program: Program) -> None:
    body = {"name": "final_notice", "subject": "Last call", "text": "Pay {{ invoice.number }}."}
    made = program.post("/templates", body)
    assert made["id"] == "final_notice.email.en"
    cadence(program, steps=[{**LATER, "template": "final_notice"}])


def test_a_program_asks_why_nothing_was_sent_on_a_day(live_program: Program) -> None:
    program = live_program
    steps = [{"trigger": {"type": "on_issue"}, "hour": 10, "channels": ["email"]}]
    program.post("/cadences", {"name": "C", "steps": steps, "default": True})
    invoice = program.invoice(due_date="2026-04-01")
    program.advance("2026-03-03T08:00:00+01:00")
    sent = program.get(f"/invoices/{invoice['id']}/why", date="2026-03-01")
    assert [each["why"] for each in sent["answers"]] == ["sent"]
    assert sent["answers"][0]["planned_send_id"]
    assert any("Ada Park" in line for line in sent["answers"][0]["evidence"])
    nothing = program.get(f"/invoices/{invoice['id']}/why", date="2026-03-02")
    assert nothing["date"] == "2026-03-02"
    assert nothing["sentence"] == "No step of the schedule falls on that day."
    today = program.get(f"/invoices/{invoice['id']}/why")
    assert today["date"] == "2026-03-03"
    wrong = program.refused(422, "GET", f"/invoices/{invoice['id']}/why?date=yesterday")
    assert wrong.fields == ["date"]
