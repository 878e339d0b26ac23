"""Opening a connection to an SMTP server: greeting, EHLO, TLS, signing in."""

import ipaddress
import socket
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from time import monotonic

from django.utils.translation import gettext as _

from dunwell.ports.errors import NotConfigured, TemporarilyRefused, Unreachable
from dunwell.providers.email_smtp.settings import SmtpSettings
from dunwell.providers.email_smtp.wire import Reply, Wire, WireBroken


@dataclass(slots=True)
class Session:
    """An open connection: what the server offers and how much it has carried.

    `ahead` is the envelope of the next message, if it was written already; its answers are unread.
    """

    wire: Wire
    opened: float
    used: float
    offers: dict[str, str] = field(default_factory=dict)
    messages: int = 0
    ahead: bytes = b""

    @property
    def pipelining(self) -> bool:
        """Tell whether several commands may be written at once."""
        return "PIPELINING" in self.offers

    @property
    def utf8(self) -> bool:
        """Tell whether addresses outside ASCII may be used."""
        return "SMTPUTF8" in self.offers and "8BITMIME" in self.offers

    @property
    def size_limit(self) -> int:
        """Give the most bytes the server takes; 0 where it does not say."""
        size = self.offers.get("SIZE", "")
        return int(size) if size.isdecimal() else 0

    def command(self, line: bytes, *, timeout: float) -> Reply:
        """Write one command and read its answer."""
        self.wire.send(line + b"\r\n", timeout=timeout)
        return self.wire.reply(timeout=timeout)


def open_session(settings: SmtpSettings) -> Session:
    """Connect, greet, encrypt and sign in as the settings say.

    Raises Unreachable, TemporarilyRefused, or NotConfigured where trying again cannot help.
    """
    wire = Wire(_connect(settings))
    try:
        return _greet(wire, settings)
    except ssl.SSLCertVerificationError as problem:
        wire.close()
        why = _("the certificate of %(host)s is not trusted: %(why)s")
        raise NotConfigured(
            what=why % {"host": settings.host, "why": problem.verify_message}
        ) from problem
    except (WireBroken, OSError) as problem:
        wire.close()
        raise Unreachable(text=f"{settings.host}:{settings.port}: {problem}") from problem
    except BaseException:
        wire.close()
        raise


def _connect(settings: SmtpSettings) -> socket.socket:
    try:
        return socket.create_connection(
            (settings.host, settings.port), timeout=settings.connect_timeout
        )
    except OSError as problem:
        raise Unreachable(text=f"{settings.host}:{settings.port}: {problem}") from problem


def _greet(wire: Wire, settings: SmtpSettings) -> Session:
    now = monotonic()
    session = Session(wire, opened=now, used=now)
    if settings.security == "tls":
        _encrypt(session, settings)
    greeting = wire.reply(timeout=settings.command_timeout)
    if greeting.code != 220:
        raise TemporarilyRefused(code=greeting.code, text=greeting.text)
    _hello(session, settings)
    if settings.security == "starttls":
        _start_tls(session, settings)
    if settings.user:
        _sign_in(session, settings)
    return session


def _hello(session: Session, settings: SmtpSettings) -> None:
    name = (settings.hello or session.wire.own_address).encode("ascii")
    reply = session.command(b"EHLO " + name, timeout=settings.command_timeout)
    if reply.code == 250:
        session.offers = _offers(reply)
        return
    if 500 <= reply.code < 510:
        reply = session.command(b"HELO " + name, timeout=settings.command_timeout)
    if reply.code != 250:
        raise TemporarilyRefused(code=reply.code, text=reply.text)
    session.offers = {}


def _offers(reply: Reply) -> dict[str, str]:
    """Read the extensions below the first line; "AUTH=" is how old servers write "AUTH "."""
    offers: dict[str, str] = {}
    for line in reply.lines[1:]:
        keyword, _space, rest = line.replace("=", " ", 1).strip().partition(" ")
        offers[keyword.upper()] = f"{offers.get(keyword.upper(), '')} {rest}".strip()
    return offers


def _start_tls(session: Session, settings: SmtpSettings) -> None:
    if "STARTTLS" not in session.offers:
        raise NotConfigured(
            what=_("%(host)s does not offer STARTTLS; nothing is sent in clear text")
            % {"host": settings.host}
        )
    reply = session.command(b"STARTTLS", timeout=settings.command_timeout)
    if reply.code != 220:
        raise TemporarilyRefused(code=reply.code, text=reply.text)
    _encrypt(session, settings)
    _hello(session, settings)


def _encrypt(session: Session, settings: SmtpSettings) -> None:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
    except (OSError, ssl.SSLError) as problem:
        what = _("the file of certificates cannot be read: %(why)s") % {"why": problem}
        raise NotConfigured(what=what) from problem
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    session.wire.encrypt(context, host=settings.host, timeout=settings.connect_timeout)


def _sign_in(session: Session, settings: SmtpSettings) -> None:
    if not session.wire.encrypted and not _loopback(settings.host):
        what = _("a password is never sent without TLS; set the security to starttls or tls")
        raise NotConfigured(what=what)
    ways = session.offers.get("AUTH", "").upper().split()
    if "PLAIN" in ways:
        reply = _auth_plain(session, settings)
    elif "LOGIN" in ways:
        reply = _auth_login(session, settings)
    else:
        what = _("%(host)s offers no way to sign in that is known here")
        raise NotConfigured(what=what % {"host": settings.host})
    if 400 <= reply.code < 500:
        raise TemporarilyRefused(code=reply.code, text=reply.text)
    if reply.code != 235:
        what = _("user name or password refused: %(why)s")
        raise NotConfigured(what=what % {"why": f"{reply.code} {reply.text}"})


def _auth_plain(session: Session, settings: SmtpSettings) -> Reply:
    secret = f"\0{settings.user}\0{settings.password}".encode()
    return session.command(b"AUTH PLAIN " + b64encode(secret), timeout=settings.command_timeout)


def _auth_login(session: Session, settings: SmtpSettings) -> Reply:
    reply = session.command(b"AUTH LOGIN", timeout=settings.command_timeout)
    for secret in (settings.user, settings.password):
        if reply.code != 334:
            break
        reply = session.command(b64encode(secret.encode()), timeout=settings.command_timeout)
    return reply


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
