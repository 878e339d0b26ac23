"""How long the board and the lists take in the server at 100,000 open invoices.

    .venv/bin/python bench/pages.py [--invoices 100000] [--keep]

Builds one organization in a database that is thrown away, asks each page through Django's whole
stack as a signed-in member, and reads the Server-Timing header that the server itself writes.
Writes bench/results/pages.json.
"""
# the SQL is as wide as its tables; Django is imported once set up

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from dunwell.providers import postgres_embedded  # noqa: E402

NOW = datetime(2026, 4, 21, 7, 0, tzinfo=UTC)
GOAL_MS = 50

FILL = """
INSERT INTO ledger_customer (id, organization_id, name, external_id, language, currency, tax_id, tags, notes, autopay,
    do_not_chase, do_not_chase_reason, created_at, line1, line2, postal_code, city, region, country)
  SELECT gen_random_uuid(), %(org)s, (array['Wide World Importers','Proseware','Fabrikam','Contoso','Tailspin Toys',
      'Lucerne Publishing','Adventure Works','Trey Research'])[1 + n %% 8] || ' ' || n, 'C' || lpad(n::text, 6, '0'), '', '', '',
    CASE WHEN n %% 10 = 0 THEN '{key account}'::text[] ELSE '{}' END, '', false, false, '', %(now)s, '', '', '', '', '', ''
  FROM generate_series(1, %(customers)s) n;
INSERT INTO ledger_contact (id, organization_id, customer_id, name, email, phone, time_zone, receives_invoices, billing,
    email_blocked, sms_blocked, created_at, line1, line2, postal_code, city, region, country)
  SELECT gen_random_uuid(), %(org)s, id, 'Jo Park', 'ap@' || external_id || '.example', '', '', true, true, '', '', %(now)s,
    '', '', '', '', '', '' FROM ledger_customer WHERE organization_id = %(org)s;
CREATE TEMPORARY TABLE numbered AS
  SELECT id, row_number() OVER (ORDER BY external_id) AS k FROM ledger_customer WHERE organization_id = %(org)s;
INSERT INTO ledger_invoice (id, organization_id, number, customer_id, currency, total_minor, applied_minor, invoice_date,
    due_date, due_rule, engagement, purchase_order, note, created_at, issued_at, close_reason, close_note, version, chase_version, autopay)
  SELECT gen_random_uuid(), %(org)s, 'INV-' || lpad(n::text, 6, '0'), c.id, CASE WHEN n %% 7 = 0 THEN 'USD' ELSE 'EUR' END,
    1000 + (n * 7919::bigint) %% 2500000, 0, %(today)s::date - 30 - n %% 120, %(today)s::date + 30 - n %% 120, '{}',
    (array['','Retainer','Milestone','Project'])[1 + n %% 4], CASE WHEN n %% 3 = 0 THEN 'PO-' || n ELSE '' END, '',
    %(now)s::timestamptz - make_interval(days => n %% 120), %(now)s::timestamptz - make_interval(days => n %% 120), '', '', 1, 1, false
  FROM generate_series(1, %(invoices)s) n JOIN numbered c ON c.k = 1 + n %% %(customers)s;
INSERT INTO ledger_activity (id, organization_id, customer_id, invoice_id, kind, counts, at, by, channel, outcome, text, data)
  SELECT gen_random_uuid(), organization_id, customer_id, id, 'message', true,
    %(now)s::timestamptz - make_interval(days => 2 + hashtext(number) & 15 + 9 * k), 'Dunwell', 'email', 'sent', '', '{}'
  FROM ledger_invoice, generate_series(0, 2) k WHERE organization_id = %(org)s;
INSERT INTO chasing_cadence (id, organization_id, name, key, "default", steps, created_at, updated_at)
  VALUES (gen_random_uuid(), %(org)s, 'Standard', 'standard', true, %(steps)s, %(now)s, %(now)s);
INSERT INTO chasing_schedule (id, organization_id, invoice_id, cadence_id, steps, next_key, enabled, contacts, first_set_on)
  SELECT gen_random_uuid(), i.organization_id, i.id, c.id, c.steps, 9, true, '{}', %(today)s
  FROM ledger_invoice i JOIN chasing_cadence c USING (organization_id) WHERE i.organization_id = %(org)s;
INSERT INTO chasing_firstsend (id, organization_id, invoice_id, at, how)
  SELECT gen_random_uuid(), organization_id, id, %(now)s, 'sent' FROM ledger_invoice WHERE organization_id = %(org)s;
INSERT INTO chasing_plannedsend (id, organization_id, invoice_id, kind, step_key, occurrence, trigger, hour, day, at, channels,
    contact_roles, template, state, reason, detail, by, changed_at, put_backs, live)
  SELECT gen_random_uuid(), organization_id, id, 'step', 3 + k, 0, '{"type": "after_due", "days": 3}', 9,
    %(today)s::date + 12 * k + (hashtext(number) & 15) - 8,
    %(now)s::timestamptz + make_interval(days => 12 * k + (hashtext(number) & 15) - 8, hours => hashtext(number) & 3),
    CASE WHEN hashtext(number) & 7 = 0 THEN '{email,letter}'::varchar[] ELSE '{email}' END, '{}', '',
    CASE WHEN 12 * k + (hashtext(number) & 15) - 8 >= 0 THEN 'planned' WHEN k = -1 AND hashtext(number) %% 400 = 0 THEN 'failed'
      WHEN hashtext(number) & 31 = 1 THEN 'skipped' ELSE 'sent' END,
    CASE WHEN 12 * k + (hashtext(number) & 15) - 8 >= 0 THEN '' WHEN k = -1 AND hashtext(number) %% 400 = 0 THEN 'no_email_address'
      WHEN hashtext(number) & 31 = 1 THEN 'paused' ELSE '' END, '', '', %(now)s, 0, true
  FROM ledger_invoice, unnest(array[-2, -1, 0, 1, 2, 3, 4]) k WHERE organization_id = %(org)s;
INSERT INTO ledger_promise (id, organization_id, invoice_id, amount_minor, promised_on, grace_days, note, source, state, said_at, recorded_by)
  SELECT gen_random_uuid(), organization_id, id, total_minor, %(today)s::date + 3, 3, '', 'member', 'open', %(now)s, 'Kim'
  FROM ledger_invoice WHERE organization_id = %(org)s AND hashtext(number) %% 50 = 0;
"""

