"""Attaching to the server: started by the first user, stopped when the last one leaves."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from dunwell.providers.postgres_embedded import binaries as programs
from dunwell.providers.postgres_embedded import cluster, process
from dunwell.providers.postgres_embedded import identity as identities
from dunwell.providers.postgres_embedded.lease import Lease, alone
from dunwell.providers.postgres_embedded.room import PORT, Room, enter


class Attached:
    """A share in a running server; close it, or use it in a `with` statement.

    `url` is a libpq URL for the role and database `dunwell`; `socket_dir` holds the socket.
    """

    def __init__(self, *, room: Room, lease: Lease, socket_dir: Path) -> None:
        self.socket_dir = socket_dir
        self.url = url(socket_dir=socket_dir)
        self._room = room
        self._lease: Lease | None = lease
        self._owner = os.getpid()

    def close(self) -> None:
        """Leave the server; the last one to leave stops it. A second call does nothing."""
        if self._lease is None or os.getpid() != self._owner:
            return
        lease, self._lease = self._lease, None
        with alone(self._room):
            _leave(lease, room=self._room)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def attach(data_dir: Path, *, durable: bool = True) -> Attached:
    """Start or join the PostgreSQL that keeps its data under `data_dir`.

    `durable=False` turns fsync off for a server started by this call; only for throw-away data.
    Waits for a recovery as long as it takes, telling the log. Raises EmbeddedPostgresError.
    """
    room = enter(data_dir.absolute())
    with alone(room):
        found_programs = programs.reachable(identity=room.identity)
        cluster.check_major(room, binaries=found_programs)
        if not room.cluster.exists():
            cluster.create(room, binaries=found_programs, durable=durable)
        lease = Lease(room)
        try:
            found = process.ensure(room, binaries=found_programs, durable=durable)
            cluster.prepare(room, socket_dir=found.socket_dir)
        except BaseException:
            _leave(lease, room=room)
            raise
    return Attached(room=room, lease=lease, socket_dir=found.socket_dir)


def _leave(lease: Lease, *, room: Room) -> None:
    try:
        if lease.is_last() and (found := process.running(room)):
            process.stop(found, room=room)
    finally:
        lease.leave()


def closed_to_server(data_dir: Path) -> Path | None:
    """Name the first folder on the way to `data_dir` that the server's user cannot pass."""
    wanted = data_dir.absolute()
    identity = identities.choose(cluster=wanted / "postgres" / "data", data_dir=wanted)
    return identities.closed_folder(wanted, identity=identity)


def url(*, socket_dir: Path, database: str = "dunwell") -> str:
    """Give the libpq URL of the application's role for a database of the server."""
    return f"postgresql://dunwell@/{database}?host={quote(str(socket_dir), safe='')}&port={PORT}"
