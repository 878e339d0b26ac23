"""The server's process: finding one that runs, starting, waiting until it serves, stopping."""

import logging
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from dunwell.providers.postgres_embedded import cluster
from dunwell.providers.postgres_embedded.binaries import Binaries
from dunwell.providers.postgres_embedded.errors import StartFailed, StopFailed
from dunwell.providers.postgres_embedded.room import PORT, Room, socket_folder

_log = logging.getLogger(__name__)

START_SECONDS = 3600.0
"""Recovery after a crash may replay a gigabyte of log on a slow disk: we wait, and say so."""

STOP_SECONDS = 600.0
_SAY_EVERY_SECONDS = 5.0
_ORPHANS_SECONDS = 60.0
_LOG_BYTES = 10_000_000
_SOCKET_LINE = 4

_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server's process and the folder of its socket, as it told them itself."""

    pid: int
    socket_dir: Path


def running(room: Room) -> Running | None:
    """Find the living server of this room, if there is one."""
    lines = _pid_lines(room)
    # The fifth line is the folder of the socket, empty until the server has made it.
    if len(lines) <= _SOCKET_LINE or not lines[_SOCKET_LINE] or not _is_ours(int(lines[0]), room):
        return None
    return Running(pid=int(lines[0]), socket_dir=Path(lines[_SOCKET_LINE]))


def ensure(room: Room, *, binaries: Binaries, durable: bool) -> Running:
    """Find or start the server and wait until it serves; raises StartFailed."""
    began = time.monotonic()
    while True:
        offset = room.log.stat().st_size if room.log.exists() else 0
        pid = _pid_of_any(room) or _launch(room, binaries=binaries, durable=durable)
        if found := _wait_until_serving(room, pid=pid, began=began):
            return found
        tail = _log_since(room, offset)
        # Backends that outlived a killed server must go first; one that was just
        # shutting down said so and a new one can start at once.
        passing = "is still in use" in tail or "shut down" in tail
        if not passing or time.monotonic() - began > _ORPHANS_SECONDS:
            raise StartFailed(log=room.log, tail=tail)
        time.sleep(0.2)


def stop(found: Running, *, room: Room) -> None:
    """Ask the server to end its sessions and stop cleanly, and wait for it."""
    os.kill(found.pid, signal.SIGINT)
    began = told = time.monotonic()
    while _is_ours(found.pid, room):
        now = time.monotonic()
        if now - began > STOP_SECONDS:
            raise StopFailed(pid=found.pid, seconds=STOP_SECONDS)
        if now - told > _SAY_EVERY_SECONDS:
            told = now
            _log.warning("waiting for PostgreSQL to stop (%.0f s)", now - began)
        time.sleep(0.01)


def _launch(room: Room, *, binaries: Binaries, durable: bool) -> int:
    _make_stale_pid_harmless(room)
    if room.log.exists() and room.log.stat().st_size > _LOG_BYTES:
        room.log.replace(room.log.with_suffix(".log.1"))
    settings = {
        **_SETTINGS,
        **({} if durable else _NOT_DURABLE),
        "unix_socket_directories": _quoted(socket_folder(room)),
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    # The shell leaves at once, so that the server is nobody's child and outlives its starter.
    done = subprocess.run(
        [
            "/bin/sh",
            "-c",
            'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!',
            "sh",
            str(room.log),
            binaries.program("postgres"),
            "-D",
            str(room.cluster),
            *options,
        ],
        cwd=room.folder,
        env={**cluster.environment(), "PG_GRANDPARENT_PID": str(os.getpid())},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        umask=0o077,
        start_new_session=True,
        user=room.identity.user,
        group=room.identity.group,
        extra_groups=room.identity.extra_groups,
    )
    return int(done.stdout)


def _quoted(folder: Path) -> str:
    return '"' + str(folder).replace('"', '""') + '"'


def _make_stale_pid_harmless(room: Room) -> None:
    """Let the server start although its old process id was given to a stranger or a zombie.

    It takes the id of its grandparent for stale and still checks by the shared memory noted in
    the same file that no process of the old server lives, which deleting the file would lose.
    """
    lines = _pid_lines(room)
    if lines:
        path = room.cluster / "postmaster.pid"
        path.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")


def _wait_until_serving(room: Room, *, pid: int, began: float) -> Running | None:
    told = time.monotonic()
    while _is_alive(pid):
        found = running(room)
        if found and found.pid == pid and _serves(found):
            return found
        now = time.monotonic()
        if now - began > START_SECONDS:
            raise StartFailed(log=room.log, tail=_log_since(room, 0))
        if now - told > _SAY_EVERY_SECONDS:
            told = now
            last = _log_since(room, 0).rpartition("\n")[2]
            _log.warning("waiting for PostgreSQL (%.0f s): %s", now - began, last)
        time.sleep(0.01)
    return None


def _serves(found: Running) -> bool:
    try:
        with psycopg.connect(cluster.superuser_conninfo(socket_dir=found.socket_dir)):
            return True
    except psycopg.OperationalError:
        return False


def _log_since(room: Room, offset: int) -> str:
    if not room.log.exists():
        return ""
    with room.log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(offset if offset <= size else 0, size - 4000))
        return file.read().decode(errors="replace").strip()


def _pid_lines(room: Room) -> list[str]:
    try:
        lines = (room.cluster / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    return lines if lines and lines[0].isdigit() else []


def _pid_of_any(room: Room) -> int | None:
    lines = _pid_lines(room)
    return int(lines[0]) if lines and _is_ours(int(lines[0]), room) else None


def _is_ours(pid: int, room: Room) -> bool:
    """Tell whether the process lives and is a server on this room's cluster."""
    return _is_alive(pid) and str(room.cluster) in _command_line(pid)


def _is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The state follows the name, which may itself hold brackets.
            return status.read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
        except (FileNotFoundError, ProcessLookupError):
            return False
    return _ps(pid, "stat")[:1] not in {"", "Z"}


def _command_line(pid: int) -> str:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return _ps(pid, "command")
    except ProcessLookupError:
        return ""
    return os.fsdecode(raw.replace(b"\0", b" "))


def _ps(pid: int, column: str) -> str:
    done = subprocess.run(
        ["/bin/ps", "-o", f"{column}=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()
