"""What every page's frame shows."""

from typing import Any

from django.http import HttpRequest

from dunwell.tenancy import heartbeat
from dunwell.tenancy.models import WorkerOutage
from dunwell.tenancy.roles import Permission


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give templates the organization, the actor and the organization's clock, if signed in."""
    here = getattr(request, "here", None)
    return {
        "here": here,
        "may_move_clock": here and here.actor.may(Permission.CLOCK),
        "worker_outage": _outage if here else None,
        "may_write": here and here.actor.may(Permission.LEDGER_WRITE),
    }


def _outage() -> WorkerOutage | None:
    """Return the time without a worker that lasts; asked by the frame of whole pages only."""
    return heartbeat.lasting_outage()
