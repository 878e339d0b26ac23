"""Founding organizations and sandboxes, and changing their settings."""

import string
from datetime import UTC, datetime
from typing import Any

import pytest

from dunwell.tenancy import clock, doors, queries
from dunwell.tenancy.errors import InvalidInput, NotAllowed
from dunwell.tenancy.iban import compact, is_valid
from dunwell.tenancy.models import Organization, User
from dunwell.tenancy.operations import (
    add_bank_account,
    change_bank_account,
    create_sandbox,
    remove_bank_account,
    update_organization,
)
from dunwell.tenancy.roles import ALL_SCOPES, Role
from dunwell.tenancy.scope import organization_scope
from dunwell.tenancy.secrets import decrypt
from tests.tenancy.companies import NOW, actor_of, company

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
WALL = datetime(2026, 11, 22, 8, tzinfo=UTC)
SANDBOX: dict[str, Any] = {
    "slug": "box",
    "time_zone": "Europe/Berlin",
    "currency": "EUR",
    "start": START,
    "wall": WALL,
}


def _change(organization: Organization, role: Role = Role.OWNER, **changes: Any) -> Any:
    with organization_scope(organization):
        return update_organization(changes=changes, actor=actor_of(organization, role), now=NOW)


def test_a_new_organization_has_its_founder_as_owner_and_default_owner() -> None:
    acme = company("Acme")
    assert acme.default_owner is not None
    assert acme.default_owner.role == Role.OWNER
    assert acme.sandbox_now is None


def test_equal_names_get_different_slugs() -> None:
    slugs = [company(name, slug="").slug for name in ("Foo Ltd", "FOO LTD!")]
    assert slugs == ["foo-ltd", "foo-ltd-2"]


def test_a_taken_slug_is_told_at_its_field() -> None:
    company("Acme")
    User.objects.filter(email="owner@acme.test").update(email="other@acme.test")
    with pytest.raises(InvalidInput) as told:
        company("Acme")
    assert told.value.problems[0].field == "slug"


def test_a_sandbox_stands_at_its_start_with_a_complete_sender_and_a_token_for_all() -> None:
    box, secret = create_sandbox(**SANDBOX)
    assert clock.now(box) == START
    assert box.locale == "en"
    assert all([box.line1, box.city, box.country, box.email, box.phone, box.sender_email])
    with organization_scope(box):
        assert is_valid(queries.bank_accounts()[0].iban)
    entrance = doors.by_token(secret=secret)
    assert entrance is not None
    assert entrance.organization_id == box.pk
    assert entrance.actor.role is Role.OWNER
    assert entrance.actor.scopes == set(ALL_SCOPES)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "No Slug"),
        ("slug", "-dash"),
        ("slug", "x" * 64),
        ("time_zone", "Europe/Berln"),
        ("time_zone", ""),
        ("currency", "XAU"),
        ("currency", "EURO"),
        ("locale", "klingon"),
        ("smtp_sink", "10.0.0.1:25"),
        ("smtp_sink", "mail.example.com:25"),
        ("smtp_sink", "127.0.0.1"),
        ("smtp_sink", "127.0.0.1:0"),
        ("smtp_sink", "127.0.0.1:99999"),
        ("start", datetime(2026, 3, 1, 8)),  # noqa: DTZ001  # the missing offset is the case
    ],
)
def test_a_wrong_sandbox_is_refused_at_its_field(field: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as told:
        create_sandbox(**{**SANDBOX, field: value})
    assert told.value.problems[0].field == field


@pytest.mark.parametrize("sink", ["127.0.0.1:2525", "127.9.9.9:25", "[::1]:25", "localhost:25"])
def test_a_sink_on_this_machine_is_taken(sink: str) -> None:
    box, _secret = create_sandbox(**SANDBOX, smtp_sink=sink)
    assert box.smtp_sink == sink


def test_a_slug_can_be_a_sandbox_once() -> None:
    create_sandbox(**SANDBOX)
    with pytest.raises(InvalidInput) as told:
        create_sandbox(**SANDBOX)
    assert told.value.problems[0].field == "slug"


def test_changed_settings_are_written_down_with_old_and_new() -> None:
    acme = company("Acme")
    updated = _change(acme, name="Acme AG", terms_days="14", currency="EUR")
    assert updated.changed == {"name", "terms_days"}
    assert updated.organization.terms_days == 14
    with organization_scope(acme):
        entry = queries.audit_entries(limit=1)[0]
    assert entry.changes == {"name": ["Acme", "Acme AG"], "terms_days": [30, 14]}


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"time_zone": "Pacific/Auckland"}, True),
        ({"time_zone": "Europe/Berlin"}, False),
        ({"business_days_only": True}, True),
        ({"holiday_calendar": "DE-BY"}, True),
        ({"name": "Other"}, False),
    ],
)
def test_only_what_moves_schedules_asks_to_plan_again(changes: dict[str, Any], again: bool) -> None:
    assert _change(company("Acme"), **changes).plan_again is again


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "n" * 1000),
        ("name", "two\nlines"),
        ("email", "nobody"),
        ("country", "Germany"),
        ("time_zone", "CET+1"),
        ("currency", "XXX"),
        ("smtp_port", "0"),
        ("smtp_host", "a b"),
        ("smtp_security", "ssl3"),
        ("catch_up_hours", "-1"),
        ("minimum_balances", {"EUR": "5.001"}),
        ("minimum_balances", {"EUR": "-1"}),
        ("minimum_balances", {"EURO": "1"}),
        ("holiday_calendar", "XX"),
        ("business_days_only", "yes"),
        ("sandbox_now", START),
        ("slug", "other"),
    ],
)
def test_a_wrong_setting_is_refused_at_its_field_and_changes_nothing(
    field: str, value: Any
) -> None:
    acme = company("Acme")
    with pytest.raises(InvalidInput) as told:
        _change(acme, **{"phone": "123", field: value})
    assert [problem.field for problem in told.value.problems] == [field]
    with organization_scope(acme):
        assert queries.organization().phone == ""


