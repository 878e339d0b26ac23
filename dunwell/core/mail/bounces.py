"""Reads what mail servers report about our messages: RFC 3464, RFC 5965, and older habits."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from enum import StrEnum
from typing import Final

from dunwell.core.mail.reading import Mail, header

_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ID: Final = re.compile(r"^[>\s]*message-id\s*:\s*(<[^<>\s]{1,250}>)", re.IGNORECASE | re.MULTILINE)
_ADDRESS: Final = re.compile(r"[^\s<>:;,\"'()\[\]]{1,64}@[A-Za-z0-9.-]{1,255}\w")
_FROM: Final = re.compile(
    r"^(mailer-daemon|postmaster|mail\s*delivery\s*(?:sub)?system|bounce)\b", re.IGNORECASE
)
_SUBJECT: Final = re.compile(
    r"""undeliver | returned\s+mail | delivery\s+(?:status\s+notification|fail|problem|has\s+failed)
    | mail\s+delivery\s+failed | failure\s+notice | mail\s+system\s+error | nicht\s+zustellbar
    | unzustellbar | konnte\s+nicht\s+zugestellt | non\s+remis | [ée]chec\s+de\s+(?:la\s+)?remise
    | no\s+se\s+puede\s+entregar | no\s+entregado""",
    re.IGNORECASE | re.VERBOSE,
)
_DELAYED: Final = re.compile(r"delay|warning|verz[öo]ger|retard|retras", re.IGNORECASE)
_GONE: Final = re.compile(
    r"""user\s+unknown | unknown\s+(?:user|recipient|address) | no\s+such\s+(?:user|mailbox|address)
    | does(?:n't|\s+not)\s+exist
    | (?:mailbox|address|recipient|user)\b.{0,30}\bnot\s+(?:found|exist)
    | mailbox\s+unavailable | invalid\s+(?:recipient|mailbox) | account\b.{0,30}\bdisabled
    | no\s+mailbox\s+here | unrouteable\s+address | host\s+or\s+domain\s+name\s+not\s+found
    | address\s+rejected | recipient\s+rejected""",
    re.IGNORECASE | re.VERBOSE,
)
# Permanent for this message, not for the address: full, too large, refused for its content.
_SOFT: Final = frozenset({"2.2", "2.3", "3.4", "4.7", "7.0", "7.1", "7.26", "7.27", "3.1"})


class Kind(StrEnum):
    """What a report says; the first four are values of `ports.incoming.Report`."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED = "failed"
    COMPLAINED = "complained"
    DELAYED = "delayed"  # not there yet: nothing follows


@dataclass(frozen=True, slots=True)
class Told:
    """One report about one recipient; `message_id` (in angle brackets) is the message's."""

    kind: Kind
    message_id: str
    address: str
    detail: str


def read_reports(mail: Mail) -> list[Told] | None:
    """Return what a mail reports; None if it is no report but somebody's message."""
    message = mail.message
    kind = str(message.get_param("report-type", "") or "").lower()
    if message.get_content_type() == "multipart/report" and kind == "feedback-report":
        return [_complaint(message)]
    fields = _part(message, "message/delivery-status")
    if fields is not None:
        return _statuses(message, fields)
    if _part(message, "message/feedback-report") is not None:
        return [_complaint(message)]
    if message.get_content_type() == "multipart/report":
        return []  # read receipts and the like: nothing follows
    return _by_habit(mail)


def _statuses(message: "Message[str, str]", fields: "Message[str, str]") -> list[Told]:
    """Read the blocks of RFC 3464: one about the message, then one per recipient."""
    id_ = _message_id(message)
    found = []
    for block in _blocks(fields):
        address = header(block, "original-recipient") or header(block, "final-recipient")
        if not address:
            continue
        action, status = header(block, "action").lower(), header(block, "status")
        detail = header(block, "diagnostic-code").partition(";")[2].strip() or status
        kind = _kind(action, status, detail)
        found.append(Told(kind, id_, address.rpartition(";")[2].strip(" <>"), detail[:1000]))
    return found


def _kind(action: str, status: str, detail: str) -> Kind:
    if action in ("delivered", "relayed", "expanded"):
        return Kind.DELIVERED
    if action == "delayed":
        return Kind.DELAYED
    code = _STATUS.search(status) or _STATUS.search(detail)
    if code is None:
        return Kind.BOUNCED if _GONE.search(detail) else Kind.FAILED
    if code[1] == "2":
        return Kind.DELIVERED
    soft = code[1] == "4" or f"{code[2]}.{code[3]}" in _SOFT
    return Kind.FAILED if soft and not (code[1] == "5" and _GONE.search(detail)) else Kind.BOUNCED


def _complaint(message: "Message[str, str]") -> Told:
    """Read an abuse report (RFC 5965): its reader called our message spam."""
    fields = _part(message, "message/feedback-report")
    address = ""
    for block in _blocks(fields) if fields is not None else ():
        address = address or header(block, "original-rcpt-to") or header(block, "removal-recipient")
    kind = header(next(_blocks(fields)), "feedback-type") if fields is not None else "abuse"
    return Told(Kind.COMPLAINED, _message_id(message), address.strip(" <>"), kind or "abuse")


def _by_habit(mail: Mail) -> list[Told] | None:
    """Read a report that is only words: a mail server's name as sender, and words of failing."""
    local = mail.sender.email.partition("@")[0]
    from_server = _FROM.search(local) or _FROM.search(mail.sender.name)
    failed = header(mail.message, "x-failed-recipients")
    if not (failed or (from_server and _SUBJECT.search(f"{mail.subject}\n{mail.text[:500]}"))):
        return None
    id_ = _message_id(mail.message) or (_first(_ID, mail.text))
    about = failed.partition(",")[0].strip() or _first_address(mail)
    kind = Kind.DELAYED if _DELAYED.search(mail.subject) else _kind("failed", "", mail.text[:5000])
    line = next((line for line in mail.text.splitlines() if _STATUS.search(line)), mail.subject)
    return [Told(kind, id_, about, line.strip()[:1000])]


def _first_address(mail: Mail) -> str:
    """Return the first address in the words that is neither the server's nor where it went."""
    ours = {mail.sender.email.lower(), *(each.email.lower() for each in mail.to)}
    for found in _ADDRESS.findall(mail.text):
        if found.lower() not in ours:
            return str(found)
    return ""


def _message_id(message: "Message[str, str]") -> str:
    """Return the Message-ID of the message that a report encloses, whole or its headers alone."""
    for part in message.walk():
        kind = part.get_content_type()
        if kind in ("message/rfc822", "message/rfc822-headers", "message/global"):
            inner = part.get_payload(0) if part.is_multipart() else None
            if isinstance(inner, Message) and inner.get("message-id"):
                return header(inner, "message-id")
        if kind in ("text/rfc822-headers", "message/rfc822-headers", "message/rfc822"):
            data = part.get_payload(decode=True)
            text = data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
            if found := _first(_ID, text):
                return found
    return ""


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def _part(message: "Message[str, str]", kind: str) -> "Message[str, str] | None":
    return next((part for part in message.walk() if part.get_content_type() == kind), None)


def _blocks(fields: "Message[str, str]") -> "Iterator[Message[str, str]]":
    """List the blocks of fields in a part; the parser gives each as a message of its own."""
    payload = fields.get_payload()
    if isinstance(payload, list):
        yield from (block for block in payload if isinstance(block, Message))
        return
    for text in re.split(r"\r?\n\r?\n", str(payload)):
        if text.strip():
            yield message_from_string(text)
