"""Our SMTP provider: the contract with and without pipelining, TLS, signing in, settings."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dunwell.ports import registry
from dunwell.ports.errors import NotConfigured, Refused, TemporarilyRefused, Unreachable
from dunwell.ports.messages import Address, Content
from dunwell.providers.email_smtp import SmtpProvider, SmtpSettings
from tests.contracts.email_channel import EmailContract, email, yes
from tests.contracts.scripted_smtp import HANG, ScriptedSmtp


def quick(port: int, **given: Any) -> SmtpProvider:
    settings: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "connect_timeout": 0.5,
        "command_timeout": 0.5,
        "data_timeout": 0.5,
        "final_timeout": 0.5,
    }
    return SmtpProvider(SmtpSettings(**(settings | given)))


class TestPipelined(EmailContract):
    def provider(self, port: int) -> SmtpProvider:
        return quick(port)


class TestStepwise(EmailContract):
    def provider(self, port: int) -> SmtpProvider:
        return quick(port)

    offers = ("8BITMIME", "SMTPUTF8")


# --- the connection ---------------------------------------------------------------------------


def test_a_server_that_knows_only_helo_is_served() -> None:
    class Old(ScriptedSmtp):
        def _hello(self, connected: socket.socket) -> None:
            greeting = "502 5.5.1 What?" if self.commands[-1].startswith("EHLO") else "250 mx"
            connected.sendall(greeting.encode() + b"\r\n")

    with Old() as server:
        provider = quick(server.port)
        provider.hand_over(email(), go=yes)
        provider.close()
    assert len(server.settled().mails) == 1


def test_a_connection_retires_after_its_messages() -> None:
    with ScriptedSmtp() as server:
        provider = quick(server.port, max_messages=2)
        for _ in range(5):
            provider.hand_over(email(), go=yes)
        provider.close()
    assert server.settled().connections == 3
    assert len(server.mails) == 5


def test_a_connection_closed_by_the_server_is_noticed_before_the_next_message() -> None:
    class Impatient(ScriptedSmtp):
        def _converse(self, connected: socket.socket, lines: object) -> None:
            def until_one_is_in() -> Iterator[bytes]:
                before = len(self.mails)
                for line in lines:  # type: ignore[attr-defined] # a socket's file
                    yield line
                    if len(self.mails) > before:
                        connected.sendall(b"421 4.4.2 Too idle\r\n")
                        return

            super()._converse(connected, until_one_is_in())

    with Impatient() as server:
        provider = quick(server.port)
        provider.hand_over(email(), go=yes)
        server.settled()
        provider.hand_over(email(), go=yes)
        provider.close()
    assert len(server.settled().mails) == 2


def test_a_dripping_server_cannot_hold_us_beyond_the_deadline() -> None:
    class Dripping(ScriptedSmtp):
        def _hello(self, connected: socket.socket) -> None:
            while not self._stop.wait(0.1):
                connected.sendall(b"2")

    started = datetime.now(UTC)
    with Dripping() as server, pytest.raises(Unreachable):
        quick(server.port).hand_over(email(), go=yes)
    assert datetime.now(UTC) - started < timedelta(seconds=3)


def test_a_server_that_opens_data_for_a_refused_recipient_gets_nothing() -> None:
    with ScriptedSmtp(answers={"RCPT": "550 5.1.1 Nobody"}) as server:
        provider = quick(server.port)
        with pytest.raises(Refused):
            provider.hand_over(email(), go=yes)
        assert provider._session is None
    assert server.settled().dots == 0


def test_a_message_above_the_servers_limit_is_refused_by_us() -> None:
    big = email(content=Content(subject="x", text="y" * 3000))
    offers = ("PIPELINING", "SIZE 2000")
    with ScriptedSmtp(offers=offers) as server, pytest.raises(Refused, match="2000"):
        quick(server.port).hand_over(big, go=yes)
    assert server.settled().dots == 0


def test_an_address_outside_ascii_needs_a_server_that_takes_it() -> None:
    with ScriptedSmtp(offers=("PIPELINING",)) as server:
        provider = quick(server.port)
        with pytest.raises(Refused, match="ASCII"):
            provider.hand_over(email(to=Address("", "zoë@kunde.test")), go=yes)
        provider.hand_over(email(to=Address("", "zoe@käse.test")), go=yes)
        provider.close()
    assert [mail.to for mail in server.settled().mails] == ["zoe@xn--kse-qla.test"]


# --- TLS and signing in -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a certificate for localhost and its key into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(key.private_bytes(encoding, form, plain) + made.public_bytes(encoding))
    return path


class Inbox:
    """Keeps what aiosmtpd receives, and knows one password."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, bool]] = []

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.original_content, bytes)
        self.received.append((envelope.original_content, session.ssl is not None))
        return "250 2.0.0 Ok: queued as Q1"


# Implicit TLS is TLS too, but aiosmtpd only counts what STARTTLS began.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


