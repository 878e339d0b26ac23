"""The worker: sends what is due, does what time sets off, numbers events, runs jobs."""

import gc
import os
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

import psycopg
import structlog
from django.db import DatabaseError, close_old_connections

from dunwell.chasing.sender.batches import Lane
from dunwell.chasing.sender.sender import Sender
from dunwell.chasing.timers import SENDS
from dunwell.tenancy import clock, heartbeat, timers
from dunwell.tenancy.models import Organization
from dunwell.tenancy.publisher import publish_all
from dunwell.tenancy.queries import live_organizations
from dunwell.tenancy.scope import organization_scope
from dunwell.worker import jobs, mailboxes

log = structlog.get_logger("dunwell.worker")

# While one waits for PostgreSQL or the mail server, another renders.
SENDERS = int(os.environ.get("DUNWELL_SENDERS", "3"))
_IDLE_SECONDS = 1.0
_BREAK_SECONDS = 2.0
_OBJECTS_BETWEEN_COLLECTIONS = 20_000


def run(stop: threading.Event) -> None:
    """Work until `stop` is set; each part in its own thread, restarted after an error."""
    tune()
    parts: list[tuple[str, Callable[[threading.Event], None]]] = [
        *((f"sender-{n}", partial(send_what_is_due, lane=Lane.MAIL)) for n in range(SENDERS)),
        ("slow-sender", partial(send_what_is_due, lane=Lane.SLOW)),
        ("timers", do_what_time_sets_off),
        ("mailboxes", mailboxes.run),
        ("publisher", publish_events),
        ("jobs", jobs.run),
    ]
    threads = [
        threading.Thread(target=_keep_running, args=(name, part, stop), name=name)
        for name, part in parts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def tune() -> None:
    """Keep Python from looking through all modules' objects, and a batch's, again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 20)


def _keep_running(
    name: str, part: Callable[[threading.Event], None], stop: threading.Event
) -> None:
    """Run one part; after a lost database or a mistake, say so and begin anew."""
    while not stop.is_set():
        try:
            part(stop)
        except (psycopg.Error, DatabaseError) as error:
            log.warning("database lost, trying again", part=name, error=str(error))
            stop.wait(_BREAK_SECONDS)
        except Exception:
            log.exception("part of the worker failed, beginning anew", part=name)
            stop.wait(_BREAK_SECONDS)
        finally:
            close_old_connections()


def send_what_is_due(stop: threading.Event, *, lane: Lane = Lane.ALL) -> None:
    """Hand over what is due in a lane, batch after batch; sweep dead senders every second.

    One sender lives as long as the worker: after a lost database it still knows what it handed
    over, and writes that down first.
    """
    sender = Sender(wall=clock.wall, lane=lane)
    swept: datetime | None = None
    while not stop.is_set():
        now = clock.wall()
        try:
            if swept is None or (now - swept).total_seconds() >= 1:
                sender.sweep()
                swept = now
            if not sender.step(now=now):
                stop.wait(_IDLE_SECONDS)
        except psycopg.Error as error:
            log.warning("database lost while sending, trying again", error=str(error))
            stop.wait(_BREAK_SECONDS)
    sender.step(now=clock.wall(), limit=0)  # claims nothing, settles the last batch
    sender.close()


def do_what_time_sets_off(stop: threading.Event) -> None:
    """Do the rules of live organizations that are due, and say that a worker is alive."""
    while not stop.is_set():
        heartbeat.beat(at=clock.wall())
        for organization in live_organizations():
            with organization_scope(organization):
                _catch_up(organization)
        close_old_connections()
        stop.wait(5.0)


def _catch_up(organization: Organization) -> None:
    """Do every rule of one organization that is due now; its sends are the sender's."""
    now = clock.now(organization)
    for timer in timers.all_timers():
        if timer.name == SENDS:
            continue
        due = timer.next_due(organization=organization, after=now)
        if due is not None and due <= now:
            timer.do_due(organization=organization, at=now)


def publish_events(stop: threading.Event) -> None:
    """Number committed events within a quarter of a second."""
    while not stop.is_set():
        publish_all()
        stop.wait(0.25)
