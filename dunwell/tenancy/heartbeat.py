"""Says whether a worker is alive: each leaves a mark every few seconds (wall clock).

A time without any mark is an outage. It is kept: by the web process, which notices it, or by the
worker that comes back, also where everything was down.
"""

import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Max, Q

from dunwell.tenancy.models import WorkerHeartbeat, WorkerOutage

SILENCE: Final = timedelta(minutes=10)
"""From when on the absence of every worker is an outage."""

_FORGOTTEN = timedelta(days=1)
_OPEN = "INSERT INTO tenancy_workeroutage (began_at) VALUES (%s) ON CONFLICT DO NOTHING"
_CLOSED = """
INSERT INTO tenancy_workeroutage (began_at, ended_at) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""


def beat(*, at: datetime) -> None:
    """Leave this worker's mark, end an outage it ends, and forget workers unseen for a day."""
    before = last_beat()
    name = f"{socket.gethostname()}:{os.getpid()}"[:100]
    WorkerHeartbeat.objects.update_or_create(name=name, defaults={"seen_at": at})
    WorkerHeartbeat.objects.filter(seen_at__lt=at - _FORGOTTEN).delete()
    WorkerOutage.objects.filter(ended_at__isnull=True, began_at__lte=at).update(ended_at=at)
    if before is not None and at - before >= SILENCE:
        # Nobody noticed it while it lasted, or else it is there already.
        with connection.cursor() as cursor:
            cursor.execute(_CLOSED, [before, at])


def last_beat() -> datetime | None:
    """Return when any worker was last seen, None if never."""
    seen: datetime | None = WorkerHeartbeat.objects.aggregate(last=Max("seen_at"))["last"]
    return seen


def note_silence(*, watched_since: datetime, at: datetime) -> WorkerOutage | None:
    """Record an outage if no worker was seen for ten minutes; return the one that lasts.

    `watched_since`: since when somebody looks, for an installation where none was ever seen.
    """
    if at - (last_beat() or watched_since) >= SILENCE:
        with connection.cursor() as cursor:
            cursor.execute(_OPEN, [last_beat() or watched_since])
    return lasting_outage()


def lasting_outage() -> WorkerOutage | None:
    """Return the outage that lasts, None while a worker is there."""
    return WorkerOutage.objects.filter(ended_at__isnull=True).first()


def outages(*, after: datetime, before: datetime) -> Sequence[WorkerOutage]:
    """List the outages that touch a stretch of time, in order."""
    touching = Q(ended_at__isnull=True) | Q(ended_at__gt=after)
    return list(WorkerOutage.objects.filter(touching, began_at__lt=before).order_by("began_at"))
