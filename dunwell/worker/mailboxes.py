"""Fetches replies from every organization's mailbox, a few at a time, so that none waits long."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog
from django.db import close_old_connections

from dunwell.flows.mailboxes import CHANNEL, fetch
from dunwell.tenancy import clock
from dunwell.tenancy.models import Organization
from dunwell.tenancy.queries import organizations_with
from dunwell.tenancy.scope import organization_scope

log = structlog.get_logger("dunwell.mailboxes")

_LOOK_SECONDS: Final = 5.0  # each mailbox itself is asked every 15 s
_AT_A_TIME: Final = 4


def run(stop: threading.Event) -> None:
    """Fetch until `stop` is set."""
    with ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="mailbox") as pool:
        while not stop.is_set():
            organizations = organizations_with(channel=CHANNEL)
            close_old_connections()
            list(pool.map(_fetch, organizations))
            stop.wait(_LOOK_SECONDS)


def _fetch(organization: Organization) -> None:
    """Fetch one organization's mail; what goes wrong there keeps no other's waiting."""
    try:
        with organization_scope(organization):
            fetch(organization=organization, now=clock.now(organization), wall=clock.wall())
    except Exception:
        log.exception("fetching mail failed", organization=str(organization.pk))
    finally:
        close_old_connections()