STEPS = [
    {"key": n + 1, "trigger": trigger, "hour": 9, "channels": ["email"], "contact_roles": [], "template": None}
    for n, trigger in enumerate([
        {"type": "on_issue"}, {"type": "before_due", "days": 7}, {"type": "after_due", "days": 3},
        {"type": "after_due", "days": 14}, {"type": "repeat", "days": 10, "times": 3},
    ])
]  # fmt: skip

PAGES = {
    "board": "/board/",
    "board, by due date": "/board/?sort=due_date",
    "board, by client": "/board/?sort=customer",
    "board, by last action": "/board/?sort=last_action",
    "board, one owner": "/board/?owner={owner}",
    "board, one customer": "/board/?customer={customer}",
    "board, text “Proseware 77”": "/board/?q=Proseware+77",
    "invoices": "/invoices/",
    "invoices, overdue by amount": "/invoices/?status=overdue&sort=-amount",
    "invoices, all by number": "/invoices/?status=all&sort=number",
    "invoices, by customer": "/invoices/?sort=customer",
    "invoices, by last action": "/invoices/?sort=last_action",
    "invoices, text “INV-0123”": "/invoices/?q=INV-0123",
    "invoices, no action since": "/invoices/?flag=no_action_since",
    "invoices, promise due (none)": "/invoices/?flag=promise_due",
    "customers": "/customers/",
    "customer": "/customers/{customer}/",
    "payments": "/payments/",
    "palette": "/search?q=0123",
    "chasing": "/chasing/",
    "chasing, one owner": "/chasing/?owner={owner}",
    "chasing, one cadence": "/chasing/?cadence={cadence}",
    "chasing, one customer": "/chasing/?customer={customer_name}",
    "chasing, by letter": "/chasing/?channel=letter",
    "chasing, calendar": "/chasing/calendar/",
    "chasing, calendar, one customer": "/chasing/calendar/?customer={customer_name}",
    "chasing, calendar, one owner": "/chasing/calendar/?owner={owner}",
    "chasing, a day": "/chasing/day/2026-04-24/",
    "chasing, a day, last page": "/chasing/day/2026-04-24/?page=9999",
    "chasing, failed": "/chasing/failed/",
    "chasing, on hold": "/chasing/held/",
    "cadence, effect on all": "/chasing/cadences/{cadence}/effect/",
    "cadence, statistics": "/chasing/statistics/",
}


