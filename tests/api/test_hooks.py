"""A provider calls us: who may, what is taken in, and what a second call changes."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from dunwell.inbox.models import HookCall, ReceivedReport
from dunwell.ports.incoming import DeliveryReport, Report
from dunwell.ports.registry import Settings
from dunwell.ports.webhooks import HookRefused, HookRequest, Told, _readers, register_hook_reader
from dunwell.tenancy.operations.channels import set_channel
from dunwell.tenancy.roles import SYSTEM_ACTOR
from dunwell.tenancy.scope import organization_scope
from tests.api.conftest import START, Program

pytestmark = pytest.mark.django_db(transaction=True)


class Reader:
    """A provider that signs with a shared word in a header."""

    def read(self, request: HookRequest, *, settings: Settings) -> Sequence[Told]:
        if request.headers.get("x-word") != settings["word"]:
            raise HookRefused("The signature is wrong.")
        told = json.loads(request.body)
        return [
            DeliveryReport(
                report=Report(each["event"]), provider="email_x", at=START, reference=each["id"]
            )
            for each in told
        ]


@pytest.fixture
def hook(program: Program) -> Iterator[str]:
    register_hook_reader(channel="email", name="email_x", reader=Reader())
    with organization_scope(program.organization.pk):
        made = set_channel(
            channel="email",
            provider="email_x",
            options={"region": "eu"},
            secret_values={"word": "sesame"},
            actor=SYSTEM_ACTOR,
            now=datetime.now(UTC),
        )
    yield f"/hooks/{made.hook}"
    del _readers["email", "email_x"]


def call(address: str, told: Any, word: str = "sesame") -> tuple[int, Any]:
    answer = Client().post(
        address, json.dumps(told), content_type="application/json", headers={"X-Word": word}
    )
    return answer.status_code, answer.json()


def reports(program: Program) -> int:
    with organization_scope(program.organization.pk):
        return ReceivedReport.objects.count()


def test_a_signed_call_is_taken_in_once(program: Program, hook: str) -> None:
    told = [{"event": "delivered", "id": "1"}, {"event": "bounced", "id": "2"}]
    assert call(hook, told) == (200, {"taken": 2})
    assert call(hook, told) == (200, {"taken": 0})
    assert call(hook, [*told, {"event": "bounced", "id": "3"}]) == (200, {"taken": 1})
    assert reports(program) == 3
    with organization_scope(program.organization.pk):
        assert HookCall.objects.count() == 2


def test_a_wrong_signature_changes_nothing(program: Program, hook: str) -> None:
    assert call(hook, [{"event": "bounced", "id": "1"}], word="open")[0] == 401
    assert reports(program) == 0


def test_an_unknown_address_is_not_there() -> None:
    assert call(f"/hooks/{uuid4()}", [])[0] == 404


def test_a_provider_may_try_the_address_out(hook: str) -> None:
    assert Client().get(hook).status_code == 200
