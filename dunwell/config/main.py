"""The command `dunwell`: finds the command's module, makes the database available, runs it."""

import argparse
import os
import signal
import sys
from contextlib import ExitStack

import django

from dunwell import __version__, commands
from dunwell.commands import Command, CommandFailed
from dunwell.config import data, database, logs
from dunwell.providers.postgres_embedded import EmbeddedPostgresError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and give its exit status: 0 done, 1 failed, 2 wrong use, 130 interrupted."""
    words = sys.argv[1:] if arguments is None else arguments
    logs.set_up()
    known = commands.discover()
    command = commands.named_by(words, known=known)
    if command is None:
        _outline(known).parse_args(words[:1] or ["--help"])
        return 0
    # So that whatever runs leaves the database in order; serve, web and worker set their own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return _run(command, words[len(command.name.split()) :])
    except (CommandFailed, EmbeddedPostgresError, database.DatabaseUnusable) as error:
        sys.stderr.write(f"dunwell: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _run(command: Command, words: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dunwell.config.settings")
    with ExitStack() as stack:
        if command.needs_database and not {"-h", "--help"}.intersection(words):
            folder = data.settle_folder()
            stack.enter_context(database.connected(folder))
            data.settle_secret_key(folder)
        # Only now: settings read where the database is from the environment.
        django.setup()
        module = command.load()
        parser = argparse.ArgumentParser(prog=f"dunwell {command.name}", description=command.help)
        module.arguments(parser)
        return module.run(parser.parse_args(words))


def _outline(known: list[Command]) -> argparse.ArgumentParser:
    width = max(len(command.name) for command in known)
    lines = [f"  {command.name:<{width}}  {command.help}" for command in known]
    parser = argparse.ArgumentParser(
        prog="dunwell",
        usage="dunwell COMMAND [ARGUMENTS]",
        description="Self-hosted receivables.",
        epilog="commands:\n" + "\n".join(lines) + "\n\ndunwell COMMAND --help tells more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"dunwell {__version__}")
    names = sorted({command.name.split()[0] for command in known})
    parser.add_argument("command", choices=names, metavar="COMMAND", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
