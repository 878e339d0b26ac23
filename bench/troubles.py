"""A book of invoices lived with everything that goes wrong: `./run proof troubles [FILE] [--kill]`.

All three channels, replies, bounces, promises, disputes, pauses, reversed payments, 2 % of all
calls to providers failing; with `--kill` processes and PostgreSQL itself are killed on the way.
Without a file the book is made up, in the shape and size of IBM's sample set of receivables.
"""

import argparse
import sys
from pathlib import Path

from bench.house import fresh_database, write
from bench.sizes import FULL


def main() -> None:
    """Live, keep the counts, exit 1 if a rule was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--kill", action="store_true", help="kill at random 30 times")
    options = parser.parse_args()
    size = FULL.kills_of_all if options.kill else FULL.troubles
    with fresh_database(durable=options.kill) as home:
        from bench.proving.troubles import run

        figures = run(size=size, file=options.file, home=home)
    write("troubles-killed" if options.kill else "troubles", figures)
    sys.exit(1 if any(figures["violations"].values()) else 0)


if __name__ == "__main__":
    main()
