"""Reads a folder of an IMAP server (RFC 9051), with imap-tools.

A mail that was taken in is marked as seen, or moved where a folder for it is named. Nothing is lost
between: the bookmark only moves on after the mail was stored, and what comes twice is known.
"""

import contextlib
import imaplib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from imap_tools import AND, BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from dunwell.ports.mailboxes import Bookmark, Fetched, MailboxFailed

_TIMEOUT_SECONDS: Final = 20
_AT_A_TIME: Final = 200
_LARGEST: Final = 60_000_000
_FAILURES: Final = (OSError, ssl.SSLError, imaplib.IMAP4.error, ImapToolsError, ValueError)


class ImapMailbox:
    """Settings: host, port, security (tls, starttls, none), user, password, folder, done_folder."""

    def check(self, *, settings: Mapping[str, object]) -> int:
        """Sign in, open the folder and return how many mails lie there. Raises MailboxFailed."""
        with self._open(settings) as box:
            return int(box.folder.status(_folder(settings))["MESSAGES"])

    def fetch(self, *, settings: Mapping[str, object], bookmark: Bookmark) -> Iterator[Fetched]:
        """Give what has come since the bookmark, oldest first. Raises MailboxFailed."""
        with self._open(settings) as box:
            status = box.folder.status(_folder(settings), ["UIDVALIDITY", "UIDNEXT"])
            validity = int(status["UIDVALIDITY"])
            if validity != bookmark.uid_validity:
                bookmark = replace(bookmark, uid_validity=validity, last_uid=0)
            if bookmark.last_uid + 1 >= int(status["UIDNEXT"]):
                return
            for uid in _uids(box, bookmark)[:_AT_A_TIME]:
                raw, at = _read(box, uid)
                bookmark = replace(bookmark, last_uid=uid)
                if raw is None or at < bookmark.since:
                    continue
                yield Fetched(raw, at, bookmark)
                _done(box, uid, str(settings.get("done_folder") or ""))

    @contextlib.contextmanager
    def _open(self, settings: Mapping[str, object]) -> Iterator[BaseMailBox]:
        try:
            box = _connected(settings)
        except _FAILURES as error:
            raise MailboxFailed(_said(error)) from error
        try:
            box.login(
                str(settings["user"]), str(settings["password"]), initial_folder=_folder(settings)
            )
            yield box
        except _FAILURES as error:
            raise MailboxFailed(_said(error)) from error
        finally:
            with contextlib.suppress(*_FAILURES):
                box.logout()


def _connected(settings: Mapping[str, object]) -> BaseMailBox:
    host, port = str(settings["host"]), int(str(settings["port"]))
    security = settings.get("security", "tls")
    if security == "none":
        return MailBoxUnencrypted(host, port, timeout=_TIMEOUT_SECONDS)
    context = ssl.create_default_context()
    if security == "starttls":
        return MailBoxStartTls(host, port, timeout=_TIMEOUT_SECONDS, ssl_context=context)
    return MailBox(host, port, timeout=_TIMEOUT_SECONDS, ssl_context=context)


def _folder(settings: Mapping[str, object]) -> str:
    return str(settings.get("folder") or "INBOX")


def _uids(box: BaseMailBox, bookmark: Bookmark) -> list[int]:
    """List the ids behind the bookmark, in order. A server's day may be another than ours."""
    day = (bookmark.since - timedelta(days=1)).date()
    found = box.uids(AND(date_gte=day))
    return sorted(uid for uid in map(int, found) if uid > bookmark.last_uid)


def _read(box: BaseMailBox, uid: int) -> tuple[bytes | None, datetime]:
    """Read one mail and when it reached the server; None for one that is gone or far too large."""
    _kind, data = box.client.uid("FETCH", str(uid), "(RFC822.SIZE INTERNALDATE)")
    told = b" ".join(part for part in data if isinstance(part, bytes))
    known = b"INTERNALDATE" in told
    if not known:
        return None, datetime.min.replace(tzinfo=UTC)
    at = _instant(told)
    size = told.partition(b"RFC822.SIZE ")[2].split(b" ")[0].strip(b")")
    if size.isdigit() and int(size) > _LARGEST:
        return b"Subject: (too large to be read)\r\n\r\n", at
    _kind, data = box.client.uid("FETCH", str(uid), "(BODY.PEEK[])")
    raw = next((part[1] for part in data if isinstance(part, tuple)), None)
    return raw, at


def _instant(told: bytes) -> datetime:
    """Read INTERNALDATE "02-Mar-2026 09:12:00 +0100"."""
    text = told.partition(b'INTERNALDATE "')[2].partition(b'"')[0].decode("ascii").strip()
    return datetime.strptime(text, "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)


def _done(box: BaseMailBox, uid: int, folder: str) -> None:
    if not folder:
        box.flag([str(uid)], "\\Seen", value=True)
        return
    if not box.folder.exists(folder):
        box.folder.create(folder)
    box.move([str(uid)], folder)


def _said(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return text[:500]
