"""Makes every organization-owned table safe when it is created, so that none can miss it."""

from typing import Any

from django.db import models
from django.db.backends.postgresql import schema

from dunwell.tenancy.database.keys import TenantKey

TENANT = "= nullif(current_setting('dunwell.organization', true), '')::uuid"


def _is_tenant(model: type[models.Model]) -> bool:
    return any(field.column == "organization_id" for field in model._meta.local_concrete_fields)


class SchemaEditor(schema.DatabaseSchemaEditor):
    """Adds forced row-level security and composite foreign keys to organization-owned tables.

    Foreign-key checks bypass row-level security, so a reference between two organization-owned
    tables carries the organization in its key.
    """

    def create_model(self, model: type[models.Model]) -> None:
        super().create_model(model)
        if _is_tenant(model):
            self._own(model)

    def add_field(self, model: type[models.Model], field: Any) -> None:
        super().add_field(model, field)
        if field.column == "organization_id":
            self._own(model)
        elif _is_tenant(model):
            self._reference(model, field)

    def _own(self, model: type[models.Model]) -> None:
        self.protect(model._meta.db_table, "organization_id")
        for field in model._meta.local_concrete_fields:
            self._reference(model, field)

    def protect(self, table: str, column: str) -> None:
        """Enable and force row-level security on a table, keyed by its organization column."""
        name, key = self.quote_name(table), self.quote_name(column)
        role = self.quote_name(f"{self.connection.settings_dict['USER']}_system")
        self.execute(
            f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY", None
        )
        self.execute(f"CREATE POLICY tenant ON {name} USING ({key} {TENANT})", None)
        self.execute(f"CREATE POLICY system ON {name} TO {role} USING (true)", None)

    def _reference(self, model: type[models.Model], field: Any) -> None:
        if not isinstance(field, TenantKey):
            return
        table, parent = model._meta.db_table, field.remote_field.model._meta.db_table
        quote = self.quote_name
        self.deferred_sql.append(
            f"CREATE UNIQUE INDEX IF NOT EXISTS {quote(parent + '_tenant_key')} "
            f"ON {quote(parent)} (organization_id, id)"
        )
        name = f"{table}_{field.column}_tenant"[:63]
        self.deferred_sql.append(
            f"ALTER TABLE {quote(table)} ADD CONSTRAINT {quote(name)} "
            f"FOREIGN KEY (organization_id, {quote(field.column)}) REFERENCES {quote(parent)} "
            f"(organization_id, id) DEFERRABLE INITIALLY DEFERRED"
        )
