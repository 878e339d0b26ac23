"""The folder the server lives in, and what lies where.

DATA/postgres/          0700, owned by the server's user
    data/               the cluster
    run/                the socket, unless its path would be too long
    server.log          what the server says
    start.lock          held while somebody starts or stops the server
    users.lock          held, shared, by every process that uses the server
    prepared            says that roles, database and extensions are there
"""

import hashlib
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from dunwell.providers.postgres_embedded import identity as identities
from dunwell.providers.postgres_embedded.errors import FolderClosed, FolderNotOurs
from dunwell.providers.postgres_embedded.identity import Identity

PORT = 5432
_SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103
_SOCKET_NAME_BYTES = len(f"/.s.PGSQL.{PORT}".encode())


@dataclass(frozen=True, kw_only=True)
class Room:
    """The server's folder and the user it belongs to."""

    folder: Path
    identity: Identity

    @property
    def cluster(self) -> Path:
        """Give the folder PostgreSQL calls its data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """Give the server's log file."""
        return self.folder / "server.log"

    @property
    def prepared(self) -> Path:
        """Give the file that says that roles, database and extensions are there."""
        return self.folder / "prepared"


def enter(data_dir: Path) -> Room:
    """Make the server's folder under `data_dir` where it is missing and check that it is ours."""
    folder = data_dir / "postgres"
    try:
        identity = identities.choose(cluster=folder / "data", data_dir=data_dir)
        data_dir.mkdir(mode=0o711 if identity.dropped else 0o700, parents=True, exist_ok=True)
        if closed := identities.closed_folder(data_dir, identity=identity):
            raise FolderClosed(folder=closed, wanted=data_dir, uid=identity.uid)
        private_folder(folder, identity=identity)
    except OSError as error:
        raise FolderNotOurs(folder=data_dir, reason=error.strerror or str(error)) from error
    return Room(folder=folder, identity=identity)


def private_folder(folder: Path, *, identity: Identity) -> None:
    """Make a folder that only the server's user can enter, and refuse one planted by others."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), identity.uid}:
        raise FolderNotOurs(folder=folder, reason="it belongs to another user")
    if identity.dropped:
        os.chown(folder, identity.uid, identity.gid)
    folder.chmod(0o700)


def socket_folder(room: Room) -> Path:
    """Make the folder for the socket: in the room, or in a short place where that is too long."""
    inside = room.folder / "run"
    short = f"dunwell-{hashlib.sha256(os.fsencode(room.folder)).hexdigest()[:16]}"
    candidates = [inside, *(base / short for base in _short_bases(room.identity))]
    chosen = next(folder for folder in candidates if _fits(folder))
    private_folder(chosen, identity=room.identity)
    return chosen


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) + _SOCKET_NAME_BYTES <= _SOCKET_PATH_BYTES


def _short_bases(identity: Identity) -> list[Path]:
    runtime = "/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "")
    bases = [Path(runtime)] if runtime and os.access(runtime, os.W_OK | os.X_OK) else []
    reachable = [base for base in bases if not identities.closed_folder(base, identity=identity)]
    return [*reachable, Path("/tmp")]  # noqa: S108 - a private folder is made and checked inside
