"""What happens around every page: its log line, and the scope of the signed-in member."""

import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from dunwell.tenancy import doors
from dunwell.tenancy.metrics import REQUEST_SECONDS
from dunwell.tenancy.models import Organization
from dunwell.tenancy.scope import organization_scope
from dunwell.web.requests import enter

log = structlog.get_logger("dunwell.web")
Handler = Callable[[HttpRequest], HttpResponse]


def request_log(get_response: Handler) -> Handler:
    """Time every request for the log and the metrics; no personal data goes into either."""

    def handle(request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = get_response(request)
        seconds = time.perf_counter() - start
        match = request.resolver_match
        route = match.route if match else "unmatched"
        REQUEST_SECONDS.labels(route=route, method=request.method or "").observe(seconds)
        response.headers["Server-Timing"] = f"app;dur={seconds * 1000:.1f}"
        log.info(
            "request",
            method=request.method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
        )
        return response

    return handle


def membership(get_response: Handler) -> Handler:
    """Enter the organization a signed-in member works in, for the whole request."""

    def handle(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return get_response(request)
        entrances = doors.of_user(user_id=request.user.pk)
        chosen = request.session.get("organization")
        entrance = next(
            (e for e in entrances if str(e.organization_id) == chosen),
            entrances[0] if entrances else None,
        )
        if entrance is None:
            return get_response(request)
        with organization_scope(entrance.organization_id):
            organization = Organization.objects.get(pk=entrance.organization_id)
            enter(request, organization=organization, actor=entrance.actor)
            return get_response(request)

    return handle
