"""Keeps the roll-up of open invoices: each statement on invoices adds what it changed.

Rows are only added, never updated: a shared row per day would make payments wait for each other
and deadlock. Updates that leave due date, currency and balance alone add nothing.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION overview_open_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO overview_opensum (id, organization_id, due_date, currency, count, minor)
    SELECT uuidv7(), organization_id, due_date, currency, count(*), sum(balance_minor)
    FROM fresh
    WHERE issued_at IS NOT NULL AND closed_at IS NULL AND balance_minor > 0
    GROUP BY organization_id, due_date, currency;
  RETURN NULL;
END $$;

CREATE FUNCTION overview_open_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO overview_opensum (id, organization_id, due_date, currency, count, minor)
    SELECT uuidv7(), organization_id, due_date, currency, -count(*), -sum(balance_minor)
    FROM stale
    WHERE issued_at IS NOT NULL AND closed_at IS NULL AND balance_minor > 0
    GROUP BY organization_id, due_date, currency;
  RETURN NULL;
END $$;

CREATE FUNCTION overview_open_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO overview_opensum (id, organization_id, due_date, currency, count, minor)
    SELECT uuidv7(), organization_id, due_date, currency, sum(count), sum(minor)
    FROM (
      SELECT organization_id, due_date, currency, 1 AS count, balance_minor AS minor FROM fresh
      WHERE issued_at IS NOT NULL AND closed_at IS NULL AND balance_minor > 0
      UNION ALL
      SELECT organization_id, due_date, currency, -1, -balance_minor FROM stale
      WHERE issued_at IS NOT NULL AND closed_at IS NULL AND balance_minor > 0
    ) changed
    GROUP BY organization_id, due_date, currency
    HAVING sum(count) <> 0 OR sum(minor) <> 0;
  RETURN NULL;
END $$;

CREATE TRIGGER open_sums_insert AFTER INSERT ON ledger_invoice REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION overview_open_added();
CREATE TRIGGER open_sums_delete AFTER DELETE ON ledger_invoice REFERENCING OLD TABLE AS stale
  FOR EACH STATEMENT EXECUTE FUNCTION overview_open_removed();
CREATE TRIGGER open_sums_update AFTER UPDATE ON ledger_invoice
  REFERENCING OLD TABLE AS stale NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION overview_open_changed();
"""


class Migration(migrations.Migration):
    """See the module's first lines."""

    dependencies = [("overview", "0002_search")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
