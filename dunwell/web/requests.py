"""What a page knows of its request: the organization, who acts, and the organization's clock."""

from dataclasses import dataclass
from datetime import date, datetime

from django.http import HttpRequest

from dunwell.core.calendar import local_date
from dunwell.tenancy import clock
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


@dataclass(frozen=True, slots=True)
class Here:
    """The organization a request works in, who acts, and the organization's instant and day."""

    organization: Organization
    actor: Actor
    now: datetime
    today: date


def enter(request: HttpRequest, *, organization: Organization, actor: Actor) -> None:
    """Note on the request where it works; the scope itself is entered by the middleware."""
    now = clock.now(organization)
    request.here = Here(  # type: ignore[attr-defined]  # Django requests carry such notes
        organization=organization,
        actor=actor,
        now=now,
        today=local_date(now, organization.zone),
    )


def here(request: HttpRequest) -> Here:
    """Return where the request works; pages are behind `member_page`, so it is always there."""
    found: Here = request.here  # type: ignore[attr-defined]  # set by `enter`
    return found