def prepare(folder: Path) -> None:
    """Point Django at a database of our own and migrate it."""
    os.environ["DUNWELL_DATA"] = str(folder / "data")
    os.environ["DJANGO_SETTINGS_MODULE"] = "dunwell.config.settings"
    import django

    django.setup()
    import structlog
    from django.core.management import call_command

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    call_command("migrate", interactive=False, verbosity=0)


def fill(invoices: int, customers: int) -> tuple[object, dict[str, str]]:
    """Make an organization with open invoices; give its user and the ids used in addresses."""
    from django.db import connection
    from django.test import Client

    from dunwell.chasing.models import Cadence
    from dunwell.ledger.models import Customer
    from dunwell.tenancy.models import Member, Organization
    from dunwell.tenancy.operations.sandbox import create_sandbox
    from dunwell.tenancy.scope import organization_scope, system_scope

    made, _ = create_sandbox(
        slug="bench", time_zone="Europe/Berlin", currency="EUR", start=NOW, wall=NOW
    )
    with system_scope("fill the bench database"), connection.cursor() as cursor:
        cursor.execute(
            FILL,
            {"org": made.pk, "now": NOW, "today": NOW.date(), "invoices": invoices,
             "customers": customers, "steps": json.dumps(STEPS)},
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    with organization_scope(made):
        owner = Member.objects.get()
        assert Organization.objects.count() == 1
        customer = Customer.objects.order_by("name")[5]
        ids = {"owner": str(owner.pk), "customer": str(customer.pk), "customer_name": customer.name,
               "cadence": str(Cadence.objects.get().pk)}  # fmt: skip
        client = Client()
        user = owner.user
    client.force_login(user)
    return client, ids


def measure(client: object, address: str, times: int) -> dict[str, float]:
    """Ask one page several times; give the median and the slowest in ms, and its size."""
    spent = []
    for _ in range(times + 2):
        response = client.get(address)  # type: ignore[attr-defined]
        assert response.status_code == 200, (address, response.status_code)
        spent.append(float(response.headers["Server-Timing"].split("dur=")[1]))
    counted = spent[2:]  # the first two fill caches of templates and plans
    return {
        "fastest_ms": round(min(counted), 1),
        "median_ms": round(statistics.median(counted), 1),
        "slowest_ms": round(max(counted), 1),
        "kilobytes": round(len(response.content) / 1000, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--invoices", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=15)
    parser.add_argument("--only", default="", help="measure only pages whose name begins so")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dunwell-bench-"))
    folder.chmod(0o711)
    try:
        with postgres_embedded.attach(folder / "cluster", durable=False) as attached:
            os.environ["DUNWELL_DATABASE"] = attached.url
            prepare(folder)
            run(options)
            from django.db import connection

            connection.close()
            connection.close_pool()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(options: argparse.Namespace) -> None:
    client, ids = fill(options.invoices, max(10, options.invoices // 50))
    found = {}
    print(f"{'page':34} {'fastest ms':>11} {'median ms':>10} {'slowest ms':>11} {'kB':>7}")
    for name, address in PAGES.items():
        if name.startswith(options.only):
            found[name] = line = measure(client, address.format(**ids), options.times)
            print(
                f"{name:34} {line['fastest_ms']:11} {line['median_ms']:10} {line['slowest_ms']:11} {line['kilobytes']:7}"
            )
    if not options.only:
        report = {
            "open_invoices": options.invoices,
            "goal_ms": GOAL_MS,
            "python": platform.python_version(),
            "processors": os.cpu_count(),
            "pages": found,
        }
        target = ROOT / "bench" / "results" / "pages.json"
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
