"""A real IMAP server on the loopback: Debian's dovecot with a folder and settings of its own."""

import getpass
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

PROGRAM = shutil.which("dovecot") or "/usr/sbin/dovecot"
PASSWORD = "word-of-dovecot"

_SETTINGS = """
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{home}/mail/%u
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """The server's port; any user may come in with PASSWORD."""

    port: int

    @property
    def settings(self) -> dict[str, object]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "security": "none",
            "user": "billing",
            "password": PASSWORD,
            "folder": "",
            "done_folder": "",
        }

    def put(self, message: EmailMessage | bytes, *, folder: str = "INBOX") -> None:
        """Lay a mail into a folder, as a mail server would."""
        raw = message if isinstance(message, bytes) else message.as_bytes()
        with self.client() as client:
            client.append(folder, "", imaplib.Time2Internaldate(time.time()), raw)

    def count(self, folder: str = "INBOX", *, criterion: str = "ALL") -> int:
        with self.client() as client:
            kind, _data = client.select(folder)
            return len(client.search(None, criterion)[1][0].split()) if kind == "OK" else 0

    @contextmanager
    def client(self) -> Iterator[imaplib.IMAP4]:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        try:
            client.login("billing", PASSWORD)
            yield client
        finally:
            client.logout()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _people() -> dict[str, object]:
    """Whom dovecot's parts run as: Debian's own users under root, else whoever tests."""
    if os.getuid():
        me = getpass.getuser()
        group = pwd.getpwuid(os.getuid()).pw_gid
        return {"internal": me, "group": group, "login": me, "uid": os.getuid(), "gid": group}
    mail = pwd.getpwnam("mail")
    return {
        "internal": "dovecot",
        "group": "dovecot",
        "login": "dovenull",
        "uid": mail.pw_uid,
        "gid": mail.pw_gid,
    }


@contextmanager
def running() -> Iterator[Dovecot]:
    """Start dovecot and stop it again; skip the test where it is not installed."""
    if not Path(PROGRAM).exists():
        pytest.skip("dovecot is not installed (Debian: dovecot-imapd)")
    home = Path(tempfile.mkdtemp(prefix="dunwell-dovecot-"))
    port, people = _free_port(), _people()
    home.chmod(0o755)
    (home / "mail").mkdir()
    os.chown(home / "mail", int(str(people["uid"])), int(str(people["gid"])))
    settings = home / "dovecot.conf"
    settings.write_text(_SETTINGS.format(home=home, port=port, password=PASSWORD, **people))
    process = subprocess.Popen([PROGRAM, "-F", "-c", str(settings)])
    try:
        _wait_for(port, process, home)
        yield Dovecot(port)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(home, ignore_errors=True)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", home: Path) -> None:
    for _ in range(100):
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    log = home / "log"
    pytest.fail(f"dovecot did not start: {log.read_text() if log.exists() else 'no log'}")
