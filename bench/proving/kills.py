"""SIGKILL at random moments while mails go out: none lost, none doubled, one uncertain at most."""

import random
import time
from collections import Counter
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db import connection

from bench import sending
from bench.proving.sending import count, invariants, senders, start_sender
from bench.sizes import Kills
from dunwell.commands.replaying.sink import Sink
from dunwell.tenancy.scope import system_scope

_PATIENCE = 120.0
_UNENDED = "SELECT count(*) FROM chasing_plannedsend WHERE state IN ('planned', 'sending')"
_UNCERTAIN = "SELECT count(*) FROM inbox_delivery WHERE state = 'uncertain'"


def run(*, size: Kills) -> dict[str, Any]:
    """Send `size.mails` mails while killing the sender `size.kills` times; then let one finish."""
    dice = random.Random(size.seed)
    begun = time.perf_counter()
    with Sink() as sink:
        sending.prepare(count=size.mails, port=sink.port, attach=False)
        uncertain = [0]
        for n in range(size.kills):
            share = (size.mails - len(sink.received)) / (size.kills - n + 1)
            _kill_after(sink, mails=dice.randint(1, max(1, int(share))), dice=dice)
            uncertain.append(count(_UNCERTAIN))
        with senders(1):
            _wait(lambda: count(_UNENDED) == 0)
        uncertain.append(count(_UNCERTAIN))
        received = Counter(each.message_id for each in sink.received)
    # The batch of a killed sender is settled by the next, before that is killed in its turn.
    steps = [later - earlier for earlier, later in pairwise(uncertain)]
    return {
        "mails": size.mails,
        "kills": size.kills,
        "received": sum(received.values()),
        "uncertain": uncertain[-1],
        "seconds": round(time.perf_counter() - begun, 1),
        "violations": {**_against_records(received, steps), **invariants()},
    }


def _kill_after(sink: Sink, *, mails: int, dice: random.Random) -> None:
    """Start a sender and kill it some moments after it has sent so many mails."""
    target = len(sink.received) + mails
    process = start_sender()
    try:
        _wait(lambda: len(sink.received) >= target or process.poll() is not None)
        if process.poll() is not None:
            raise RuntimeError(f"the sender ended by itself with status {process.returncode}")
        time.sleep(dice.random() * 0.01)
    finally:
        process.kill()
        process.wait()


def _wait(until: Any) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not until():
        if time.monotonic() > deadline:
            raise TimeoutError("the senders do not get on")
        time.sleep(0.001)


def _against_records(received: Counter[str], uncertain_steps: list[int]) -> dict[str, int]:
    with system_scope("proof: what is recorded"), connection.cursor() as cursor:
        cursor.execute("SELECT id, state, planned_send_id FROM inbox_delivery")
        rows: list[tuple[UUID, str, UUID]] = cursor.fetchall()
    arrived = Counter({UUID(name[1:37]): times for name, times in received.items()})
    state = {delivery: state for delivery, state, _send in rows}
    per_send = Counter(send for delivery, _state, send in rows if arrived[delivery])
    return {
        "doubled": sum(times > 1 for times in (*arrived.values(), *per_send.values())),
        "lost": sum(s == "sent" and not arrived[delivery] for delivery, s in state.items()),
        "received but not recorded as sent or uncertain": sum(
            state.get(delivery) not in ("sent", "uncertain") for delivery in arrived
        ),
        "kills with more than one uncertain": sum(step > 1 for step in uncertain_steps),
        "planned sends that did not end": count(_UNENDED),
        "planned sends neither sent nor uncertain": count(
            "SELECT count(*) FROM chasing_plannedsend"
            " WHERE NOT (state = 'sent' OR state = 'failed' AND reason = 'uncertain')"
        ),
    }
