"""How often a token may call: a bucket of requests per token, refilled all the time.

Rule: api (rate limits answer 429 with Retry-After; staff tokens no lower than 100 requests/s).
"""

import math
import threading
import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

from dunwell.tenancy.errors import TooManyRequests

PER_SECOND: Final = 300.0
BURST: Final = 600.0
_MOST_BUCKETS: Final = 10_000


class Buckets:
    """The buckets of one process; `clock` gives seconds that only grow."""

    def __init__(
        self,
        *,
        per_second: float = PER_SECOND,
        burst: float = BURST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: dict[UUID, tuple[float, float]] = {}

    def take(self, *, token_id: UUID) -> None:
        """Take one request out of a token's bucket. Raises TooManyRequests if it is empty."""
        with self._lock:
            now = self._clock()
            level, since = self._levels.get(token_id, (self._burst, now))
            level = min(self._burst, level + (now - since) * self._per_second)
            if level < 1:
                self._levels[token_id] = (level, now)
                raise TooManyRequests(retry_after=math.ceil((1 - level) / self._per_second))
            self._levels[token_id] = (level - 1, now)
            if len(self._levels) > _MOST_BUCKETS:
                self._forget_full(now)

    def _forget_full(self, now: float) -> None:
        refilled = self._burst / self._per_second
        for token_id, (_level, since) in list(self._levels.items()):
            if now - since > refilled:
                del self._levels[token_id]


buckets = Buckets()
