"""`dunwell audit`: run every invariant on the whole database."""

import argparse
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from dunwell.ledger.invariants import Invariant, violations
from dunwell.tenancy.scope import system_scope

NAME = "audit"
HELP = "check that nothing in the database contradicts the rules"
NEEDS_DATABASE = True

_FLOORS = ("ledger", "chasing")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no arguments."""


def run(options: argparse.Namespace) -> int:
    """Print how many rows violate each invariant; 1 if any does."""
    wrong = 0
    with system_scope("audit of all organizations"):
        for invariant in _invariants():
            count = violations(invariant)
            wrong += count
            print(f"{count:>8}  {invariant.name}: {invariant.explanation}")
    print(f"{wrong} violations" if wrong else "no violations")
    return 1 if wrong else 0


def _invariants() -> Iterator[Invariant]:
    for floor in _FLOORS:
        name = f"dunwell.{floor}.invariants"
        if find_spec(name) is not None:
            yield from import_module(name).INVARIANTS
