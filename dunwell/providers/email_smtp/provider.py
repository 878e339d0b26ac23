"""Handing emails over by SMTP.

    write MAIL, RCPT, DATA in one packet     the server works on them while
    render                                    the message is written and
    ask go()                                  the database answers
    read the three answers                    a refusal ends it here, nothing was handed over
    write message and final dot               broken before the last byte: not delivered
    await 250                                 broken after it: unsure

Where it is known who comes next, their envelope travels with this message's dot (RFC 2920 allows
it), which saves a round trip. It binds nobody: hanging up before the next dot undoes it. A server
that breaks off on it once is spared it from then on.

A no of go() after DATA leaves one way to deliver nothing: hanging up before the dot. A new
connection is cheap beside a reminder to someone who has just paid.
"""

from collections.abc import Callable
from hashlib import sha256
from re import compile as pattern
from time import monotonic
from typing import Literal, NoReturn

from django.utils.translation import gettext as _

from dunwell.core import mime
from dunwell.ports.errors import (
    HandOverError,
    Refused,
    TemporarilyRefused,
    Unreachable,
    Unsure,
    Withdrawn,
)
from dunwell.ports.messages import Envelope, Outgoing, Receipt
from dunwell.ports.registry import Settings
from dunwell.providers.email_smtp.dkim import signed
from dunwell.providers.email_smtp.route import Route, opening_of
from dunwell.providers.email_smtp.session import Session, open_session
from dunwell.providers.email_smtp.settings import SmtpSettings
from dunwell.providers.email_smtp.wire import Reply, WireBroken

_ENHANCED = pattern(r"([245])\.(\d{1,3})\.(\d{1,3})\b")


class SmtpProvider:
    """Carries emails to one SMTP server; used by one thread at a time."""

    name = "email_smtp"
    channel: Literal["email"] = "email"

    def __init__(self, settings: SmtpSettings) -> None:
        settings.check()
        self._settings = settings
        self._session: Session | None = None
        self._ahead = True

    @classmethod
    def open(cls, settings: Settings) -> "SmtpProvider":
        """Make a provider of stored settings. Raises NotConfigured."""
        return cls(SmtpSettings.from_mapping(settings))

    def hand_over(self, message: Outgoing, *, go: Callable[[], bool]) -> Receipt:
        """Hand one email over. See `ports.channels.ChannelProvider` for what it promises."""
        route = Route.of(message.envelope)
        session = self._ready_session(route)
        was_ahead, done = bool(session.ahead), False
        following = message.following if self._ahead else None
        try:
            receipt = _Transfer(session, self._settings, route, message, following).run(go)
            done = True
        except _Answered as answered:
            done = answered.session_usable
            raise answered.error from None
        except Unreachable:
            self._ahead = self._ahead and not was_ahead
            raise
        finally:
            if not done:
                self._ahead = self._ahead and not session.ahead
                self._drop()
        return receipt

    def close(self) -> None:
        """Say goodbye and hang up; the next message opens a new connection."""
        if self._session is None:
            return
        if self._session.ahead:
            self._drop()
            return
        try:
            self._session.wire.send(b"QUIT\r\n", timeout=1.0)
        except WireBroken:
            # The server was quicker: there is nobody left to say goodbye to.
            self._drop()
        self._drop()

    def _ready_session(self, route: Route) -> Session:
        session, now, limits = self._session, monotonic(), self._settings
        if session is not None:
            tired = (
                session.messages >= limits.max_messages
                or now - session.opened > limits.max_age
                or now - session.used > limits.max_idle
            )
            if session.ahead:
                usable = not tired and session.ahead == route.opening
            else:
                usable = not tired and session.wire.fresh()
            if usable:
                session.used = now
                return session
            self.close()
        self._session = open_session(self._settings)
        return self._session

    def _drop(self) -> None:
        if self._session is not None:
            self._session.wire.close()
            self._session = None


