"""The reference from deliveries to planned sends, and the epoch that a crash of PostgreSQL ends."""

from django.db import migrations

SQL = """
CREATE UNIQUE INDEX IF NOT EXISTS chasing_plannedsend_tenant_key
  ON chasing_plannedsend (organization_id, id);
ALTER TABLE inbox_delivery ADD CONSTRAINT inbox_delivery_planned_send_id_tenant
  FOREIGN KEY (organization_id, planned_send_id)
  REFERENCES chasing_plannedsend (organization_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE inbox_delivery ADD CONSTRAINT inbox_delivery_batch
  FOREIGN KEY (batch_id) REFERENCES chasing_batch (id) DEFERRABLE INITIALLY DEFERRED;
-- Crash recovery empties an unlogged table: a changed epoch tells that asynchronous commits may be
-- lost (docs/decisions/0004).
CREATE UNLOGGED TABLE chasing_epoch (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  epoch uuid NOT NULL
);
CREATE SEQUENCE chasing_worker_number;
DO $$ BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON chasing_epoch TO %I', current_user || '_system');
  EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE chasing_worker_number TO %I',
                 current_user || '_system');
END $$;
ALTER TABLE chasing_batch SET (fillfactor = 50);
ALTER TABLE chasing_plannedsend SET (fillfactor = 80);
ALTER TABLE inbox_delivery SET (fillfactor = 70);
"""


class Migration(migrations.Migration):
    """See the module's first line."""

    dependencies = [("chasing", "0001_initial"), ("inbox", "0001_initial")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
