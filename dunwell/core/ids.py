"""Ids that sort by the time they were made (RFC 9562, version 7)."""

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from os import urandom
from time import time_ns
from typing import Final
from uuid import UUID, SafeUUID

# 48 bits of milliseconds, 4 of version, 42 of counter around 2 of variant, 32 of chance.
# The counter starts below 2^41 in each millisecond, so half its range is left to count up.
_VERSION_AND_VARIANT: Final = (7 << 76) | (0b10 << 62)
_COUNTER_LIMIT: Final = 1 << 42
_SEED_MASK: Final = (1 << 41) - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

_new_object = object.__new__
_set = object.__setattr__
_unsafe: Final = SafeUUID.unknown


class _Sequence:
    """The last id's millisecond and counter in this process, and chance fetched in advance.

    Asking the kernel for chance costs more than all the rest, so it is fetched for 1,024 ids.
    """

    __slots__ = ("counter", "lock", "millisecond", "tails")

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Begin anew: in a forked child no other thread lives to free the lock it inherits."""
        self.lock = threading.Lock()
        self.millisecond = 0
        self.counter = 0
        self.tails: Iterator[int] = iter(())

    def advance(self) -> tuple[int, int, int]:
        """Return (millisecond, counter, tail); the first two exceed every pair before."""
        with self.lock:
            now = time_ns() // 1_000_000
            if now > self.millisecond:
                self.millisecond, self.counter = now, _seed()
            else:
                # Also when the wall clock was set back: order matters more than the time.
                self.counter += 1
                if self.counter >= _COUNTER_LIMIT:
                    self.millisecond, self.counter = self.millisecond + 1, _seed()
            tail = next(self.tails, None)
            if tail is None:
                self.tails = iter(memoryview(urandom(4096)).cast("I"))
                tail = next(self.tails)
            return self.millisecond, self.counter, tail


def _seed() -> int:
    """Return a random counter to start a millisecond with."""
    return int.from_bytes(urandom(6)) & _SEED_MASK


def _assemble(millisecond: int, counter: int, tail: int) -> UUID:
    """Build the UUID without the checks of its constructor, which cost more than the rest."""
    made = _new_object(UUID)
    _set(
        made,
        "int",
        (millisecond << 80)
        | _VERSION_AND_VARIANT
        | ((counter >> 30) << 64)
        | ((counter & 0x3FFFFFFF) << 32)
        | tail,
    )
    _set(made, "is_safe", _unsafe)
    return made


_sequence: Final = _Sequence()
os.register_at_fork(after_in_child=_sequence.start)


def uuid7() -> UUID:
    """Return a new version 7 UUID, greater than every one this process made before."""
    return _assemble(*_sequence.advance())


def uuid7_at(instant: datetime) -> UUID:
    """Return a version 7 UUID that sorts at the given aware instant (from 1970 on)."""
    return _assemble((instant - _EPOCH) // _MILLISECOND, _seed(), int.from_bytes(urandom(4)))
