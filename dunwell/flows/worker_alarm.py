"""Tells the owners by email that no worker runs, once per outage, and when one is back.

A dead worker cannot say so itself: the web process looks (docs/how-to/run-in-production.md).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from smtplib import SMTPException
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from dunwell.tenancy import heartbeat, locale
from dunwell.tenancy.models import Member, Organization, WorkerOutage
from dunwell.tenancy.roles import Role
from dunwell.tenancy.scope import system_scope

log = structlog.get_logger("dunwell.alarm")

_STOPPED: Final = """\
Hello,

no worker of Dunwell has run since %(since)s. Pages and API still answer, but nothing is sent, no
reply is read and no import goes on until one runs again.

What to do: look at the log of the process “dunwell worker” (part of “dunwell serve”) and start it
again. What falls due meanwhile goes out late, within the catch-up window of %(hours)d hours; later
than that it is skipped and shown on the Chasing page. Nothing is sent twice.

%(url)s
"""
_BACK: Final = """\
Hello,

a worker of Dunwell runs again. None ran from %(since)s to %(until)s.

What fell due meanwhile goes out now, one message per invoice at most; what is older than the
catch-up window of %(hours)d hours is skipped and shown on the Chasing page.

%(url)s
"""


def look(*, watched_since: datetime, now: datetime) -> None:
    """Record whether a worker is missing (wall clock) and write to the owners about it once."""
    heartbeat.note_silence(watched_since=watched_since, at=now)
    untold = WorkerOutage.objects.filter(ended_at__isnull=True, told_at__isnull=True)
    for outage in untold:
        _tell(outage, mark="told_at", now=now, subject=_no_worker, text=_STOPPED)
    over = WorkerOutage.objects.filter(
        ended_at__isnull=False, told_at__isnull=False, told_over_at__isnull=True
    )
    for outage in over:
        _tell(outage, mark="told_over_at", now=now, subject=_worker_back, text=_BACK)


def _no_worker() -> str:
    return _("Dunwell: no worker is running, nothing is sent")


def _worker_back() -> str:
    return _("Dunwell: a worker runs again")


def _tell(
    outage: WorkerOutage, *, mark: str, now: datetime, subject: Callable[[], str], text: str
) -> None:
    """Write to every owner; the mark is set first, so that two web processes tell it once."""
    mine = WorkerOutage.objects.filter(pk=outage.pk, **{mark: None})
    if not mine.update(**{mark: now}):
        return
    try:
        for organization, addresses in _owners():
            words = _(text) % _facts(outage, organization)
            EmailMessage(subject(), words, None, bcc=addresses).send()
    except (OSError, SMTPException) as error:
        log.warning("the alarm could not be mailed, trying again", error=str(error))
        WorkerOutage.objects.filter(pk=outage.pk).update(**{mark: None})


def _facts(outage: WorkerOutage, organization: Organization) -> Mapping[str, Any]:
    def told(instant: datetime | None) -> str:
        return locale.instant(instant, organization.zone, organization.locale) if instant else ""

    return {
        "since": told(outage.began_at),
        "until": told(outage.ended_at),
        "hours": organization.catch_up_hours,
        "url": settings.URL,
    }


def _owners() -> list[tuple[Organization, list[str]]]:
    """List the live organizations with their owners' addresses; a sandbox waits for nobody."""
    with system_scope("write to all owners that no worker runs"):
        found: dict[Organization, list[str]] = {}
        rows = Member.objects.filter(
            role=Role.OWNER, active=True, organization__sandbox_now__isnull=True
        )
        for member in rows.select_related("organization").order_by("email"):
            found.setdefault(member.organization, []).append(member.email)
    return list(found.items())
