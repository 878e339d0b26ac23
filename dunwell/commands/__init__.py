"""Commands, one module each.

Each module has:

    NAME            what a person types, one or two words: "token create"
    HELP            one line
    NEEDS_DATABASE  whether it runs with a database
    arguments(parser)
    run(options) -> exit status

The three constants are read from the source without importing it, so that `dunwell --help` is
quick and modules may import models, which only works once the database is known.
"""

import argparse
import ast
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast


class CommandFailed(Exception):
    """A command could not do its work; the text goes to stderr and the exit status is 1."""


class CommandModule(Protocol):
    """What a command's module offers."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""

    def run(self, options: argparse.Namespace) -> int:
        """Do the work and give the exit status."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command as its source tells it, not imported yet."""

    name: str
    help: str
    needs_database: bool
    module: str

    def load(self) -> CommandModule:
        """Import the command's module; Django must be set up."""
        return cast("CommandModule", importlib.import_module(self.module))


def discover() -> list[Command]:
    """List all commands by name."""
    files = sorted(Path(__file__).parent.glob("[!_]*.py"))
    return sorted((_outline(path) for path in files), key=lambda command: command.name)


def named_by(words: list[str], *, known: list[Command]) -> Command | None:
    """Find the command that the first one or two words name."""
    by_name = {command.name: command for command in known}
    return by_name.get(" ".join(words[:2])) or by_name.get(" ".join(words[:1]))


def _outline(path: Path) -> Command:
    constants = dict(
        pair
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if (pair := _constant(node)) is not None
    )
    return Command(
        name=str(constants["NAME"]),
        help=str(constants["HELP"]),
        needs_database=bool(constants["NEEDS_DATABASE"]),
        module=f"{__name__}.{path.stem}",
    )


def _constant(node: ast.stmt) -> tuple[str, object] | None:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        name, value = node.targets[0].id, node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        name, value = node.target.id, node.value
    else:
        return None
    if name not in {"NAME", "HELP", "NEEDS_DATABASE"}:
        return None
    return name, ast.literal_eval(value)
