"""Two years of a business as it is: three channels, replies, bounces, disputes, promises, pauses,
reversed payments, and providers that fail in every way; and the same with everything killed.
"""

import random
import signal
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from django.db import connections

from bench.made_up import receivables
from bench.proving.sending import invariants
from bench.proving.troubles.killing import kill_server, start_player
from bench.proving.troubles.life import Life, open_company
from bench.proving.troubles.providers import Journal, trouble_everywhere
from bench.proving.troubles.verdict import judge
from bench.sizes import Troubles
from dunwell.commands.replaying.book import read
from dunwell.tenancy.models import Organization
from dunwell.tenancy.scope import system_scope


def run(*, size: Troubles, file: Path | None = None, home: Path | None = None) -> dict[str, Any]:
    """Live through a book, killing as often as `size.kills` says; `home` is the server's folder.

    The counts are of everything that went out and came back; every violation must be zero.
    """
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="dunwell-troubles-") as folder:
        book = file or _made_up(Path(folder) / "book.csv", size)
        entries = read(book)
        journal = Journal(Path(folder) / "taken.jsonl")
        organization = open_company(entries=entries, zone=size.zone)
        kills = {"player": 0, "PostgreSQL": 0}
        if size.kills and home is not None:
            kills = _killed(size, book, journal, organization, home)
        else:
            with trouble_everywhere(journal=journal, seed=size.seed):
                Life(organization=organization, entries=entries, seed=size.seed).live()
        taken = journal.lines()
        with system_scope("proof: judge"):
            verdict = judge(organization, taken=taken)
    return {
        "book": file.name if file else "made up",
        "zone": size.zone,
        "seconds": round(time.perf_counter() - begun, 1),
        "kills": kills,
        "provider_calls": _calls(taken),
        **verdict.told(),
        "violations": {**verdict.violations, **invariants()},
    }


def _made_up(path: Path, size: Troubles) -> Path:
    return receivables(
        path,
        count=size.invoices,
        customers=size.customers,
        first=size.first,
        last=size.last,
        seed=size.seed,
    )


def _calls(taken: list[dict[str, Any]]) -> dict[str, int]:
    return dict(sorted(Counter(f"{each['channel']}: {each['fate']}" for each in taken).items()))


def _killed(
    size: Troubles, book: Path, journal: Journal, organization: Organization, home: Path
) -> dict[str, int]:
    """Let processes live the life and kill them, or the database below them, at random."""
    dice = random.Random(size.seed)
    kills = {"player": 0, "PostgreSQL": 0}
    while True:
        player = start_player(home, book, journal, organization, size.seed)
        victim = "PostgreSQL" if dice.random() < 0.3 else "player"
        if sum(kills.values()) >= size.kills:
            if player.wait(timeout=7200) != 0:
                raise RuntimeError(f"the player ended with status {player.returncode}")
            return kills
        try:
            ended = player.wait(timeout=dice.uniform(*size.between_kills))
        except subprocess.TimeoutExpired:
            kills[victim] += 1
            _kill(victim, player, home)
            continue
        if ended == 0:
            raise RuntimeError(f"the life was over after {sum(kills.values())} kills")
        raise RuntimeError(f"the player ended by itself with status {ended}")


def _kill(victim: str, player: "subprocess.Popen[bytes]", home: Path) -> None:
    if victim == "PostgreSQL":
        kill_server(home)
        connections.close_all()
        player.wait(timeout=120)  # it cannot go on without
    else:
        player.send_signal(signal.SIGKILL)
        player.wait()