def test_minimum_balances_are_kept_in_minor_units() -> None:
    updated = _change(company("Acme"), minimum_balances={"EUR": "5.00", "JPY": "100", "USD": "0"})
    assert updated.organization.minimum_balances == {"EUR": 500, "JPY": 100}


def test_the_smtp_password_is_stored_encrypted_and_never_written_down() -> None:
    acme = company("Acme")
    updated = _change(acme, smtp_password="hunter2")
    assert "hunter2" not in updated.organization.smtp_secret
    assert decrypt(sealed=updated.organization.smtp_secret) == "hunter2"
    with organization_scope(acme):
        entry = queries.audit_entries(limit=1)[0]
    assert entry.changes == {"smtp_secret": [False, True]}


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_members_and_viewers_change_no_settings(role: Role) -> None:
    with pytest.raises(NotAllowed):
        _change(company("Acme"), role, name="Mine")


def test_bank_accounts_are_added_changed_and_removed() -> None:
    acme = company("Acme")
    who: dict[str, Any] = {"actor": actor_of(acme), "now": NOW}
    with organization_scope(acme):
        account = add_bank_account(values={"iban": "de89 3704 0044 0532 0130 00"}, **who)
        assert account.iban == "DE89370400440532013000"
        change_bank_account(account_id=account.pk, values={"bank": "Musterbank"}, **who)
        assert queries.bank_account(account_id=account.pk).bank == "Musterbank"
        remove_bank_account(account_id=account.pk, **who)
        actions = [entry.action for entry in queries.audit_entries(limit=3)]
    assert actions == ["bank_account.removed", "bank_account.changed", "bank_account.added"]


@pytest.mark.parametrize(
    "values", [{"iban": "DE89370400440532013001"}, {"bank": "no number"}, {"iban": "x"}]
)
def test_a_bank_account_without_a_valid_number_is_refused(values: dict[str, str]) -> None:
    acme = company("Acme")
    with organization_scope(acme), pytest.raises(InvalidInput) as told:
        add_bank_account(values=values, actor=actor_of(acme), now=NOW)
    assert told.value.problems[0].field == "iban"


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("DE89 3704 0044 0532 0130 00", True),
        ("GB82 WEST 1234 5698 7654 32", True),
        ("nl91abna0417164300", True),
        ("GB82 WEST 1234 5698 7654 33", False),
        ("DE89", False),
        ("", False),
        (string.ascii_uppercase, False),
    ],
)
def test_ibans_are_checked_by_their_digits(number: str, valid: bool) -> None:
    assert is_valid(compact(number)) is valid
