"""Work that nobody waits for: put off by name, done by the worker.

`enqueue` is part of the caller's transaction: the job commits or vanishes with the data, and
nobody imports a handler (docs/why/house.md, How things move).
"""

from typing import Protocol

type Argument = str | int | bool | None


class Queue(Protocol):
    """Where jobs are put."""

    def __call__(self, name: str, arguments: dict[str, Argument]) -> None:
        """Put a job into the queue within the caller's transaction."""


class NoQueue(RuntimeError):
    """Nobody bound a queue at start."""


_queues: list[Queue] = []


def use(queue: Queue) -> None:
    """Bind the queue; called once at start, the last binding holds."""
    _queues[:] = [queue]


def enqueue(name: str, **arguments: Argument) -> None:
    """Put off a job by its name, for example "ledger.import". Raises NoQueue."""
    if not _queues:
        raise NoQueue
    _queues[0](name, arguments)
