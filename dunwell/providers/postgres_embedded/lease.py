"""Who uses the server, told by file locks, which the kernel frees when a process dies.

`start.lock` is held alone while somebody starts or stops the server. `users.lock` is held shared
by every user; who can hold it alone is the last.
"""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dunwell.providers.postgres_embedded.room import Room

_log = logging.getLogger(__name__)
_SAY_AFTER_SECONDS = 5.0


class Lease:
    """One process's share in the server; given back by `leave` or by the process's death."""

    def __init__(self, room: Room) -> None:
        self._descriptor = _open(room, "users.lock")
        # Never waits: the exclusive lock is taken only by a holder of start.lock, as we are.
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def is_last(self) -> bool:
        """Tell whether no other process uses the server; call while holding `start.lock`."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leave(self) -> None:
        """Give the share back."""
        os.close(self._descriptor)


@contextmanager
def alone(room: Room) -> Iterator[None]:
    """Hold `start.lock`, waiting for whoever starts or stops the server now."""
    descriptor = _open(room, "start.lock")
    try:
        _wait_for(descriptor, room.folder)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, folder: Path) -> None:
    told = time.monotonic()
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() - told > _SAY_AFTER_SECONDS:
                told = time.monotonic()
                _log.warning("waiting for another process that starts or stops %s", folder)
            time.sleep(0.02)
        else:
            return


def _open(room: Room, name: str) -> int:
    descriptor = os.open(room.folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if room.identity.dropped:
        os.fchown(descriptor, room.identity.uid, room.identity.gid)
    return descriptor
