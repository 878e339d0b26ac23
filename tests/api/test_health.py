"""What operators and load balancers ask."""

from datetime import timedelta

import pytest
from django.test import Client

from dunwell.tenancy import clock, heartbeat
from tests.api.conftest import Program


def test_healthy_with_web_database_and_a_worker(db: None, client: Client) -> None:
    heartbeat.beat(at=clock.wall())
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "web": "ok", "database": "ok", "worker": "ok"}


@pytest.mark.parametrize(("seconds", "words"), [(None, "never seen"), (90, "not seen for 90 s")])
def test_unhealthy_without_a_worker(
    db: None, client: Client, seconds: int | None, words: str
) -> None:
    if seconds:
        heartbeat.beat(at=clock.wall() - timedelta(seconds=seconds))
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["worker"] == words


def test_metrics_count_requests_and_show_the_queue(program: Program) -> None:
    program.get("/customers")
    text = program.client.get("/metrics").content.decode()
    assert "dunwell_queue_age_seconds 0.0" in text
    assert 'dunwell_request_seconds_count{method="GET",route="api/v1/customers"}' in text


@pytest.mark.parametrize(
    "extra", [{"REMOTE_ADDR": "192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}]
)
def test_metrics_are_not_for_strangers(db: None, client: Client, extra: dict[str, str]) -> None:
    assert client.get("/metrics", **extra).status_code == 403  # type: ignore[arg-type]  # WSGI names


def test_metrics_with_a_token_need_it(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUNWELL_METRICS_TOKEN", "secret")
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer secret"}).status_code == 200


def test_the_documents_need_no_token_and_load_nothing_from_elsewhere(
    db: None, client: Client
) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    page = client.get("/api/v1/docs")
    text = page.content.decode()
    assert page.status_code == 200
    assert "<script" not in text
    assert "style=" not in text
    assert "http://" not in text
    assert "https://" not in text
    for path in described["paths"]:
        assert path in text
