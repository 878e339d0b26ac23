"""`dunwell serve`: migrate, then web and worker as child processes, kept alive."""

import argparse
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from dunwell.commands.migrate import migrate

NAME = "serve"
HELP = "migrate, then serve pages, API and worker"
NEEDS_DATABASE = True

_LONGEST_PAUSE_SECONDS = 30.0
_STEADY_SECONDS = 60.0
_STOP_SECONDS = 30.0
_LOOK_EVERY_SECONDS = 0.2
_log = logging.getLogger(__name__)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to listen and how many workers to run."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on")
    parser.add_argument("--workers", type=int, default=1, help="number of worker processes")
    parser.add_argument("--smtp-listen", metavar="HOST:PORT", help="take replies in by SMTP")
    parser.add_argument("--lmtp-listen", metavar="HOST:PORT", help="take replies in by LMTP")


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    migrate()
    web = ["web", "--host", options.host, "--port", str(options.port)]
    workers = [["worker"] for _ in range(options.workers)]
    keep_alive([web, *workers, *_listening(options)], stop=stop)
    return 0


def _listening(options: argparse.Namespace) -> list[list[str]]:
    """Give the command that takes replies in, where it was asked for."""
    asked = [("--smtp-listen", options.smtp_listen), ("--lmtp-listen", options.lmtp_listen)]
    words = [word for name, address in asked if address for word in (name, address)]
    return [["receive", *words]] if words else []


def keep_alive(commands: list[list[str]], *, stop: threading.Event) -> None:
    """Run the commands as child processes, restarting what ends, until `stop` is set."""
    _count_together()
    children = [_Child(words=words) for words in commands]
    try:
        while not stop.wait(_LOOK_EVERY_SECONDS):
            for child in children:
                child.look_after()
    finally:
        _end_all(children)


def _count_together() -> None:
    """Let all children count into one folder, so that /metrics shows the worker's sends too."""
    folder = Path(os.environ["DUNWELL_DATA"]) / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


@dataclass(kw_only=True)
class _Child:
    words: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.0
    restart_at: float = field(default_factory=time.monotonic)

    def look_after(self) -> None:
        """Start the child when its time has come; note its end and when to try again."""
        now = time.monotonic()
        if self.process is None and now >= self.restart_at:
            # A session of its own: Ctrl-C reaches only the parent, which ends all in order.
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dunwell", *self.words], start_new_session=True
            )
            self.started = now
        elif self.process is not None and (status := self.process.poll()) is not None:
            steady = now - self.started > _STEADY_SECONDS
            self.pause = 1.0 if steady else min(max(self.pause * 2, 1.0), _LONGEST_PAUSE_SECONDS)
            self.process, self.restart_at = None, now + self.pause
            _log.error(
                "%s ended with status %s; again in %.0f s", self.words[0], status, self.pause
            )


def _end_all(children: list[_Child]) -> None:
    living = [child.process for child in children if child.process is not None]
    for process in living:
        process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    for process in living:
        try:
            process.wait(timeout=max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            _log.error("process %s did not stop in time and is killed", process.pid)
            process.kill()
            process.wait()
