"""Holds balance = total − Σ applied in the database itself (docs/decisions/0005).

Applications only grow. Each insert adds itself up on its invoice, payment and credit note in the
same statement, in id order; whoever inserts has locked the invoices first.
"""

from django.db import migrations

SQL = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_application
  FOR EACH ROW EXECUTE FUNCTION dunwell_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_paymentreversal
  FOR EACH ROW EXECUTE FUNCTION dunwell_append_only();

CREATE FUNCTION dunwell_apply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM added a
    JOIN ledger_invoice i ON i.organization_id = a.organization_id AND i.id = a.invoice_id
    LEFT JOIN ledger_payment p ON p.organization_id = a.organization_id AND p.id = a.payment_id
    LEFT JOIN ledger_creditnote c
      ON c.organization_id = a.organization_id AND c.id = a.credit_note_id
    WHERE i.currency <> coalesce(p.currency, c.currency)
       OR i.customer_id <> coalesce(p.customer_id, c.customer_id)
  ) THEN
    RAISE EXCEPTION 'an application keeps to one customer and one currency'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'application_one_account';
  END IF;
  UPDATE ledger_invoice i SET applied_minor = i.applied_minor + s.amount
    FROM (SELECT organization_id, invoice_id, sum(amount_minor) AS amount
          FROM added GROUP BY 1, 2) s
    WHERE i.organization_id = s.organization_id AND i.id = s.invoice_id;
  UPDATE ledger_payment p SET applied_minor = p.applied_minor + s.amount
    FROM (SELECT organization_id, payment_id, sum(amount_minor) AS amount
          FROM added WHERE payment_id IS NOT NULL GROUP BY 1, 2) s
    WHERE p.organization_id = s.organization_id AND p.id = s.payment_id;
  UPDATE ledger_creditnote c SET applied_minor = c.applied_minor + s.amount
    FROM (SELECT organization_id, credit_note_id, sum(amount_minor) AS amount
          FROM added WHERE credit_note_id IS NOT NULL GROUP BY 1, 2) s
    WHERE c.organization_id = s.organization_id AND c.id = s.credit_note_id;
  RETURN NULL;
END $$;
CREATE TRIGGER apply AFTER INSERT ON ledger_application REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION dunwell_apply();

CREATE FUNCTION dunwell_not_by_hand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() < 2 THEN
    RAISE EXCEPTION 'applied amounts change only through applications'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER applied_not_by_hand BEFORE UPDATE ON ledger_invoice FOR EACH ROW
  WHEN (OLD.applied_minor IS DISTINCT FROM NEW.applied_minor)
  EXECUTE FUNCTION dunwell_not_by_hand();
CREATE TRIGGER applied_not_by_hand BEFORE UPDATE ON ledger_payment FOR EACH ROW
  WHEN (OLD.applied_minor IS DISTINCT FROM NEW.applied_minor)
  EXECUTE FUNCTION dunwell_not_by_hand();
CREATE TRIGGER applied_not_by_hand BEFORE UPDATE ON ledger_creditnote FOR EACH ROW
  WHEN (OLD.applied_minor IS DISTINCT FROM NEW.applied_minor)
  EXECUTE FUNCTION dunwell_not_by_hand();
CREATE FUNCTION dunwell_starts_unapplied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'applied amounts change only through applications'
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER starts_unapplied BEFORE INSERT ON ledger_invoice FOR EACH ROW
  WHEN (NEW.applied_minor <> 0) EXECUTE FUNCTION dunwell_starts_unapplied();
CREATE TRIGGER starts_unapplied BEFORE INSERT ON ledger_payment FOR EACH ROW
  WHEN (NEW.applied_minor <> 0) EXECUTE FUNCTION dunwell_starts_unapplied();
CREATE TRIGGER starts_unapplied BEFORE INSERT ON ledger_creditnote FOR EACH ROW
  WHEN (NEW.applied_minor <> 0) EXECUTE FUNCTION dunwell_starts_unapplied();
"""


class Migration(migrations.Migration):
    """See the module's first lines."""

    dependencies = [("ledger", "0001_initial"), ("tenancy", "0002_rules")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
