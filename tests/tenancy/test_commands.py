"""`dunwell token create` and `dunwell sandbox create`, as a person types them."""

import argparse

import pytest

from dunwell.commands import CommandFailed, discover, named_by
from dunwell.tenancy import clock, doors
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import ALL_SCOPES, Role
from dunwell.tenancy.scope import organization_scope
from tests.tenancy.companies import company

pytestmark = pytest.mark.django_db

SANDBOX = (
    "sandbox create --slug box --time-zone Europe/Berlin --currency EUR"
    " --start 2026-03-01T09:00:00+01:00"
)


def _run(line: str) -> int:
    words = line.split()
    command = named_by(words, known=discover())
    assert command is not None
    module, parser = command.load(), argparse.ArgumentParser()
    module.arguments(parser)
    return module.run(parser.parse_args(words[2:]))


def test_a_sandbox_prints_its_token_alone_on_the_last_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _run(SANDBOX) == 0
    secret = capsys.readouterr().out.splitlines()[-1]
    entrance = doors.by_token(secret=secret)
    assert entrance is not None
    assert entrance.actor.role is Role.OWNER
    with organization_scope(entrance.organization_id):
        box = Organization.objects.get()
    assert clock.now(box).isoformat() == "2026-03-01T08:00:00+00:00"
    assert box.default_owner_id == entrance.actor.member_id


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("--currency EURO", "currency: “EURO”"),
        ("--time-zone Mars", "time_zone: “Mars”"),
        ("--smtp-sink 192.0.2.1:25", "smtp_sink: A sandbox hands mail to this machine alone"),
    ],
)
def test_a_wrong_sandbox_says_what_is_wrong(more: str, told: str) -> None:
    with pytest.raises(CommandFailed, match=told):
        _run(f"{SANDBOX} {more}")


@pytest.mark.parametrize("start", ["2026-03-01T08:00:00", "yesterday"])
def test_a_start_needs_an_offset(start: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _run(f"{SANDBOX} --start {start}")
    assert start in capsys.readouterr().err


def test_a_token_has_every_scope_unless_told_otherwise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    company("Acme")
    _run("token create --organization acme --name CI")
    _run("token create --organization acme --name narrow --scope read --scope import")
    wide, narrow = (doors.by_token(secret=each) for each in capsys.readouterr().out.split())
    assert wide is not None
    assert narrow is not None
    assert wide.actor.scopes == frozenset(ALL_SCOPES)
    assert narrow.actor.scopes == frozenset({"read", "import"})


def test_a_token_of_an_unknown_organization_fails() -> None:
    with pytest.raises(CommandFailed, match="there is no organization “nix”"):
        _run("token create --organization nix --name CI")
