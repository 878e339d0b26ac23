"""Text search that may use its indexes under row-level security (docs/decisions/0006).

LIKE is not leakproof: under a policy PostgreSQL must look at every row of the organization. These
functions run as the system role and compare the organization's setting themselves; they give ids
only. The indexes carry the organization first, so other organizations' rows are not read.
"""

from django.db import migrations

SQL = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

CREATE INDEX invoice_text ON ledger_invoice
  USING gin (organization_id, (number || ' ' || purchase_order || ' ' || engagement) gin_trgm_ops);
CREATE INDEX customer_text ON ledger_customer
  USING gin (organization_id, (name || ' ' || coalesce(external_id, '')) gin_trgm_ops);

CREATE FUNCTION search_pattern(wanted text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT '%' || regexp_replace(wanted, '([\\\\%_])', '\\\\\\1', 'g') || '%'
$$;

CREATE FUNCTION search_customers(wanted text, most integer) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  pattern text := public.search_pattern(wanted);
  mine uuid := nullif(current_setting('dunwell.organization', true), '')::uuid;
BEGIN
  RETURN QUERY SELECT id FROM public.ledger_customer
    WHERE organization_id = mine AND name || ' ' || coalesce(external_id, '') ILIKE pattern
    LIMIT most;
END $$;

CREATE FUNCTION search_invoices(wanted text, most integer) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  pattern text := public.search_pattern(wanted);
  mine uuid := nullif(current_setting('dunwell.organization', true), '')::uuid;
  owing uuid[] := array(SELECT * FROM public.search_customers(wanted, most));
BEGIN
  RETURN QUERY
    (SELECT id FROM public.ledger_invoice
      WHERE organization_id = mine
        AND number || ' ' || purchase_order || ' ' || engagement ILIKE pattern
      LIMIT most)
    UNION
    (SELECT id FROM public.ledger_invoice
      WHERE organization_id = mine AND customer_id = ANY (owing)
      LIMIT most)
    LIMIT most;
END $$;

DO $$ DECLARE s text := current_user || '_system'; f text; BEGIN
  EXECUTE format('GRANT CREATE ON SCHEMA public TO %I', s);
  FOREACH f IN ARRAY ARRAY['search_customers', 'search_invoices'] LOOP
    EXECUTE format('ALTER FUNCTION %I(text, integer) OWNER TO %I', f, s);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %I(text, integer) TO %I', f, session_user);
  END LOOP;
  EXECUTE format('REVOKE CREATE ON SCHEMA public FROM %I', s);
END $$;
"""


class Migration(migrations.Migration):
    """See the module's first lines."""

    dependencies = [("overview", "0001_initial"), ("ledger", "0002_balances")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
