"""The OpenAPI document is true: what it allows is answered as it says, and nothing breaks."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dunwell.api import docs, limits
from dunwell.api.routes import api
from tests.api.conftest import furnish, make_program

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Time moves for all examples at once; its own tests advance the clock.
MOVES_TIME = "POST /api/v1/test-clock/advance"
SCHEMA = schemathesis.openapi.from_dict(docs.document(api))
OPERATIONS = [
    found
    for each in SCHEMA.get_all_operations()
    if isinstance(each, Ok) and (found := each.ok()).label != MOVES_TIME
]


@dataclass
class Somebody:
    """A program with one thing of every kind."""

    token: str
    ids: dict[str, str]


@cache
def application() -> Any:
    """Build the application once: its middleware and addresses take a while."""
    return get_wsgi_application()


@pytest.fixture
def somebody(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Somebody]:
    monkeypatch.setattr(limits, "buckets", limits.Buckets(per_second=1e6, burst=1e6))
    program = make_program()
    ids = furnish(program)
    # As Django's own test client does: the test's transaction lives on the open connection.
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield Somebody(program.token, ids)
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_answers_as_described(
    mode: GenerationMode, somebody: Somebody, subtests: pytest.Subtests
) -> None:
    for operation in OPERATIONS:
        with subtests.test(operation.label), undone(operation):
            _exercise(operation, mode, somebody)


@contextmanager
def undone(operation: Any) -> Iterator[None]:
    """Undo what an operation does, so that each finds everything as it was furnished."""
    if operation.method == "get":
        yield
        return
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _exercise(operation: Any, mode: GenerationMode, somebody: Somebody) -> None:
    names = re.findall(r"{(\w+)}", operation.path)
    path_parameters = {name: somebody.ids[name] for name in names}

    @given(case=operation.as_strategy(mode, path_parameters=path_parameters))
    @settings(
        max_examples=4,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answers_as_described(case: Any) -> None:
        # Without a network in between nobody would unpack a compressed answer.
        ours = {"Authorization": f"Bearer {somebody.token}", "Accept-Encoding": "identity"}
        case.headers = {**(case.headers or {}), **ours}
        response = case.call(app=application(), base_url="http://testserver")
        case.validate_response(response, checks=CHECKS)

    answers_as_described()
