"""The mailbox that an organization's replies are fetched from: set up, tried, read."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from dunwell.flows.receive_mail import receive_mail
from dunwell.inbox.models import MailboxState
from dunwell.ports.mailboxes import Bookmark, MailboxFailed
from dunwell.ports.registry import mailbox
from dunwell.tenancy import scope
from dunwell.tenancy.errors import Conflict, InvalidInput
from dunwell.tenancy.models import Organization
from dunwell.tenancy.operations import checks
from dunwell.tenancy.operations.channels import channel_settings, remove_channel, set_channel
from dunwell.tenancy.roles import Actor, Permission

log = structlog.get_logger("dunwell.mailboxes")

CHANNEL: Final = "inbox"
PROVIDER: Final = "mail_imap"
EVERY: Final = timedelta(seconds=15)
_AFTER_FAILURE: Final = timedelta(minutes=1)
_CHECKS: Final[Mapping[str, checks.Check]] = {
    "address": checks.required_email,
    "host": checks.host,
    "port": checks.whole(1, 65535),
    "security": checks.one_of("tls", "starttls", "none"),
    "user": checks.text(255, required=True),
    "folder": checks.text(200),
    "done_folder": checks.text(200),
    "plus": checks.yes_no,
}


def set_mailbox(
    *,
    organization: Organization,
    options: Mapping[str, Any],
    password: str,
    actor: Actor,
    now: datetime,
    wall: datetime,
) -> None:
    """Choose the mailbox; what comes in from now on is fetched. An empty password stays as it was.

    `options`: address, host, port, security, user, folder, done_folder (empty: mails stay where
    they are), plus (the server takes mail for address+anything). Raises InvalidInput, NotAllowed.
    """
    values = checks.checked(options, _CHECKS)
    if not values.get("host"):
        raise InvalidInput.at("host", _("Enter the server's name."))
    values["plus"] = int(values["plus"])
    before = channel_settings(channel=CHANNEL)
    with transaction.atomic():
        set_channel(
            channel=CHANNEL,
            provider=PROVIDER,
            options=values,
            secret_values={"password": password},
            actor=actor,
            now=now,
        )
        same = before is not None and all(
            before.options.get(name) == values[name] for name in ("host", "user", "folder")
        )
        if not same:
            MailboxState.objects.all().delete()
        MailboxState.objects.get_or_create(
            organization=organization, defaults={"since": wall.replace(microsecond=0)}
        )
        MailboxState.objects.update(polled_at=None, failing_since=None, error="")


def remove_mailbox(*, actor: Actor, now: datetime) -> None:
    """Fetch no more replies. Raises NotFound, NotAllowed."""
    with transaction.atomic():
        remove_channel(channel=CHANNEL, actor=actor, now=now)
        MailboxState.objects.all().delete()


def try_mailbox(*, actor: Actor) -> int:
    """Sign in to the saved mailbox and count the mails in its folder.

    Raises Conflict with the server's own words, NotAllowed.
    """
    actor.require(Permission.SETTINGS)
    found = channel_settings(channel=CHANNEL)
    if found is None:
        raise Conflict(_("Enter a mailbox first and save it."))
    try:
        return mailbox(name=found.provider).check(settings={**found.options, **found.secrets})
    except MailboxFailed as error:
        raise Conflict(str(error)) from error


def fetch(*, organization: Organization, now: datetime, wall: datetime) -> int:
    """Take in what has come into the organization's mailbox; return how many mails.

    Does nothing where another worker looked in the last seconds. Each mail is stored before it is
    marked or moved in the mailbox; one that comes twice is known by its name.
    """
    found = channel_settings(channel=CHANNEL)
    if found is None or not _my_turn(wall):
        return 0
    state = MailboxState.objects.get()
    taken = 0
    bookmark = Bookmark(state.since, state.uid_validity, state.last_uid)
    try:
        for mail in mailbox(name=found.provider).fetch(
            settings={**found.options, **found.secrets}, bookmark=bookmark
        ):
            receive_mail(
                organization=organization, raw=mail.raw, received_at=mail.received_at, now=now
            )
            taken += 1
            MailboxState.objects.filter(pk=state.pk).update(
                uid_validity=mail.bookmark.uid_validity,
                last_uid=mail.bookmark.last_uid,
                received=state.received + taken,
            )
    except MailboxFailed as error:
        _failed(state, str(error), wall)
    else:
        MailboxState.objects.filter(pk=state.pk).update(error="", failing_since=None)
    return taken


def _my_turn(wall: datetime) -> bool:
    """Take the turn to look, unless somebody did so lately or the mailbox failed just now."""
    rows = MailboxState.objects.filter(organization_id=scope.organization_id())
    fine = rows.filter(failing_since__isnull=True)
    failing = rows.filter(failing_since__isnull=False)
    soon = timedelta(seconds=1)
    return bool(
        rows.filter(polled_at__isnull=True).update(polled_at=wall)
        or fine.filter(polled_at__lte=wall - EVERY + soon).update(polled_at=wall)
        or failing.filter(polled_at__lte=wall - _AFTER_FAILURE).update(polled_at=wall)
    )


def _failed(state: MailboxState, error: str, wall: datetime) -> None:
    log.warning("mailbox cannot be read", organization=str(state.organization_id), error=error)
    MailboxState.objects.filter(pk=state.pk).update(
        error=error, failing_since=state.failing_since or wall
    )
