"""The sender's own connection: system role, a worker number that proves it alive, and the epoch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection as django_connection

# The first key of the two-key advisory locks that senders hold; the second is their number.
LOCK_SPACE = 0x0D0E11


class Link:
    """One direct connection to the database in the system role.

    `number` is locked for as long as the connection lives: when its process dies, PostgreSQL frees
    the lock, and whoever sweeps knows without any time-out. `epoch` changes when PostgreSQL itself
    crashed, because crash recovery empties the unlogged table that holds it.
    """

    def __init__(self) -> None:
        parameters = django_connection.get_connection_params()
        for name in (
            "cursor_factory",
            "context",
            "prepare_threshold",
            "pool",
            "server_side_binding",
        ):
            parameters.pop(name, None)
        self.raw: psycopg.Connection[Any] = psycopg.connect(
            **parameters,
            autocommit=True,
            keepalives=1,
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
            application_name="dunwell sender",
        )
        self.raw.prepare_threshold = 1
        self.raw.execute("SET TIME ZONE 'UTC'")
        self.raw.execute("SET synchronous_commit = off")
        self.raw.execute("SET lock_timeout = '30s'")
        self.raw.execute(
            psycopg.sql.SQL("SET ROLE {}").format(
                psycopg.sql.Identifier(django_connection.system_role)  # type: ignore[attr-defined]  # our backend
            )
        )
        self.number: int = self._one("SELECT nextval('chasing_worker_number')")
        self.raw.execute("SELECT pg_advisory_lock(%s, %s::int)", [LOCK_SPACE, self.number % 2**31])
        self.raw.execute(
            "INSERT INTO chasing_epoch (epoch) VALUES (gen_random_uuid()) ON CONFLICT DO NOTHING"
        )
        self.epoch: UUID = self._one("SELECT epoch FROM chasing_epoch")

    def _one(self, sql: str) -> Any:
        row = self.raw.execute(sql).fetchone()
        if row is None:
            raise psycopg.OperationalError(f"no answer to: {sql}")
        return row[0]

    @contextmanager
    def durable(self) -> Iterator[psycopg.Cursor[Any]]:
        """Run one transaction whose commit is on disk when this returns."""
        with self.raw.transaction(), self.raw.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = on")
            yield cursor

    def close(self) -> None:
        """Close the connection, which frees the worker number."""
        self.raw.close()
