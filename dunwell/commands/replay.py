"""`dunwell replay FILE`: relive a file of settled invoices on a test clock, and judge it."""

import argparse
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from dunwell.commands import CommandFailed
from dunwell.commands.migrate import migrate
from dunwell.commands.replaying.book import read
from dunwell.commands.replaying.play import Plan, play
from dunwell.commands.replaying.sink import Sink
from dunwell.commands.replaying.verdict import Verdict, judge
from dunwell.tenancy.errors import DunwellError

NAME = "replay"
HELP = "relive a file of settled invoices on a test clock and check every message"
NEEDS_DATABASE = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the file, the zone, the days, and where messages go."""
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV as of IBM's sample set")
    parser.add_argument("--time-zone", default="Europe/Berlin", metavar="ZONE")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DAY")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="DAY")
    parser.add_argument(
        "--sink", action="store_true", help="hand every message to an SMTP server of its own, too"
    )
    parser.add_argument("--attach", action="store_true", help="attach each invoice as PDF")


def run(options: argparse.Namespace) -> int:
    """Replay the file in a new sandbox and print the counts; 1 if a rule was broken."""
    entries = read(options.file)
    if not entries:
        raise CommandFailed(f"{options.file} has no invoices")
    migrate()
    with ExitStack() as stack:
        sink = stack.enter_context(Sink()) if options.sink else None
        plan = Plan(
            entries=entries,
            zone=options.time_zone,
            first=options.first or min(entry.invoice_date for entry in entries),
            last=options.last or max(entry.settled_on or entry.due_date for entry in entries),
            sink=sink.address if sink else "",
            attach=options.attach,
        )
        try:
            organization = play(plan)
        except DunwellError as error:
            told = "; ".join(f"{each.field}: {each.message}" for each in error.problems)
            raise CommandFailed(told or error.detail) from error
        verdict = judge(organization, received=sink.received if sink else None)
    print(f"{organization.slug}, {plan.zone}, {plan.first} to {plan.last}")
    _tell(verdict)
    return 0 if verdict.clean else 1


def _tell(verdict: Verdict) -> None:
    parts = (
        ("", verdict.counts),
        ("planned sends that ended as", verdict.outcomes),
        ("messages at UTC offset", verdict.offsets),
        ("must be zero", verdict.violations),
    )
    for title, counts in parts:
        if title:
            print(f"{title}:")
        for name, count in counts.items():
            print(f"{count:>8}  {name}")
    print("all is well" if verdict.clean else "rules were broken")
