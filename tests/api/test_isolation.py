"""Nothing of one organization is there for another: every address that takes an id answers 404."""

import re
from functools import cache
from typing import Any

import pytest

from dunwell.api.docs import document
from dunwell.api.routes import api
from tests.api.conftest import Program, euro, furnish

STEP = {"trigger": {"type": "on_issue"}, "hour": 10, "channels": ["email"]}
ACCOUNTS = {
    "name": "Mine now",
    "run": {"weekdays": [0], "hour": 9},
    "steps": [{"trigger": {"type": "past_due_age", "days": 5}, "action": "message"}],
}
TODAY = "2026-03-01"

# A body that would be taken, for each operation that needs one; names in braces are the ids of the
# other organization's things.
BODIES: dict[tuple[str, str], Any] = {
    ("PATCH", "/customers/{customer_id}"): {"name": "Mine now"},
    ("PATCH", "/invoices/{invoice_id}"): {"note": "mine now"},
    ("POST", "/invoices/{invoice_id}/close"): {"reason": "void"},
    ("POST", "/invoices/{invoice_id}/send"): {"channels": ["email"]},
    ("PUT", "/invoices/{invoice_id}/schedule"): {"steps": [STEP]},
    ("POST", "/invoices/{invoice_id}/schedule/pause"): {"until": "2026-03-20"},
    ("POST", "/payments/{payment_id}/apply"): {"invoice_id": "{invoice_id}"},
    ("POST", "/credit-notes/{credit_note_id}/apply"): {"invoice_id": "{invoice_id}"},
    ("PUT", "/cadences/{cadence_id}"): {"name": "Mine now", "steps": [STEP]},
    ("PATCH", "/contact-roles/{role_id}"): {"name": "Mine now"},
    ("PUT", "/customer-cadences/{customer_cadence_id}"): ACCOUNTS,
    ("PUT", "/customers/{customer_id}/chasing"): {"cadence_id": "{customer_cadence_id}"},
    ("PATCH", "/tasks/{task_id}"): {"notes": "mine now"},
    ("PATCH", "/payment-plans/{plan_id}"): {"note": "mine now"},
}
# Ids in bodies and queries: another organization's id there is refused as well.
IN_BODIES = [
    ("POST", "/invoices", {"customer_id": "{customer_id}", "total": "1.00"}, 404),
    ("POST", "/payments", {"customer_id": "{customer_id}", "amount": euro("1.00"),
                           "received_on": TODAY}, 404),
    ("POST", "/credit-notes", {"customer_id": "{customer_id}", "amount": euro("1.00"),
                               "issued_on": TODAY}, 404),
    ("POST", "/promises", {"invoice_id": "{invoice_id}", "promised_on": "2026-03-20"}, 404),
    ("POST", "/disputes", {"invoice_id": "{invoice_id}"}, 404),
    ("POST", "/activities", {"kind": "note", "invoice_id": "{invoice_id}"}, 404),
    ("POST", "/activities", {"kind": "note", "customer_id": "{customer_id}"}, 404),
    ("GET", "/chasing/preview?invoice_id={invoice_id}", None, 404),
    ("GET", "/chasing/preview?cadence_id={cadence_id}", None, 404),
    ("GET", "/invoices?owner={member_id}", None, 422),
    ("GET", "/tasks?assignee={member_id}", None, 422),
]  # fmt: skip
# The names of templates and channels are words, not ids: each organization has its own there.
WITHOUT_IDS = {"template_id", "channel"}


@cache
def operations() -> list[tuple[str, str]]:
    return [
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in document(api)["paths"].items()
        for method in methods
        if set(re.findall(r"{(\w+)}", path)) - WITHOUT_IDS
    ]


@pytest.fixture
def theirs(other: Program) -> dict[str, str]:
    return furnish(other)


def filled(given: Any, ids: dict[str, str]) -> Any:
    if isinstance(given, dict):
        return {name: filled(value, ids) for name, value in given.items()}
    if isinstance(given, str):
        return re.sub(r"{(\w+)}", lambda found: ids[found[1]], given)
    return given


def test_the_things_of_others_answer_404_at_every_address(
    program: Program, other: Program, theirs: dict[str, str]
) -> None:
    before = other.get("/customers"), other.get("/invoices"), other.get("/payments")
    for method, path in operations():
        body = filled(BODIES.get((method, path)), theirs)
        found = program.call(method, filled(path, theirs), body)
        assert found.status == 404, (method, path, found.json)
        assert found.type == "application/problem+json"
    assert (other.get("/customers"), other.get("/invoices"), other.get("/payments")) == before


def test_the_same_addresses_answer_their_owner(other: Program, theirs: dict[str, str]) -> None:
    # So that a 404 above means "not yours" and not "wrong address".
    for method, path in operations():
        if method == "GET":
            assert other.call(method, filled(path, theirs)).status == 200, path


@pytest.mark.parametrize(("method", "path", "body", "status"), IN_BODIES)
def test_ids_of_others_in_bodies_and_queries_are_not_found(
    program: Program, theirs: dict[str, str], *, method: str, path: str, body: Any, status: int
) -> None:
    program.refused(status, method, filled(path, theirs), filled(body, theirs))


def test_lists_show_only_ones_own(program: Program, theirs: dict[str, str]) -> None:
    for path, methods in document(api)["paths"].items():
        if "get" in methods and "{" not in path and "cursor" in str(methods["get"]["parameters"]):
            items = program.get(path.removeprefix("/api/v1"))["items"]
            assert not {each.get("id") for each in items} & set(theirs.values()), path
