"""Mails per second, end to end: due rows in the database to a sink that is not the bottleneck.

Everything is on: claim, check under the invoice's lock, conversation, activity, events, fsync at
each batch. `python -m bench.sending [COUNT] [--attach]`; without COUNT 10,000 and then 100,000,
which must not take more memory. Needs postfix's `smtp-sink`.
"""

import argparse
import json
import resource
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.house import RESULTS, fresh_database, make_invoices, postgres_cpu, write

SENDERS = 3  # as the worker runs them
SIZES = (10_000, 100_000)

_SENDS = """
INSERT INTO chasing_schedule (id, organization_id, invoice_id, steps, next_key, enabled, contacts,
  first_set_on)
SELECT md5('s' || id)::uuid, organization_id, id, '[]', 2, true, '{}', current_date
FROM ledger_invoice;
INSERT INTO chasing_plannedsend (id, organization_id, invoice_id, kind, step_key, occurrence,
  trigger, hour, day, at, channels, contact_roles, template, state, reason, detail, by, changed_at,
  put_backs, live)
SELECT md5('p' || id)::uuid, organization_id, id, 'step', 1, 1,
  '{"type": "after_due", "days": 3}', 9, current_date, now() - interval '1 minute', '{email}', '{}',
  '', 'planned', '', '', '', now(), 0, true
FROM ledger_invoice;
INSERT INTO chasing_firstsend (id, organization_id, invoice_id, at, how)
SELECT md5('f' || id)::uuid, organization_id, id, now(), 'marked' FROM ledger_invoice;
"""


def free_port() -> int:
    """Find a free port on the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def prepare(*, count: int, port: int, attach: bool) -> Any:
    """Make a live organization whose mails go to the sink, with `count` reminders due."""
    from django.db import connection

    from dunwell.tenancy.models import Organization, User
    from dunwell.tenancy.operations import create_organization
    from dunwell.tenancy.scope import organization_scope, system_scope

    owner = User.objects.create_user("owner@bench.example", "not a secret, only here")
    organization = create_organization(
        name="Bench",
        time_zone="Europe/Berlin",
        currency="EUR",
        locale="en",
        owner=owner,
        now=datetime.now(UTC),
    )
    with organization_scope(organization):
        Organization.objects.update(
            smtp_host="127.0.0.1",
            smtp_port=port,
            smtp_security="none",
            sender_email="billing@bench.example",
            sender_name="Bench",
            attach_invoice=attach,
        )
        with connection.cursor() as cursor:
            make_invoices(
                cursor, organization_id=organization.pk, count=count, customers=max(1, count // 5)
            )
    with system_scope("bench: make due sends"), connection.cursor() as cursor:
        cursor.execute(_SENDS)
        cursor.execute("ANALYZE")
    return organization


def ceiling(*, port: int, count: int = 3000) -> int:
    """Hand over ready messages of the usual size without a database: mails a second, one thread."""
    from dunwell.core.ids import uuid7
    from dunwell.core.mime import Address
    from dunwell.ports.messages import Content, Envelope, ready
    from dunwell.providers.email_smtp import SmtpProvider, SmtpSettings

    provider = SmtpProvider(SmtpSettings(host="127.0.0.1", port=port, security="none"))
    content = Content(subject="Invoice", text="A line of words.\n" * 60, html="<p>Words</p>" * 150)
    now = datetime.now(UTC)
    start = time.perf_counter()
    for n in range(count):
        envelope = Envelope(
            delivery_id=uuid7(),
            message_id=f"<{n}@bench.example>",
            channel="email",
            sender=Address("Bench", "billing@bench.example"),
            to=Address("Ada", f"ada{n}@customer.example"),
            date=now,
            language="en",
        )
        provider.hand_over(ready(envelope=envelope, content=content), go=lambda: True)
    provider.close()
    return round(count / (time.perf_counter() - start))


def measure(*, count: int, attach: bool, senders: int, home: Path) -> dict[str, Any]:
    """Send everything from one process and return the figures; PostgreSQL lives in `home`."""
    from django.db import connection

    from dunwell.chasing.sender.sender import Sender
    from dunwell.tenancy import clock
    from dunwell.tenancy.scope import system_scope
    from dunwell.worker.main import tune

    def work() -> None:
        sender = Sender(wall=clock.wall)
        while sender.step(now=clock.wall()):
            pass
        sender.close()

    rss_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tune()
    postgres = postgres_cpu(home)
    start = time.perf_counter()
    cpu = time.process_time()
    threads = [threading.Thread(target=work) for _n in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    cpu = time.process_time() - cpu
    postgres = postgres_cpu(home) - postgres
    with system_scope("bench: count"), connection.cursor() as cursor:
        cursor.execute("SELECT state, count(*) FROM inbox_delivery GROUP BY 1")
        states = dict(cursor.fetchall())
    return {
        "mails": count,
        "attached": attach,
        "sender_threads": senders,
        "seconds": round(seconds, 2),
        "mails_per_second": round(count / seconds),
        "worker_cpu_ms_per_mail": round(cpu / count * 1000, 3),
        "postgres_cpu_ms_per_mail": round(postgres / count * 1000, 3),
        "max_rss_mib_before": rss_before // 1024,
        "max_rss_mib_after": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "states": states,
    }


def main() -> None:
    """Measure one size, or both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, help="mails; without it both sizes")
    parser.add_argument("--attach", action="store_true", help="attach the invoice as PDF")
    parser.add_argument("--senders", type=int, default=SENDERS, help="sender threads")
    parser.add_argument("--name", default="sending")
    options = parser.parse_args()
    sys.exit(one(options) if options.count else both(options))


def both(options: argparse.Namespace) -> int:
    """Measure each size in a process of its own, and keep the figures together."""
    runs = []
    for count in SIZES:
        name = f"{options.name}-{count}"
        command = [sys.executable, "-m", "bench.sending", str(count), "--name", name]
        command += ["--senders", str(options.senders), *(["--attach"] if options.attach else [])]
        if subprocess.call(command, stdout=subprocess.DEVNULL):
            return 1
        kept = RESULTS / f"{name}.json"
        runs.append(json.loads(kept.read_text()))
        kept.unlink()
    small, large = runs
    grown = large["max_rss_mib_after"] - small["max_rss_mib_after"]
    write(options.name, {"memory_grown_mib": grown, "runs": runs})
    return 0


def one(options: argparse.Namespace) -> int:
    """Run one measurement and write its figures; 0 if every mail was sent."""
    port = free_port()
    sink = subprocess.Popen(
        ["/usr/sbin/smtp-sink", "-c", "-u", "nobody", f"127.0.0.1:{port}", "1000"],
        stdout=subprocess.DEVNULL,
    )
    try:
        with fresh_database() as home:
            prepare(count=options.count, port=port, attach=options.attach)
            before = ceiling(port=port)
            figures = measure(
                count=options.count, attach=options.attach, senders=options.senders, home=home
            )
            alone = [before, ceiling(port=port)]
        figures["smtp_alone_per_second"] = alone
        figures["share_of_smtp_alone"] = round(2 * figures["mails_per_second"] / sum(alone), 3)
        write(options.name, figures)
    finally:
        sink.terminate()
        sink.wait()
    return 0 if figures["states"] == {"sent": options.count} else 1


if __name__ == "__main__":
    main()
