"""Lets the system role work on every table of this database; it must be chosen explicitly."""

GRANTS = """
DO $$ DECLARE s text := current_user || '_system'; BEGIN
 IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = s) THEN
  RAISE EXCEPTION 'the role % is missing; see docs/how-to/own-postgresql.md', s;
 END IF;
 EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', s);
 EXECUTE format('ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', s);
 EXECUTE format('ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO %I', s);
 EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', s);
 EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO %I', s);
END $$;
"""