class _Answered(Exception):
    def __init__(self, error: HandOverError, *, session_usable: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.session_usable = session_usable


class _Transfer:
    """One message on its way through one session."""

    __slots__ = ("_following", "_message", "_route", "_session", "_settings")

    def __init__(
        self,
        session: Session,
        settings: SmtpSettings,
        route: Route,
        message: Outgoing,
        following: Envelope | None,
    ) -> None:
        self._session = session
        self._settings = settings
        self._route = route
        self._message = message
        self._following = following

    def run(self, go: Callable[[], bool]) -> Receipt:
        """Go through the exchange drawn at the top of this file."""
        try:
            open_envelope = (
                self._pipelined_envelope
                if self._session.pipelining and not self._route.copies
                else self._stepwise_envelope
            )
            raw = open_envelope(go)
        except WireBroken as broken:
            raise Unreachable(text=str(broken), retry_after=self._at_once()) from broken
        self._write(raw)
        return self._await_word(raw)

    def _pipelined_envelope(self, go: Callable[[], bool]) -> bytes:
        wire, timeout = self._session.wire, self._settings.command_timeout
        if self._session.ahead:
            self._session.ahead = b""
        else:
            opening = self._route.opening or opening_of(*self._envelope_lines())
            wire.send(opening, timeout=timeout)
        raw = self._rendered()
        self._ask(go)
        mail_reply = wire.reply(timeout=timeout)
        rcpt_reply = wire.reply(timeout=timeout) if mail_reply.code != 421 else mail_reply
        data_reply = wire.reply(timeout=timeout) if rcpt_reply.code != 421 else rcpt_reply
        open_data = data_reply.code == 354
        self._expect_taken(mail_reply, of_recipient=False, in_data=open_data)
        self._expect_taken(rcpt_reply, of_recipient=True, in_data=open_data)
        self._expect_open(data_reply)
        return raw

    def _stepwise_envelope(self, go: Callable[[], bool]) -> bytes:
        session, timeout = self._session, self._settings.command_timeout
        mail, rcpt = self._envelope_lines()
        self._expect_taken(session.command(mail, timeout=timeout), of_recipient=False)
        self._expect_taken(session.command(rcpt, timeout=timeout), of_recipient=True)
        self._add_copies()
        session.wire.send(b"DATA\r\n", timeout=timeout)
        raw = self._rendered()
        self._ask(go)
        self._expect_open(session.wire.reply(timeout=timeout))
        return raw

    def _add_copies(self) -> None:
        """Name who gets a copy; a copy that is refused does not keep the message back."""
        for copy in self._route.copies:
            line = b"RCPT TO:<" + copy.email.encode() + b">"
            reply = self._session.command(line, timeout=self._settings.command_timeout)
            if reply.code == 421:
                raise WireBroken(reply.text)

    def _envelope_lines(self) -> tuple[bytes, bytes]:
        extra = b""
        if self._route.utf8:
            if not self._session.utf8:
                why = _("the mail server does not take addresses outside ASCII")
                raise _Answered(Refused(code=0, text=why), session_usable=True)
            extra = (
                b" BODY=8BITMIME SMTPUTF8" if "8BITMIME" in self._session.offers else b" SMTPUTF8"
            )
        return self._route.lines(extra)

    def _rendered(self) -> bytes:
        raw = self._built()
        limit = self._session.size_limit
        if 0 < limit < len(raw):
            why = _("the message has %(size)d bytes, the server takes %(limit)d")
            raise Refused(code=552, text=why % {"size": len(raw), "limit": limit})
        return raw

    def _built(self) -> bytes:
        envelope, content = self._message.envelope, self._message.content()
        try:
            raw = mime.build(
                message_id=envelope.message_id,
                date=envelope.date,
                sender=self._route.sender,
                to=self._route.to,
                reply_to=self._route.reply_to,
                subject=content.subject,
                text=content.text,
                html=content.html,
                attachments=content.attachments,
                headers=envelope.headers,
                ready=content.body,
            )
        except mime.MimeError as problem:
            raise Refused(code=0, text=str(problem)) from problem
        settings = self._settings
        if not settings.dkim_key:
            return raw
        return signed(
            raw,
            domain=settings.dkim_domain,
            selector=settings.dkim_selector,
            key=settings.dkim_key,
        )

    @staticmethod
    def _ask(go: Callable[[], bool]) -> None:
        if not go():
            raise Withdrawn

    def _expect_taken(self, reply: Reply, *, of_recipient: bool, in_data: bool = False) -> None:
        """Accept 2xx to MAIL or RCPT; else clear the envelope and tell the refusal.

        A server that opens DATA though it refused the recipient can only be hung up on.
        """
        if 200 <= reply.code < 300:
            return
        usable = not in_data and reply.code != 421 and self._reset()
        self._refuse(reply, of_recipient=of_recipient, session_usable=usable)

    def _expect_open(self, reply: Reply) -> None:
        if reply.code == 354:
            return
        usable = reply.code != 421 and self._reset()
        self._refuse(reply, of_recipient=False, session_usable=usable)

    def _reset(self) -> bool:
        """Clear the envelope; False if the connection is of no more use."""
        try:
            reply = self._session.command(b"RSET", timeout=self._settings.command_timeout)
        except WireBroken:
            return False
        return reply.code == 250

    def _write(self, raw: bytes) -> None:
        message = raw.replace(b"\r\n.", b"\r\n..") + b".\r\n"
        ahead = self._nextopening_of()
        wire, timeout = self._session.wire, self._settings.data_timeout
        try:
            wire.send(message + ahead, timeout=timeout, counted=len(message))
            self._session.ahead = ahead
        except WireBroken as broken:
            self._heed_early_refusal()
            text = _("broken off in the middle of the message: %(why)s") % {"why": broken}
            raise Unreachable(text=text) from broken

    def _nextopening_of(self) -> bytes:
        """Open the next message's envelope, if there is one that this connection can carry."""
        session, following = self._session, self._following
        last = session.messages + 1 >= self._settings.max_messages
        if following is None or last or not session.pipelining:
            return b""
        try:
            return Route.of(following).opening
        except HandOverError:
            # It is told when its own turn comes.
            return b""

    def _heed_early_refusal(self) -> None:
        """Look whether the server said why it hung up before the message was whole."""
        try:
            reply = self._session.wire.reply(timeout=0.2)
        except WireBroken:
            return
        if 400 <= reply.code < 600:
            self._refuse(reply, of_recipient=False, session_usable=False)

    def _await_word(self, raw: bytes) -> Receipt:
        digest, size = sha256(raw).hexdigest(), len(raw)
        try:
            reply = self._session.wire.reply(timeout=self._settings.final_timeout)
        except WireBroken as broken:
            known = _("all of it was sent to %(host)s, but no answer came: %(why)s")
            known %= {"host": self._settings.host, "why": broken}
            raise Unsure(known=known, sha256=digest, size=size) from broken
        if not 200 <= reply.code < 300:
            self._judge_last(reply, digest, size)
        self._session.messages += 1
        return Receipt(
            provider=SmtpProvider.name,
            reply=f"{reply.code} {reply.text}",
            sha256=digest,
            size=size,
        )

    def _judge_last(self, reply: Reply, digest: str, size: int) -> NoReturn:
        if 400 <= reply.code < 600:
            self._refuse(reply, of_recipient=False, session_usable=reply.code != 421)
        known = _("all of it was sent, and the answer was strange: %(reply)s")
        known %= {"reply": f"{reply.code} {reply.text}"}
        raise Unsure(known=known, sha256=digest, size=size)

    def _refuse(self, reply: Reply, *, of_recipient: bool, session_usable: bool) -> NoReturn:
        error: HandOverError
        if 500 <= reply.code < 600:
            bad = of_recipient and _blames_address(reply)
            error = Refused(code=reply.code, text=reply.text, recipient_bad=bad)
        else:
            wish = self._at_once() if reply.code == 421 else None
            error = TemporarilyRefused(code=reply.code, text=reply.text, retry_after=wish)
        raise _Answered(error, session_usable=session_usable)

    def _at_once(self) -> float | None:
        """Wish for a try at once where only an old connection was closed under us."""
        return 0.0 if self._session.messages else None


def _blames_address(reply: Reply) -> bool:
    """Tell whether a refusal of RCPT means that this address takes no mail at all.

    RFC 3463: x.1.x is a bad address, x.2.1 a disabled mailbox; policy (x.7.x) says nothing about
    it. Without such a code, RFC 5321: 550, 551 and 553 speak of the mailbox.
    """
    found = _ENHANCED.match(reply.text)
    if found is None:
        return reply.code in {550, 551, 553}
    subject, detail = found[2], found[3]
    return (subject == "1" and detail in {"0", "1", "2", "3", "6", "10"}) or (
        subject == "2" and detail in {"0", "1"}
    )
