"""The API as a whole: its addresses, its documents, and the door before them."""

from typing import Any, Final

from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, path, re_path
from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.security import HttpBearer

from dunwell import __version__
from dunwell.api import docs, problems
from dunwell.api.door import guarded, unknown
from dunwell.api.reading import StrictParser
from dunwell.api.resources import (
    board,
    cadences,
    channels,
    chasing,
    customer_cadences,
    customer_chasing,
    customers,
    events,
    imports,
    invoices,
    organization,
    payment_plans,
    payments,
    reports,
    sandbox,
    schedules,
    standing,
    tasks,
    templates,
    threads,
    why,
)

_ABOUT: Final = (
    "Receivables: invoices, payments, and the messages that chase them. Lists come in pages"
    " (`cursor`, `limit`), errors as application/problem+json, and every POST takes an"
    " Idempotency-Key."
)


class Token(HttpBearer):
    """The token in the Authorization header; the door has looked at it already."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:  # noqa: ARG002  # ninja's form
        """Return the actor the door let in."""
        return getattr(request, "here", None)


class DunwellAPI(NinjaAPI):
    """All addresses below /api/v1, each behind the door."""

    def set_default_exception_handlers(self) -> None:
        """Let one function turn every error into a problem document."""
        self.add_exception_handler(Exception, problems.answer)  # type: ignore[arg-type]  # ninja means an instance

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Name an operation by its noun and verb."""
        noun = operation.view_func.__module__.split(".")[3]  # dunwell.api.resources.<noun>
        return f"{noun}_{operation.view_func.__name__}"

    def _get_urls(self) -> list[URLResolver | URLPattern]:
        """Return ninja's addresses behind the door, our documents, and an answer for the rest."""
        found: list[URLResolver | URLPattern] = [
            path("openapi.json", docs.openapi_json, {"api": self}, name="openapi-json"),
            path("docs", docs.page, {"api": self}, name="openapi-view"),
        ]
        for pattern in super()._get_urls():
            if isinstance(pattern, URLPattern) and pattern.callback is not None:
                pattern.callback = guarded(pattern.callback)
            found.append(pattern)
        return [*found, re_path("", guarded(unknown), name="unknown")]


api = DunwellAPI(
    title="Dunwell",
    version=__version__,
    description=_ABOUT,
    urls_namespace="api",
    openapi_url=None,
    docs_url=None,
    parser=StrictParser(),
    auth=Token(),
)
api.add_router("/customers", customers.router)
api.add_router("/customers", threads.of_customer)
api.add_router("/invoices", invoices.router)
api.add_router("/invoices", schedules.router)
api.add_router("/invoices", threads.of_invoice)
api.add_router("/invoices", why.router)
api.add_router("/board", board.router)
api.add_router("/payments", payments.router)
api.add_router("/credit-notes", payments.credit_notes)
api.add_router("/promises", standing.promises)
api.add_router("/disputes", standing.disputes)
api.add_router("/payment-plans", payment_plans.router)
api.add_router("/cadences", cadences.router)
api.add_router("/customer-cadences", customer_cadences.router)
api.add_router("/customers", customer_chasing.router)
api.add_router("/tasks", tasks.router)
api.add_router("/planned-sends", schedules.sends)
api.add_router("/chasing", chasing.router)
api.add_router("/reports", reports.router)
api.add_router("/customers", reports.statements)
api.add_router("/templates", templates.router)
api.add_router("/imports", imports.router)
api.add_router("/activities", standing.activities)
api.add_router("/organization", organization.router)
api.add_router("/channels", channels.router)
api.add_router("/suppressions", channels.suppressions)
api.add_router("/members", organization.members)
api.add_router("/contact-roles", organization.contact_roles)
api.add_router("/events", events.router)
api.add_router("/test-clock", sandbox.clock)
api.add_router("/outbox", sandbox.outbox)
