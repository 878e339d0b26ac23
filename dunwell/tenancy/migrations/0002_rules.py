"""Rules the database holds: an organization sees only itself; the logs only grow."""

from django.db import migrations

ORGANIZATION = """
ALTER TABLE tenancy_organization ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tenancy_organization
  USING (id = nullif(current_setting('dunwell.organization', true), '')::uuid);
DO $$ BEGIN
  EXECUTE format('CREATE POLICY system ON tenancy_organization TO %I USING (true)',
                 current_user || '_system');
END $$;
"""

APPEND_ONLY = """
CREATE FUNCTION dunwell_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tenancy_auditentry
  FOR EACH ROW EXECUTE FUNCTION dunwell_append_only();
CREATE TRIGGER append_only BEFORE DELETE ON tenancy_event
  FOR EACH ROW EXECUTE FUNCTION dunwell_append_only();
CREATE TRIGGER numbered_once BEFORE UPDATE ON tenancy_event
  FOR EACH ROW WHEN (
    OLD.position IS NOT NULL
    OR (OLD.id, OLD.organization_id, OLD.kind, OLD.at, OLD.data, OLD.customer_id, OLD.invoice_id)
       IS DISTINCT FROM
       (NEW.id, NEW.organization_id, NEW.kind, NEW.at, NEW.data, NEW.customer_id, NEW.invoice_id)
  ) EXECUTE FUNCTION dunwell_append_only();
CREATE SEQUENCE tenancy_event_position;
DO $$ BEGIN
  EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE tenancy_event_position TO %I',
                 current_user || '_system');
END $$;
"""


class Migration(migrations.Migration):
    """See the module's first line."""

    dependencies = [("tenancy", "0001_initial")]
    operations = [
        migrations.RunSQL(ORGANIZATION, migrations.RunSQL.noop),
        migrations.RunSQL(APPEND_ONLY, migrations.RunSQL.noop),
    ]
