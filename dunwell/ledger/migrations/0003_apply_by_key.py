"""Adds applications up row by row, each by its key (docs/decisions/0005).

A session keeps the plan of a trigger's statement. One made while the tables were small read all
payments of the organization for each application, for as long as the session lived.
"""

from django.db import migrations

SQL = """
CREATE OR REPLACE FUNCTION dunwell_apply() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  a record;
BEGIN
  FOR a IN SELECT DISTINCT organization_id, invoice_id, payment_id, credit_note_id FROM added LOOP
    IF EXISTS (
      SELECT FROM ledger_invoice i, LATERAL (
        SELECT p.customer_id, p.currency FROM ledger_payment p
        WHERE p.organization_id = a.organization_id AND p.id = a.payment_id
        UNION ALL
        SELECT c.customer_id, c.currency FROM ledger_creditnote c
        WHERE c.organization_id = a.organization_id AND c.id = a.credit_note_id
      ) origin
      WHERE i.organization_id = a.organization_id AND i.id = a.invoice_id
        AND (i.currency <> origin.currency OR i.customer_id <> origin.customer_id)
    ) THEN
      RAISE EXCEPTION 'an application keeps to one customer and one currency'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'application_one_account';
    END IF;
  END LOOP;
  FOR a IN SELECT organization_id, invoice_id AS id, sum(amount_minor) AS amount
           FROM added GROUP BY 1, 2 ORDER BY 2 LOOP
    UPDATE ledger_invoice i SET applied_minor = i.applied_minor + a.amount
    WHERE i.organization_id = a.organization_id AND i.id = a.id;
  END LOOP;
  FOR a IN SELECT organization_id, payment_id AS id, sum(amount_minor) AS amount
           FROM added WHERE payment_id IS NOT NULL GROUP BY 1, 2 ORDER BY 2 LOOP
    UPDATE ledger_payment p SET applied_minor = p.applied_minor + a.amount
    WHERE p.organization_id = a.organization_id AND p.id = a.id;
  END LOOP;
  FOR a IN SELECT organization_id, credit_note_id AS id, sum(amount_minor) AS amount
           FROM added WHERE credit_note_id IS NOT NULL GROUP BY 1, 2 ORDER BY 2 LOOP
    UPDATE ledger_creditnote c SET applied_minor = c.applied_minor + a.amount
    WHERE c.organization_id = a.organization_id AND c.id = a.id;
  END LOOP;
  RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    """See the module's first lines."""

    dependencies = [("ledger", "0002_balances")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
