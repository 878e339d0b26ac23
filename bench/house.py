"""A throw-away database for measurements, with rows made by the database itself."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.sizes import FULL, SMALL

RESULTS = Path(__file__).parent / "results"


@contextmanager
def fresh_database(*, durable: bool = True) -> Iterator[Path]:
    """Start an embedded server in a new folder, migrate, and set Django up on it."""
    from dunwell.providers.postgres_embedded import attach

    with tempfile.TemporaryDirectory(prefix="dunwell-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with attach(home, durable=durable) as server:
            os.environ["DUNWELL_DATABASE"] = server.url
            os.environ["DUNWELL_DATA"] = folder
            os.environ["DUNWELL_SECRET_KEY"] = "bench-only-not-a-secret-0123456789abcdef"
            os.environ["DJANGO_SETTINGS_MODULE"] = "dunwell.config.settings"
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            try:
                yield home
            finally:
                from django.db import connections

                connections.close_all()
                connections["default"].close_pool()  # type: ignore[attr-defined]


_INVOICES = """
INSERT INTO ledger_customer (id, organization_id, name, external_id, language, currency, tax_id,
  tags, notes, autopay, do_not_chase, do_not_chase_reason, created_at, line1, line2, postal_code,
  city, region, country)
SELECT md5('c' || %(seed)s || n)::uuid, %(org)s, 'Customer ' || n, 'C' || %(seed)s || n, '', '',
  '', '{}', '', false, false, '', now(), '', '', '', '', '', ''
FROM generate_series(1, %(customers)s) n;
INSERT INTO ledger_contact (id, organization_id, customer_id, name, email, phone, time_zone,
  receives_invoices, billing, email_blocked, sms_blocked, created_at, line1, line2, postal_code,
  city, region, country)
SELECT md5('k' || %(seed)s || n)::uuid, %(org)s, md5('c' || %(seed)s || n)::uuid, 'Ada Park',
  'ada' || n || '@customer.example', '', '', true, true, '', '', now(), '', '', '', '', '', ''
FROM generate_series(1, %(customers)s) n;
INSERT INTO ledger_invoice (id, organization_id, number, customer_id, currency, total_minor,
  applied_minor, invoice_date, due_date, due_rule, engagement, purchase_order, note, autopay,
  created_at, issued_at, close_reason, close_note, version, chase_version)
SELECT md5('i' || %(seed)s || n)::uuid, %(org)s, 'B' || %(seed)s || n,
  md5('c' || %(seed)s || (1 + n %% %(customers)s))::uuid, 'EUR', 1000 + (n * 7919) %% 900000, 0,
  current_date - 40 - n %% 60, current_date - 30 + n %% 60, '{}', '', '', '', false, now(), now(),
  '', '', 1, 1
FROM generate_series(1, %(count)s) n;
"""


def make_invoices(
    cursor: Any, *, organization_id: Any, count: int, customers: int, seed: str = "a"
) -> None:
    """Insert customers with one contact each and open invoices, in the present scope."""
    cursor.execute(
        _INVOICES,
        {"org": organization_id, "count": count, "customers": customers, "seed": seed},
    )


def prove(name: str, *, durable: bool = True) -> None:
    """Run bench/proving/NAME in its full size, keep its figures; exit 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog=f"bench.{name}")
    parser.add_argument("--small", action="store_true", help="in the size of the tests")
    size = getattr(SMALL if parser.parse_args().small else FULL, name)
    with fresh_database(durable=durable):
        figures: dict[str, Any] = import_module(f"bench.proving.{name}").run(size=size)
    write(name if size is getattr(FULL, name) else f"{name}-small", figures)
    sys.exit(1 if any(figures["violations"].values()) else 0)


def postgres_cpu(home: Path) -> float:
    """Add up the seconds of processor time of a fresh database's server and all its children."""
    main = int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile; what it used is counted at its parent
            continue
        if main in (int(path.parent.name), int(fields[1])):
            ticks += sum(map(int, fields[11:15]))  # own and ended children's, user and system
    return ticks / os.sysconf("SC_CLK_TCK")


def write(name: str, figures: dict[str, Any]) -> None:
    """Keep figures as JSON beside the measurement and print them."""
    RESULTS.mkdir(exist_ok=True)
    figures = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), **figures}
    text = json.dumps(figures, indent=2, default=str)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    print(text)
