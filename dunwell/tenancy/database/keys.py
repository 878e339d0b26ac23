"""References between organization-owned tables."""

from typing import Any

from django.db import models


class TenantKey(models.ForeignKey[Any, Any]):
    """A reference to another organization-owned table.

    Our schema editor adds the composite constraint (organization_id, this) in the database, because
    a plain foreign-key check would bypass row-level security. No index by itself: the models name
    the ones that are needed, which begin with the organization.
    """

    def __init__(self, to: Any, on_delete: Any = models.CASCADE, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        """Leave the fixed option out of migrations."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        if "db_index" not in kwargs:
            kwargs["db_index"] = True
        elif not kwargs["db_index"]:
            del kwargs["db_index"]
        return name, path, args, kwargs
