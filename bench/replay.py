"""A book of invoices relived in two time zones: `./run proof replay [FILE]`.

Without a file the book is made up, in the shape and size of IBM's sample set of receivables.
"""

import argparse
import sys
from datetime import date
from pathlib import Path

from bench.house import fresh_database, write
from bench.sizes import FULL

_FIRST, _LAST = date(2012, 1, 1), date(2014, 1, 31)


def main() -> None:
    """Replay, keep the counts, exit 1 if a rule was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=_FIRST)
    parser.add_argument("--to", dest="last", type=date.fromisoformat, default=_LAST)
    options = parser.parse_args()
    # What is proven here are rules, not what a power cut leaves: that is for `kills`.
    with fresh_database(durable=False):
        from bench.proving.replay import run

        figures = run(size=FULL.replay, file=options.file, first=options.first, last=options.last)
    write("replay", figures)
    sys.exit(1 if any(figures["violations"].values()) else 0)


if __name__ == "__main__":
    main()
