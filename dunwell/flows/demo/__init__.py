"""A believable company in a sandbox, with half a year behind it, to look around in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from dunwell.chasing.sender.session import one_sender
from dunwell.flows.demo import company
from dunwell.flows.demo.acts import START, TODAY
from dunwell.flows.demo.living import Life
from dunwell.flows.demo.plot import FIRMS, INVOICES, plot
from dunwell.tenancy import doors
from dunwell.tenancy.models import Organization
from dunwell.tenancy.operations.organization import slug_for
from dunwell.tenancy.scope import organization_scope

OPENS: Final = datetime.combine(TODAY, time(8), ZoneInfo("Europe/Berlin"))
"""Where the clock of a new demo stands: a Monday morning."""

OWNER: Final = company.OWNER
VIEWER: Final = company.VIEWER
address = company.address


def find() -> Organization | None:
    """Find the demo made last, if it was made to its end."""
    last: UUID | None = None
    slug, number = company.SLUG, 1
    while (known := doors.by_slug(slug=slug)) is not None:
        last, number = known, number + 1
        slug = f"{company.SLUG}-{number}"
    if last is None:
        return None
    with organization_scope(last):
        organization = Organization.objects.get(pk=last)
    finished = organization.sandbox_now is not None and organization.sandbox_now >= OPENS
    return organization if finished else None


def create(
    *,
    wall: datetime,
    passwords: Callable[[str, str], str],
    tell: Callable[[date], None],
    invoices: int = INVOICES,
) -> Organization:
    """Make a new demo and live its half year; its clock then stands at OPENS.

    `passwords` is asked for the password of a slug's member (OWNER and VIEWER), `tell` hears of
    each month that begins. `wall` is the real instant, `invoices` about how many there will be.
    """
    slug = slug_for(name=company.SLUG)
    begins = datetime.combine(START, time(8), OPENS.tzinfo)
    studio = company.found(
        slug=slug,
        now=begins,
        wall=wall,
        passwords={key: passwords(slug, key) for key in (OWNER, VIEWER)},
    )
    story = plot(invoices=invoices)
    with organization_scope(studio.organization), _quick_commits(), one_sender():
        life = Life(
            studio=studio,
            jobs=story.jobs,
            customers=company.customers(studio=studio, now=begins, firms=tuple(FIRMS)),
            cadences=company.cadences(studio=studio, now=begins),
        )
        life.live(plot=story, tell=tell)
        studio.organization.attach_invoice = True
        studio.organization.save(update_fields=["attach_invoice"])
        life.stand_at(OPENS)
    return studio.organization


@contextmanager
def _quick_commits() -> Iterator[None]:
    """Not wait for the disk at each commit: a demo lost in a power cut is made again."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        try:
            yield
        finally:
            cursor.execute("RESET synchronous_commit")
