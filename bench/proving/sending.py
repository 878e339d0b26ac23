"""A live organization with mails due, and processes that send them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from dunwell.chasing.invariants import INVARIANTS as CHASING
from dunwell.ledger.invariants import INVARIANTS as LEDGER
from dunwell.ledger.invariants import violations
from dunwell.tenancy.scope import system_scope

_ROOT = Path(__file__).parents[2]


def start_sender() -> subprocess.Popen[bytes]:
    """Start a worker's sending loop in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "bench.proving.sender_process"],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )


@contextmanager
def senders(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Keep sender processes running, and end them in order."""
    processes = [start_sender() for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(timeout=60)


def count(sql: str) -> int:
    """Run a query that gives one number, over all organizations."""
    with system_scope("proof: count"), connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def invariants() -> dict[str, int]:
    """Count the violations of all invariants over the whole database, and name those there are."""
    with system_scope("proof: invariants"):
        found = {rule.name: violations(rule) for rule in (*LEDGER, *CHASING)}
    return {"invariants": sum(found.values()), **{k: n for k, n in found.items() if n}}
