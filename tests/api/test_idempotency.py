"""The same POST twice is one POST."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections

from dunwell.api import idempotency
from dunwell.api.resources import customers
from dunwell.ledger.operations import create_customer
from dunwell.tenancy import clock
from dunwell.tenancy.models import IdempotencyKey
from dunwell.tenancy.scope import organization_scope
from tests.api.conftest import Answer, Program, answer

KEY = {"Idempotency-Key": "order-1"}


def names(program: Program) -> list[str]:
    return [each["name"] for each in program.get("/customers")["items"]]


def test_the_same_key_and_body_gets_the_first_answer(program: Program) -> None:
    first = program.call("POST", "/customers", {"name": "Acme"}, **KEY)
    second = program.call("POST", "/customers", {"name": "Acme"}, **KEY)
    assert (first.status, second.status) == (201, 201)
    assert second.json == first.json
    assert second.headers["Idempotency-Replayed"] == "true"
    assert names(program) == ["Acme"]


@pytest.mark.parametrize(
    ("path", "body"), [("/customers", {"name": "Other"}), ("/cadences", {"name": "Acme"})]
)
def test_the_same_key_with_another_request_is_a_conflict(
    program: Program, path: str, body: Any
) -> None:
    program.call("POST", "/customers", {"name": "Acme"}, **KEY)
    found = program.call("POST", path, body, **KEY)
    assert (found.status, found.json["type"]) == (409, "urn:dunwell:problem:key-reused")


def test_a_refusal_is_remembered_too(program: Program) -> None:
    first = program.call("POST", "/customers", {"name": ""}, **KEY)
    second = program.call("POST", "/customers", {"name": ""}, **KEY)
    assert (first.status, second.status) == (422, 422)
    assert second.type == "application/problem+json"
    assert "Idempotency-Replayed" in second.headers


def test_another_token_has_keys_of_its_own(program: Program, other: Program) -> None:
    program.call("POST", "/customers", {"name": "Acme"}, **KEY)
    assert other.call("POST", "/customers", {"name": "Other"}, **KEY).status == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_that_cannot_be_kept_is_refused(program: Program, key: str) -> None:
    found = program.call("POST", "/customers", {"name": "Acme"}, **{"Idempotency-Key": key})
    assert (found.status, found.fields) == (422, ["Idempotency-Key"])


def test_after_a_day_the_key_is_free_again(program: Program) -> None:
    program.call("POST", "/customers", {"name": "Acme"}, **KEY)
    with organization_scope(program.organization):
        IdempotencyKey.objects.update(created_at=clock.wall() - timedelta(hours=24, seconds=1))
    assert program.call("POST", "/customers", {"name": "Second"}, **KEY).status == 201
    assert names(program) == ["Acme", "Second"]


def test_an_unforeseen_error_is_not_remembered(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_given: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(customers, "create_customer", broken)
        assert program.call("POST", "/customers", {"name": "Acme"}, **KEY).status == 500
    assert program.call("POST", "/customers", {"name": "Acme"}, **KEY).status == 201


def test_an_uploaded_file_counts_as_the_body(program: Program) -> None:
    def upload(content: bytes) -> Answer:
        response = program.client.post(
            "/api/v1/imports",
            {"file": SimpleUploadedFile("c.csv", content), "kind": "customers"},
            headers={"Authorization": f"Bearer {program.token}", **KEY},
        )
        return answer(response)

    first = upload(b"name,external_id\nAcme,1\n")
    assert first.status == 201, first.json
    assert upload(b"name,external_id\nAcme,1\n").json == first.json
    assert upload(b"name,external_id\nOther,2\n").status == 409


def test_while_the_first_request_works_others_are_told_to_wait(
    live_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(**given: Any) -> Any:
        begun.set()
        may_end.wait(10)
        return create_customer(**given)

    monkeypatch.setattr(customers, "create_customer", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(_create, live_program)
        assert begun.wait(10)
        waiting = live_program.call("POST", "/customers", {"name": "Acme"}, **KEY)
        may_end.set()
        assert first.result().status == 201
    assert waiting.status == 409
    assert waiting.headers["Retry-After"] == "1"


def test_a_race_of_equal_requests_makes_one_customer(live_program: Program) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _n: _create(live_program), range(24)))
    assert {each.status for each in answers} <= {201, 409}
    assert len({each.json["id"] for each in answers if each.status == 201}) == 1
    assert names(live_program) == ["Acme"]


def test_old_answers_are_forgotten_by_and_by(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.call("POST", "/customers", {"name": "Acme"}, **KEY)
    time.sleep(0.01)
    monkeypatch.setattr(idempotency, "KEPT", timedelta(0))
    program.call("POST", "/customers", {"name": "B"}, **{"Idempotency-Key": "order-2"})
    with organization_scope(program.organization):
        assert set(IdempotencyKey.objects.values_list("key", flat=True)) == {"order-2"}


def _create(program: Program) -> Answer:
    try:
        return program.call("POST", "/customers", {"name": "Acme"}, **KEY)
    finally:
        connections.close_all()
