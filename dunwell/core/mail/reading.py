"""Reads the bytes of a mail, however wrong they are: nothing a sender does makes this fail."""

import email
import email.policy
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import sha256
from typing import Final

from dunwell.core.mail.automatic import is_automatic
from dunwell.core.mail.page_text import page_text
from dunwell.core.mime import Address

_ID: Final = re.compile(r"<[^<>\s]{1,250}>")
_TO: Final = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "resent-to")
_CHARSETS: Final = ("utf-8", "cp1252")
_FILENAME: Final = re.compile(r"[\x00-\x1f\x7f/\\]+")
_MOST_PARTS: Final = 500


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a mail."""

    filename: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as it was read. `name` is its Message-ID, else the hash of its bytes."""

    name: str
    message_id: str
    sender: Address
    to: tuple[Address, ...]
    subject: str
    date: datetime | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    text: str
    html: str
    files: tuple[File, ...]
    automatic: bool
    message: "Message[str, str]" = field(repr=False, compare=False)


def read_mail(raw: bytes) -> Mail:
    """Read a mail; what is broken in it is left out or read as well as may be."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    ids = _ID.findall(header(message, "message-id"))
    subject = header(message, "subject")
    text, html, files = _parts(message)
    if not text.strip() and html:
        text = page_text(html)
    senders = _addresses(message, "from") or _addresses(message, "sender")
    return Mail(
        name=ids[0] if ids else f"sha256:{sha256(raw).hexdigest()}",
        message_id=ids[0] if ids else "",
        sender=senders[0] if senders else Address("", ""),
        to=tuple(dict.fromkeys(each for name in _TO for each in _addresses(message, name))),
        subject=subject,
        date=_date(header(message, "date")),
        in_reply_to=tuple(_ID.findall(header(message, "in-reply-to"))),
        references=tuple(_ID.findall(header(message, "references"))),
        text=text,
        html=html,
        files=files,
        automatic=is_automatic(
            headers=[(name, str(value)) for name, value in message.items()], subject=subject
        ),
        message=message,
    )


def header(message: "Message[str, str]", name: str) -> str:
    """Return a header's words on one line, decoded; empty if it is not there."""
    return _decoded(str(message.get(name, "") or ""))


def _decoded(value: str) -> str:
    value = " ".join(value.split())
    try:
        pieces = decode_header(value)
    except (MessageError, ValueError):
        return value
    words = "".join(
        piece if isinstance(piece, str) else in_charset(piece, charset) for piece, charset in pieces
    )
    return " ".join(words.encode("utf-8", "surrogateescape").decode("utf-8", "replace").split())


def in_charset(data: bytes, charset: str | None) -> str:
    """Decode by what the sender says; else as UTF-8 or Windows, whichever fits."""
    for name in (charset, *_CHARSETS):
        if not name or name.lower() in ("unknown-8bit", "us-ascii"):
            continue
        try:
            return data.decode(name.strip("\"' "))
        except (LookupError, UnicodeError):
            continue
    return data.decode("latin-1")


def _addresses(message: "Message[str, str]", name: str) -> list[Address]:
    values = [_undecoded(str(value)) for value in message.get_all(name, [])]
    return [
        Address(_decoded(person), address.strip())
        for person, address in getaddresses(values, strict=False)
        if "@" in address
    ]


def _undecoded(value: str) -> str:
    """Set a header in one line; its encoded words stay, since a decoded comma would part names."""
    value = " ".join(value.split())
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _parts(message: "Message[str, str]") -> tuple[str, str, tuple[File, ...]]:
    """Return the words, the page and the files of a mail."""
    texts: list[str] = []
    pages: list[str] = []
    files: list[File] = []
    for number, part in enumerate(_leaves(message)):
        if number >= _MOST_PARTS:
            break
        kind = part.get_content_type()
        named = part.get_filename() is not None
        as_file = part.get_content_disposition() == "attachment" or named
        if kind == "text/plain" and not as_file:
            texts.append(_words(part))
        elif kind == "text/html" and not as_file and not pages:
            pages.append(_words(part))
        elif part.get_content_maintype() != "multipart":
            files.append(_file(part, number))
    return "\n".join(text for text in texts if text), "".join(pages), tuple(files)


def _leaves(message: "Message[str, str]") -> "list[Message[str, str]]":
    """List the parts without parts of their own; an attached mail is one, as it came."""
    if message.get_content_type() == "message/rfc822" or not message.is_multipart():
        return [message]
    found: list[Message[str, str]] = []
    for part in message.get_payload():
        if isinstance(part, Message):
            found += _leaves(part)
    return found


def _words(part: "Message[str, str]") -> str:
    text = in_charset(_data(part), part.get_content_charset())
    return text.replace("\r\n", "\n").replace("\x00", "")


def _data(part: "Message[str, str]") -> bytes:
    if part.is_multipart():  # an attached mail
        inner = part.get_payload(0)
        return inner.as_bytes() if isinstance(inner, Message) else b""
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _file(part: "Message[str, str]", number: int) -> File:
    name = _FILENAME.sub("_", _decoded(part.get_filename() or "")).strip(". ")
    kind = part.get_content_type()
    if not name:
        name = "message.eml" if kind == "message/rfc822" else f"part-{number + 1}"
    return File(name[:200], kind, _data(part))
