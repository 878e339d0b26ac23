"""Messages that are not handed over with the batch of their claim, and what they wait for.

    letter in the print tray     a member, who posts it (`operations.tray`)
    text message in quiet hours  the end of the contact's quiet hours (`not_before`)
    another lane's message       that lane's sender, which takes it up at once

All of them are `queued` outside any batch and are checked again when they are taken up.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dunwell.chasing.sender.batches import Job, Moment
from dunwell.chasing.sender.transport import TRAY, Route
from dunwell.core.cadence import Channel
from dunwell.core.calendar import quiet_until


@dataclass(frozen=True, slots=True)
class Wait:
    """What a message waits for; neither instant: for a member."""

    next_try_at: datetime | None = None
    not_before: datetime | None = None


def wait_of(job: Job, way: Route, moment: Moment) -> Wait | None:
    """Say what a new message waits for, None if it goes with this claim's batches."""
    if way.name == TRAY:
        return Wait()
    until = quiet_end(job, moment.now)
    if until is not None or not moment.lane.takes(way.channel):
        return Wait(moment.wall, until)
    return None


def quiet_end(job: Job, now: datetime) -> datetime | None:
    """Return when the quiet hours end in which a text message would arrive now."""
    hours = job.subject.organization.sms_quiet
    if hours is None or job.channel != Channel.SMS:
        return None
    own = job.subject.contact_zones.get(job.contact_id) if job.contact_id else None
    zone = ZoneInfo(own) if own else job.subject.organization.zone
    return quiet_until(now, hours=hours, zone=zone)
