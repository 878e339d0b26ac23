"""Looks every minute whether a worker runs, in a thread of the web process."""

import threading
from typing import Final

import structlog
from django.db import DatabaseError, close_old_connections

from dunwell.flows import worker_alarm
from dunwell.tenancy import clock

log = structlog.get_logger("dunwell.web")
EVERY_SECONDS: Final = 60.0


def start(stop: threading.Event | None = None) -> threading.Thread:
    """Begin to look; ends with the process, or when `stop` is set."""
    thread = threading.Thread(
        target=_watch, args=(stop or threading.Event(),), name="worker-watch", daemon=True
    )
    thread.start()
    return thread


def _watch(stop: threading.Event) -> None:
    since = clock.wall()
    while not stop.wait(EVERY_SECONDS):
        try:
            worker_alarm.look(watched_since=since, now=clock.wall())
        except DatabaseError as error:
            log.warning("cannot look whether a worker runs", error=str(error))
        except Exception:
            log.exception("looking whether a worker runs failed")
        finally:
            close_old_connections()
