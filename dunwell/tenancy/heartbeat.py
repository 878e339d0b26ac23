"""Says whether a worker is alive: each leaves a mark every few seconds (wall clock)."""

import os
import socket
from datetime import datetime, timedelta

from django.db.models import Max

from dunwell.tenancy.models import WorkerHeartbeat

_FORGOTTEN = timedelta(days=1)


def beat(*, at: datetime) -> None:
    """Leave this worker's mark, and forget workers unseen for a day."""
    name = f"{socket.gethostname()}:{os.getpid()}"[:100]
    WorkerHeartbeat.objects.update_or_create(name=name, defaults={"seen_at": at})
    WorkerHeartbeat.objects.filter(seen_at__lt=at - _FORGOTTEN).delete()


def last_beat() -> datetime | None:
    """Return when any worker was last seen, None if never."""
    seen: datetime | None = WorkerHeartbeat.objects.aggregate(last=Max("seen_at"))["last"]
    return seen