def knows(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    known = (given.login, given.password) == (b"zo\xc3\xab", b"gr\xc3\xbcn")
    return AuthResult(success=known, handled=False)


@contextmanager
def aio(
    certificate: Path, *, implicit: bool = False, auth_exclude: tuple[str, ...] = ()
) -> Iterator[tuple[Inbox, int]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    inbox = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=port,
        ssl_context=context if implicit else None,
        tls_context=None if implicit else context,
        require_starttls=not implicit,
        authenticator=knows,
        auth_required=True,
        auth_require_tls=not implicit,
        auth_exclude_mechanism=auth_exclude,
    )
    controller.start()
    try:
        yield inbox, port
    finally:
        controller.stop()


@pytest.mark.parametrize("auth_exclude", [(), ("PLAIN",)], ids=["plain", "login"])
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_encrypted_and_signed_in(
    certificate: Path, security: str, auth_exclude: tuple[str, ...]
) -> None:
    with aio(certificate, implicit=security == "tls", auth_exclude=auth_exclude) as (inbox, port):
        provider = quick(
            port, security=security, ca_file=str(certificate), user="zoë", password="grün"
        )
        for _ in range(3):
            provider.hand_over(email(), go=yes)
        provider.close()
    assert len(inbox.received) == 3
    assert all(b"Invoice 7" in raw for raw, _ in inbox.received)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for_is_refused_unless_told(
    certificate: Path, security: str
) -> None:
    with aio(certificate, implicit=security == "tls") as (inbox, port):
        signed_in = {"security": security, "user": "zoë", "password": "grün"}
        with pytest.raises(NotConfigured, match="not trusted"):
            quick(port, **signed_in).hand_over(email(), go=yes)
        provider = quick(port, verify=False, **signed_in)
        provider.hand_over(email(), go=yes)
        provider.close()
    assert len(inbox.received) == 1


def test_a_wrong_password_is_our_own_mistake(certificate: Path) -> None:
    with aio(certificate) as (inbox, port):
        provider = quick(port, security="starttls", verify=False, user="zoë", password="blau")
        with pytest.raises(NotConfigured, match="535"):
            provider.hand_over(email(), go=yes)
    assert not inbox.received


def test_a_server_without_starttls_gets_neither_mail_nor_password() -> None:
    with ScriptedSmtp(offers=("AUTH PLAIN",)) as server:
        provider = quick(server.port, security="starttls", user="u", password="geheim")
        with pytest.raises(NotConfigured, match="STARTTLS"):
            provider.hand_over(email(), go=yes)
    assert not any("AUTH" in line or "MAIL" in line for line in server.settled().commands)


def test_a_password_never_travels_in_clear_text() -> None:
    known = socket.getaddrinfo

    def bent(host: Any, *rest: Any, **more: Any) -> Any:
        return known("127.0.0.1", *rest, **more)

    with ScriptedSmtp(offers=("AUTH PLAIN",)) as server:
        far_away = quick(server.port, host="mx.far.test", user="u", password="geheim")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", bent)
            with pytest.raises(NotConfigured, match="without TLS"):
                far_away.hand_over(email(), go=yes)
    assert not any("AUTH" in line for line in server.settled().commands)


def test_what_is_said_before_tls_begins_is_not_believed() -> None:
    answers = {"STARTTLS": "220 Go\r\n250 2.0.0 Ok: queued as forged"}
    server = ScriptedSmtp(answers=answers, offers=("STARTTLS",))
    with server, pytest.raises(Unreachable, match="before TLS"):
        quick(server.port, security="starttls").hand_over(email(), go=yes)


def test_signing_in_that_is_refused_for_now_may_be_tried_again() -> None:
    server = ScriptedSmtp(answers={"AUTH": "454 4.7.0 Later"}, offers=("AUTH PLAIN",))
    with server, pytest.raises(TemporarilyRefused, match="Later"):
        quick(server.port, user="u", password="p").hand_over(email(), go=yes)


def test_tls_that_never_begins_ends_in_time() -> None:
    with ScriptedSmtp(answers={"GREETING": HANG}) as server, pytest.raises(Unreachable):
        quick(server.port, security="tls").hand_over(email(), go=yes)


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "missing"),
        ({"host": "a b"}, "blanks"),
        ({"host": "mx\r\n"}, "blanks"),
        ({"host": "mx", "port": 0}, "port"),
        ({"host": "mx", "port": "25"}, "port"),
        ({"host": "mx", "port": True}, "port"),
        ({"host": "mx", "security": "ssl"}, "starttls"),
        ({"host": "mx", "verify": "no"}, "verify"),
        ({"host": "mx", "hello": "a\r\nMAIL"}, "name"),
        ({"host": "mx", "final_timeout": 0}, "above zero"),
        ({"host": "mx", "colour": "red"}, "colour"),
    ],
)
def test_wrong_settings_are_named(given: dict[str, object], said: str) -> None:
    with pytest.raises(NotConfigured) as caught:
        SmtpSettings.from_mapping(given)
    assert said in caught.value.what


def test_the_password_is_not_shown_in_logs() -> None:
    assert "geheim" not in repr(SmtpSettings(host="mx", password="geheim"))


def test_config_finds_the_provider_by_channel_and_name() -> None:
    registry.register_channel(channel="email", name="email_smtp", factory=SmtpProvider.open)
    with ScriptedSmtp() as server:
        settings = {"host": "127.0.0.1", "port": server.port, "security": "none"}
        provider = registry.open_channel(channel="email", name="email_smtp", settings=settings)
        provider.hand_over(email(), go=yes)
        provider.close()
    assert len(server.settled().mails) == 1
    with pytest.raises(LookupError, match="no sms provider named 'x'"):
        registry.open_channel(channel="sms", name="x", settings={})
