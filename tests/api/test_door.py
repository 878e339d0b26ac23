"""Who comes in, and what a program reads when it does not."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from dunwell.api import door, limits
from dunwell.tenancy.models import ApiToken
from dunwell.tenancy.operations import create_token, revoke_token
from dunwell.tenancy.roles import Actor, Role
from dunwell.tenancy.scope import organization_scope
from tests.api.conftest import Program, answer, make_program

NOWHERE = "/customers/01a20000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer dw_wrong", "Basic dXNlcjpwYXNz", "dw_naked"]
)
@pytest.mark.parametrize("path", ["/customers", NOWHERE, "/no/such/address", "/"])
def test_without_a_good_token_everything_answers_401(db: None, header: str, path: str) -> None:
    found = answer(Client().get(f"/api/v1{path}", headers={"Authorization": header}))
    assert (found.status, found.type) == (401, "application/problem+json")
    assert found.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_token_is_out_at_once(program: Program) -> None:
    now = datetime.now(UTC)
    with organization_scope(program.organization):
        owner = program.organization.default_owner
        assert owner is not None
        actor = Actor(label="o", member_id=owner.pk, role=Role.OWNER)
        token = ApiToken.objects.get()
        revoke_token(token_id=token.pk, actor=actor, now=now, wall=now)
    assert program.call("GET", "/customers").status == 401


def test_a_token_that_may_only_read_is_refused_writing(program: Program) -> None:
    now = datetime.now(UTC)
    with organization_scope(program.organization):
        owner = program.organization.default_owner
        assert owner is not None
        reader = create_token(
            name="reader",
            member_id=owner.pk,
            scopes=["read"],
            actor=Actor(label="o", member_id=owner.pk, role=Role.OWNER),
            now=now,
            wall=now,
        )
    program.token = reader.secret
    assert program.get("/customers") == {"items": [], "next": None}
    found = program.refused(403, "POST", "/customers", {"name": "Acme"})
    assert "ledger:write" in found.json["detail"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"{", []),
        (b"[1", []),
        (b'"text"', [""]),
        (b'{"name": NaN}', []),
        (b"\xff\xfe", []),
        (b"[" * 100_000, []),
        (b'{"name": "a\\u0000b"}', ["name"]),
        (b'{"name": "x", "contacts": [{"email": "\\ud800"}]}', ["contacts.0.email"]),
        (b'{"name": 5}', ["name"]),
        (b"{}", ["name"]),
        (b'{"name": "x", "nmae": "y"}', ["nmae"]),
        (b'{"name": "x", "contacts": [{"email": "nonsense"}]}', ["contacts.0.email"]),
        (b'{"name": "x", "contacts": [{"mail": "a@b.c"}]}', ["contacts.0.mail"]),
        (b'{"name": "x", "terms": {"days": -1, "anchor": "delivery_date"}}', ["terms.days"]),
        (b'{"name": "x", "owner": "nobody@example.com"}', ["owner"]),
        (b'{"name": "x", "currency": "EURO"}', ["currency"]),
        (b'{"name": "' + b"n" * 1000 + b'"}', ["name"]),
    ],
)
def test_a_wrong_body_names_its_fields(program: Program, body: bytes, fields: list[str]) -> None:
    found = program.refused(422, "POST", "/customers", body)
    assert found.fields == fields
    assert program.get("/customers")["items"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/no-such-noun"),
        ("GET", "/"),
        ("GET", NOWHERE),
        ("GET", "/customers/not-an-id"),
        ("POST", "/agents"),
        ("GET", "/customers/"),
    ],
)
def test_an_unknown_address_answers_404_as_json(program: Program, method: str, path: str) -> None:
    program.refused(404, method, path)


def test_a_wrong_method_names_the_right_ones(program: Program) -> None:
    found = program.refused(405, "PUT", "/customers", {})
    assert set(found.headers["Allow"].split(", ")) == {"GET", "POST"}


def test_a_form_where_json_is_read_answers_415(program: Program) -> None:
    response = program.client.post(
        "/api/v1/customers",
        "name=Acme",
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Bearer {program.token}"},
    )
    assert answer(response).status == 415


def test_a_body_over_five_megabytes_answers_413(program: Program) -> None:
    program.refused(413, "POST", "/customers", b'"' + b"x" * 5 * 1024 * 1024 + b'"')


@pytest.mark.parametrize("path", ["/customers?q=%00", "/customers?limit=0", "/customers?limit=201"])
def test_a_wrong_query_answers_422(program: Program, path: str) -> None:
    program.refused(422, "GET", path)


def test_an_unforeseen_error_shows_an_id_and_nothing_else(
    program: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_given: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(door, "touch_token", broken)
    monkeypatch.setattr(door, "_touched", {})
    found = program.refused(500, "GET", "/customers")
    assert found.json["id"] in caplog.text
    assert "secret" not in str(found.json)


def test_a_browser_session_does_not_get_in_the_way(program: Program) -> None:
    # A token of one organization beside a session of another: the token decides.
    other = make_program()
    with organization_scope(other.organization):
        owner = other.organization.default_owner
        assert owner is not None
        program.client.force_login(owner.user)
    program.customer(name="Mine")
    assert [each["name"] for each in program.get("/customers")["items"]] == ["Mine"]


def test_a_token_that_asks_too_often_is_told_when_to_come_back(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "buckets", limits.Buckets(per_second=0.5, burst=3))
    statuses = [program.call("GET", "/customers").status for _n in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert 1 <= int(program.refused(429, "GET", "/customers").headers["Retry-After"]) <= 2


def test_the_bucket_lets_a_hundred_requests_a_second_through() -> None:
    seconds = 0.0
    buckets = limits.Buckets(clock=lambda: seconds)
    token = ApiToken().pk
    for _second in range(60):
        for _request in range(100):
            buckets.take(token_id=token)
            seconds += 0.01


def test_reading_a_list_takes_few_queries_whatever_its_length(program: Program) -> None:
    from django.test.utils import CaptureQueriesContext

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            program.get("/invoices")
        return len(queries)

    customer = program.customer()
    program.invoice(customer)
    program.get("/invoices")
    one = count()
    for _n in range(5):
        program.invoice(customer)
    assert count() == one
