"""A book of real invoices relived day by day on a test clock, once per time zone."""

import tempfile
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from bench.made_up import receivables
from bench.sizes import Replay
from dunwell.commands.replaying.book import read
from dunwell.commands.replaying.play import Plan, play
from dunwell.commands.replaying.sink import Sink
from dunwell.commands.replaying.verdict import judge


def run(
    *, size: Replay, file: Path | None = None, first: date | None = None, last: date | None = None
) -> dict[str, Any]:
    """Replay a file, or a made-up book of this size, in each of the zones into a real SMTP sink."""
    with tempfile.TemporaryDirectory() as folder:
        book = file or receivables(
            Path(folder) / "book.csv",
            count=size.invoices,
            customers=size.customers,
            first=size.first,
            last=size.last,
            seed=size.seed,
        )
        entries = read(book)
    found: dict[str, Any] = {"book": book.name if file else "made up", "zones": {}}
    wrong: dict[str, int] = {}
    for zone in size.zones:
        begun = time.perf_counter()
        with Sink() as sink:
            plan = Plan(
                entries=entries,
                zone=zone,
                first=first or min(entry.invoice_date for entry in entries),
                last=last or max(entry.settled_on or entry.due_date for entry in entries),
                sink=sink.address,
            )
            verdict = judge(play(plan), received=sink.received)
        found["from"], found["to"] = plan.first, plan.last
        found["zones"][zone] = {
            "seconds": round(time.perf_counter() - begun, 1),
            **{name: counts for name, counts in asdict(verdict).items() if name != "violations"},
        }
        for name, count in verdict.violations.items():
            wrong[name] = wrong.get(name, 0) + count
    return {**found, "violations": wrong}
