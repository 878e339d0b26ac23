"""The jobs nobody waits for, and the queue they stand in: procrastinate on the same database.

Every job carries its organization and is done in its scope: a handler gets the organization and
its instant beside the job's own arguments.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import close_old_connections
from procrastinate import App
from procrastinate.contrib.django import app as queue

from dunwell.flows import imports
from dunwell.ledger.imports import files
from dunwell.overview.operations import fold_open_sums, fold_send_counts
from dunwell.ports import jobs
from dunwell.tenancy import clock
from dunwell.tenancy.errors import DunwellError
from dunwell.tenancy.models import Member, Organization
from dunwell.tenancy.roles import SYSTEM_ACTOR, Actor, Role
from dunwell.tenancy.scope import organization_scope, system_scope

log = structlog.get_logger("dunwell.jobs")

_STOP_LOOK_SECONDS: Final = 0.5
_GRACE_SECONDS: Final = 25.0


def bind() -> None:
    """Make `ports.jobs.enqueue` put jobs into the database within the caller's transaction."""
    jobs.use(_put)


def _put(name: str, arguments: dict[str, jobs.Argument]) -> None:
    queue.configure_task(name, allow_unknown=True).defer(**arguments)


def run(stop: threading.Event) -> None:
    """Do jobs until `stop` is set; what is at work then has some seconds to end."""
    asyncio.run(_work(stop))


async def _work(stop: threading.Event) -> None:
    connector = queue.connector.get_worker_connector()  # type: ignore[attr-defined] # the Django one
    async with queue.with_connector(connector).open_async() as working:
        register(working)
        work = asyncio.create_task(
            working.run_worker_async(
                concurrency=2,
                install_signal_handlers=False,
                delete_jobs="successful",
                shutdown_graceful_timeout=_GRACE_SECONDS,
                fetch_job_polling_interval=5,
            )
        )
        # A thread's event, which no coroutine can wait for without keeping a thread.
        while not stop.is_set() and not work.done():  # noqa: ASYNC110
            await asyncio.sleep(_STOP_LOOK_SECONDS)
        if not work.done():
            work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        if not stop.is_set() and (error := work.exception()) is not None:
            raise error


def register(app: App) -> None:
    """Add every job's handler and the daily ones to an app that works."""
    for name, handler in HANDLERS.items():
        app.task(name=name)(_in_scope(handler))
    app.periodic(cron="17 3 * * *")(app.task(name="ledger.purge_imports")(_purge_imports))
    app.periodic(cron="47 * * * *")(app.task(name="overview.fold_open_sums")(_fold_open_sums))


def _in_scope(handler: Callable[..., None]) -> Callable[..., None]:
    """Enter the job's organization around its handler, on a thread with a fresh connection."""

    def work(*, organization_id: str, **arguments: Any) -> None:
        close_old_connections()
        try:
            with organization_scope(organization_id):
                organization = Organization.objects.get(pk=organization_id)
                handler(organization=organization, now=clock.now(organization), **arguments)
        finally:
            close_old_connections()

    return work


def _import(
    *, organization: Organization, now: Any, import_id: str, member_id: str | None, dry_run: bool
) -> None:
    """Run an import; what is wrong with it is noted on the import itself."""
    try:
        imports.run(
            organization=organization,
            actor=_actor(member_id),
            now=now,
            import_id=UUID(import_id),
            dry_run=dry_run,
            inline_rows=None,
        )
    except DunwellError as error:
        log.warning("an import was refused", import_id=import_id, reason=error.title)


def _actor(member_id: str | None) -> Actor:
    """Give back the member who put the job off; the system where that was nobody."""
    member = Member.objects.filter(pk=member_id).first() if member_id else None
    if member is None:
        return SYSTEM_ACTOR
    return Actor(label=member.name, member_id=member.pk, role=Role(member.role))


def _purge_imports(timestamp: int) -> None:
    del timestamp  # the slot that procrastinate names; files are judged by the real time
    files.purge(clock.wall())


def _fold_open_sums(timestamp: int) -> None:
    del timestamp  # the slot that procrastinate names; what is there is folded
    close_old_connections()
    try:
        with system_scope("fold the sums and counts of every organization"):
            fold_open_sums()
            fold_send_counts()
    finally:
        close_old_connections()


HANDLERS: Final[Mapping[str, Callable[..., None]]] = {imports.JOB: _import}
"""What does each job, by the name it is enqueued under."""
