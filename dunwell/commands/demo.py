"""`dunwell demo`: a believable company with half a year behind it, in the browser."""

import argparse
import signal
import sys
import threading
import time
from datetime import date

from django.utils.crypto import salted_hmac

from dunwell.commands.migrate import migrate
from dunwell.commands.serve import keep_alive
from dunwell.flows import demo
from dunwell.tenancy import clock
from dunwell.tenancy.models import Organization

NAME = "demo"
HELP = "make a believable company with a clock of its own and serve it"
NEEDS_DATABASE = True

_HOST = "127.0.0.1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to listen and whether to begin anew."""
    parser.add_argument("--port", type=int, default=8000, help="port to listen on")
    parser.add_argument(
        "--fresh", action="store_true", help="make a new company instead of using the last one"
    )


def run(options: argparse.Namespace) -> int:
    """Make the company once, tell how to sign in, and serve until SIGTERM or SIGINT."""
    migrate()
    organization = None if options.fresh else demo.find()
    if organization is None:
        organization = _make()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _tell(organization, port=options.port)
    web = ["web", "--host", _HOST, "--port", str(options.port)]
    keep_alive([web, ["worker"]], stop=stop)
    return 0


def _make() -> Organization:
    began = time.monotonic()
    _say("Making the demo company; it lives half a year now, mail by mail.")
    organization = demo.create(wall=clock.wall(), passwords=_password, tell=_month)
    _say(f"Made in {time.monotonic() - began:.0f} s.")
    return organization


def _password(slug: str, key: str) -> str:
    """Give the password of a demo's member: this installation's own, and the same every time."""
    code = salted_hmac("dunwell demo", f"{slug}/{key}").hexdigest()
    return f"demo-{code[:4]}-{code[4:8]}"


def _month(day: date) -> None:
    _say(f"  {day:%B %Y}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _tell(organization: Organization, *, port: int) -> None:
    slug = organization.slug
    print(f"\n{organization.name} is open at  http://{_HOST}:{port}/\n")
    for key, what in ((demo.OWNER, "owner, may do everything"), (demo.VIEWER, "viewer, may look")):
        print(f"  sign in as  {demo.address(slug=slug, key=key)}   password  ", end="")
        print(f"{_password(slug, key)}   ({what})")
    print("\nCtrl-C ends it; the company stays. --fresh makes a new one.", flush=True)
