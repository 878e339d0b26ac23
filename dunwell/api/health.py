"""Is everything up, and the numbers an operator watches; both without a token of the API."""

import os
import secrets
from datetime import timedelta
from typing import Final

from django.db import DatabaseError
from django.db.models import Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from dunwell.chasing.models import PlannedSend
from dunwell.tenancy import clock, heartbeat
from dunwell.tenancy.metrics import QUEUE_AGE, WORKER_SEEN
from dunwell.tenancy.scope import system_scope

LONGEST_SILENCE: Final = timedelta(seconds=60)
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", ""})


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 when web, database and a worker are up, else 503 and what is down.

    With no worker for ten minutes the answer names since when (`outage`).
    """
    parts = {"web": "ok", **_database_and_worker()}
    return _answer(parts, healthy=all(state == "ok" for state in parts.values()))


@require_safe
def healthz_web(_request: HttpRequest) -> HttpResponse:
    """Answer 200 while pages and API work: what a load balancer asks, whatever the workers do."""
    parts = {"web": "ok", **_database_and_worker()}
    return _answer(parts, healthy=parts["database"] == "ok")


def _answer(parts: dict[str, str], *, healthy: bool) -> HttpResponse:
    response = JsonResponse(
        {"status": "ok" if healthy else "down", **parts}, status=200 if healthy else 503
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Give the numbers to this machine itself, or to who knows DUNWELL_METRICS_TOKEN."""
    if not _may_read(request):
        return HttpResponse(status=403)
    _measure()
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _database_and_worker() -> dict[str, str]:
    try:
        seen, outage = heartbeat.last_beat(), heartbeat.lasting_outage()
    except DatabaseError:
        return {"database": "down", "worker": "unknown"}
    since = {"outage": f"since {outage.began_at.isoformat()}"} if outage else {}
    if seen is None:
        return {"database": "ok", "worker": "never seen", **since}
    silence = clock.wall() - seen
    if silence < LONGEST_SILENCE:
        return {"database": "ok", "worker": "ok"}
    late = f"not seen for {silence.total_seconds():.0f} s"
    return {"database": "ok", "worker": late, **since}


def _may_read(request: HttpRequest) -> bool:
    token = os.environ.get("DUNWELL_METRICS_TOKEN", "")
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return secrets.compare_digest(given.encode(), token.encode())
    # Behind a proxy on this machine everybody comes from the loopback.
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not forwarded and request.META.get("REMOTE_ADDR", "") in _LOOPBACK


def _measure() -> None:
    """Set the numbers that are read from the database at this moment."""
    now = clock.wall()
    with system_scope("measure the queue of all organizations"):
        oldest = PlannedSend.objects.filter(state="planned", live=True, at__lte=now).aggregate(
            at=Min("at")
        )["at"]
    QUEUE_AGE.set((now - oldest).total_seconds() if oldest else 0)
    seen = heartbeat.last_beat()
    WORKER_SEEN.set((now - seen).total_seconds() if seen else float("inf"))


def _registry() -> CollectorRegistry:
    """Return what all processes counted, where they share a folder for it, else this one's."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has no types
    return registry
