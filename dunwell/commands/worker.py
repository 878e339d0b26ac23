"""`dunwell worker`: planning, sending and jobs, in one process."""

import argparse
import importlib
import signal
import threading

NAME = "worker"
HELP = "plan, send and do the jobs"
NEEDS_DATABASE = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no arguments."""


def run(options: argparse.Namespace) -> int:
    """Work until SIGTERM or SIGINT, then finish what was begun."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # By name, as uvicorn does with the web's: doors do not import one another.
    importlib.import_module("dunwell.worker.main").run(stop)
    return 0
