"""`dunwell sandbox create`: make an organization that lives on a test clock."""

import argparse
from datetime import UTC, datetime

from dunwell.commands import CommandFailed
from dunwell.tenancy import clock
from dunwell.tenancy.errors import DunwellError
from dunwell.tenancy.operations import create_sandbox

NAME = "sandbox create"
HELP = "make an organization with a test clock and print its token"
NEEDS_DATABASE = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--slug", required=True)
    parser.add_argument("--name", default="", help="the company's name (default: the slug)")
    parser.add_argument("--time-zone", required=True, metavar="ZONE", help="Europe/Berlin")
    parser.add_argument("--currency", required=True, help="EUR")
    parser.add_argument(
        "--start", required=True, type=_instant, metavar="INSTANT", help="2026-03-01T08:00:00Z"
    )
    parser.add_argument("--locale", default="en")
    parser.add_argument(
        "--smtp-sink",
        default="",
        metavar="HOST:PORT",
        help="an SMTP server on this machine that also gets the mails",
    )


def run(options: argparse.Namespace) -> int:
    """Create the sandbox and print its token alone on the last line."""
    try:
        _organization, secret = create_sandbox(
            slug=options.slug,
            name=options.name,
            time_zone=options.time_zone,
            currency=options.currency,
            start=options.start,
            locale=options.locale,
            smtp_sink=options.smtp_sink,
            wall=clock.wall(),
        )
    except DunwellError as error:
        told = "; ".join(f"{each.field}: {each.message}" for each in error.problems)
        raise CommandFailed(told or error.detail) from error
    print(secret)
    return 0


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"“{text}” is not an instant such as 2026-03-01T08:00:00Z"
        ) from None
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(f"“{text}” needs an offset, such as Z or +02:00")
    return instant.astimezone(UTC)
