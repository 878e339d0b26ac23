"""Writes down a message that came in: once, in its conversation, with its files."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

import nh3
from django.db import connection

from dunwell.inbox.models import Message, ReceivedFile, Reply
from dunwell.inbox.operations.conversations import take_spot
from dunwell.inbox.queries.matching import Place
from dunwell.ports.incoming import Incoming, IncomingFile
from dunwell.tenancy.models import Organization

LARGEST_FILE: Final = 25_000_000
LARGEST_IN_ALL: Final = 50_000_000
MOST_FILES: Final = 100
_TEXT: Final = 500_000
_HTML: Final = 1_000_000
_REFERENCES: Final = 20

# Nothing that loads from outside: a picture would tell its sender that we read the message.
_TAGS: Final = nh3.ALLOWED_TAGS - {"img", "map", "area"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What was read out of a message: all of it, what is new in it, and a day of return."""

    text: str
    new_text: str
    back_on: date | None = None


def known(*, incoming: Incoming) -> Reply | None:
    """Return the reply as it was taken in before; else keep others from taking it in meanwhile.

    Call it in a transaction: the name is locked until its end.
    """
    name = name_of(incoming)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"reply {incoming.source[:40]} {name}"],
        )
    found = Reply.objects.filter(source=incoming.source[:40], external_id=name)
    return found.select_related("message__conversation").first()


def name_of(incoming: Incoming) -> str:
    """Return the name under which a message is known; a long one is shortened by its hash."""
    name = incoming.external_id
    if not 0 < len(name) <= 255:
        return sha256(name.encode(errors="replace")).hexdigest()
    return _clean(name)


def store(
    *, organization: Organization, incoming: Incoming, place: Place, words: Words, now: datetime
) -> Reply:
    """Put a message into its conversation, with what is known of it and its files.

    `now` is the organization's clock. Call it after `known` in the same transaction.
    """
    spot = take_spot(place=place, channel=incoming.channel, now=now)
    message = Message.objects.create(
        organization=organization,
        conversation_id=spot.conversation_id,
        seq=spot.seq,
        author="visitor",
        direction="in",
        channel=incoming.channel,
        by=_clean(incoming.sender.name or incoming.sender.email)[:200],
        subject=_clean(incoming.subject)[:500],
        text=words.text[:_TEXT],
        html=clean_html(incoming.html),
        attachments=[_told(file) for file in incoming.files[:MOST_FILES]],
        at=now,
    )
    _keep_files(organization, message, incoming.files)
    return Reply.objects.create(
        organization=organization,
        message=message,
        source=incoming.source[:40],
        external_id=name_of(incoming),
        mail_id=_clean(incoming.message_id)[:255],
        references=_clean(" ".join(_thread(incoming))),
        from_name=_clean(incoming.sender.name)[:200],
        from_address=_clean(incoming.sender.email)[:254],
        new_text=words.new_text[:_TEXT],
        automatic=incoming.automatic,
        back_on=words.back_on,
        matched_by=place.matched_by,
        received_at=now if organization.sandbox else incoming.received_at,
    )


def clean_html(html: str) -> str:
    """Keep what is harmless of a message's page: no scripts, styles, forms or pictures."""
    if not html or len(html) > _HTML:
        return ""
    return nh3.clean(html.replace("\x00", ""), tags=_TAGS, url_schemes={"http", "https", "mailto"})


def _thread(incoming: Incoming) -> tuple[str, ...]:
    """Return the ids an answer to this message names: the first of its thread and the latest."""
    ids = tuple(dict.fromkeys(incoming.references or incoming.in_reply_to))
    if len(ids) > _REFERENCES:
        ids = (ids[0], *ids[1 - _REFERENCES :])
    return tuple(each[:255] for each in ids)


def _clean(text: str) -> str:
    return text.replace("\x00", "")


def _told(file: IncomingFile) -> dict[str, Any]:
    """Describe a file where the message is listed; `kept` is false for one that was too large."""
    return {
        "filename": _clean(file.filename)[:200] or "file",
        "content_type": _clean(file.content_type)[:100] or "application/octet-stream",
        "size": len(file.data),
        "kept": len(file.data) <= LARGEST_FILE,
    }


def _keep_files(
    organization: Organization, message: Message, files: Iterable[IncomingFile]
) -> None:
    room = LARGEST_IN_ALL
    for file, told in zip(files, message.attachments, strict=False):
        room -= told["size"]
        if not told["kept"] or room < 0:
            told["kept"] = False
            message.save(update_fields=["attachments"])
            continue
        ReceivedFile.objects.create(
            organization=organization,
            message=message,
            filename=told["filename"],
            content_type=told["content_type"],
            size=told["size"],
            sha256=sha256(file.data).hexdigest(),
            data=file.data,
        )
