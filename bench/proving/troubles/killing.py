"""Processes that live the life, and ways to kill them and the database below them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from bench.proving.troubles.providers import Journal
from dunwell.tenancy.models import Organization

_ROOT = Path(__file__).parents[3]


def start_player(
    home: Path, book: Path, journal: Journal, organization: Organization, seed: int
) -> "subprocess.Popen[bytes]":
    """Start a process that attaches to the server (starting it after a kill) and lives on."""
    return subprocess.Popen(
        [
            sys.executable, "-m", "bench.proving.troubles.player",
            str(home), str(book), str(journal.path), organization.slug, str(seed),
        ],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )  # fmt: skip


def kill_server(home: Path) -> None:
    """Kill PostgreSQL with all its processes, so that nothing is written on the way out."""
    (found,) = home.rglob("postmaster.pid")
    postmaster = int(found.read_text().split()[0])
    for pid in (postmaster, *_children(postmaster)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it went with its parent


def _children(parent: int) -> list[int]:
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        if int(fields[1]) == parent:
            children.append(int(stat.parent.name))
    return children
