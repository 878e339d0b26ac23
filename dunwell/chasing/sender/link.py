"""The sender's own connection: system role, a worker number that proves it alive, and the epoch."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection as django_connection
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from dunwell.tenancy.database.rows import uuids

# Prepared once, since they run for every message. The check sees the cursor that was just moved, so
# a batch that somebody swept meanwhile answers no row.
_PREPARE = """
PREPARE dunwell_move (int, uuid) AS UPDATE chasing_batch SET cursor = $1 WHERE id = $2;
PREPARE dunwell_note (int, uuid, jsonb) AS
  UPDATE chasing_batch SET cursor = $1, endings = endings || $3 WHERE id = $2;
PREPARE dunwell_check (uuid, uuid, uuid, int) AS
  SELECT balance_minor, chase_version FROM ledger_invoice
  WHERE organization_id = $1 AND id = $2
    AND EXISTS (SELECT FROM chasing_batch WHERE chasing_batch.id = $3 AND cursor = $4)
  FOR SHARE SKIP LOCKED;
PREPARE dunwell_check_waiting (uuid, uuid, uuid, int) AS
  SELECT balance_minor, chase_version FROM ledger_invoice
  WHERE organization_id = $1 AND id = $2
    AND EXISTS (SELECT FROM chasing_batch WHERE chasing_batch.id = $3 AND cursor = $4)
  FOR SHARE;
PREPARE dunwell_check_all (uuid, uuid[], uuid, int) AS
  SELECT balance_minor, chase_version, id FROM ledger_invoice
  WHERE organization_id = $1 AND id = ANY($2)
    AND EXISTS (SELECT FROM chasing_batch WHERE chasing_batch.id = $3 AND cursor = $4)
  ORDER BY id FOR SHARE SKIP LOCKED;
PREPARE dunwell_check_all_waiting (uuid, uuid[], uuid, int) AS
  SELECT balance_minor, chase_version, id FROM ledger_invoice
  WHERE organization_id = $1 AND id = ANY($2)
    AND EXISTS (SELECT FROM chasing_batch WHERE chasing_batch.id = $3 AND cursor = $4)
  ORDER BY id FOR SHARE
"""

# Every statement of a sender finds the rows of one batch by their keys; nothing else is worth a
# plan, whatever the statistics say of tables that were empty a minute ago.
_SETTINGS = """
SET TIME ZONE 'UTC';
SET synchronous_commit = off;
SET lock_timeout = '30s';
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET jit = off
"""

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
        self.raw.execute(_SETTINGS)
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

        self.raw.execute(_PREPARE)
        self._claims = 0

    def ask(
        self,
        *,
        batch_id: UUID,
        ordinal: int,
        endings: dict[int, str],
        organization_id: UUID,
        invoice_id: UUID,
        wait: bool,
    ) -> None:
        """Mark that a hand-over begins, free the last invoice, lock and read this one.

        Sends the question and returns; `answer` waits for it. One round trip of one text: ids,
        numbers and state words only, so nothing needs quoting.
        """
        check = "dunwell_check_waiting" if wait else "dunwell_check"
        arguments = f"('{organization_id}','{invoice_id}','{batch_id}',{ordinal})"
        self._send(batch_id, ordinal, endings, check + arguments)

    def ask_all(
        self,
        *,
        batch_id: UUID,
        ordinal: int,
        endings: dict[int, str],
        organization_id: UUID,
        invoice_ids: Iterable[UUID],
        wait: bool,
    ) -> None:
        """Ask like `ask`, for all invoices that a message about an account names."""
        check = "dunwell_check_all_waiting" if wait else "dunwell_check_all"
        ids = uuids(invoice_ids)
        arguments = f"('{organization_id}','{ids}','{batch_id}',{ordinal})"
        self._send(batch_id, ordinal, endings, check + arguments)

    def _send(self, batch_id: UUID, ordinal: int, endings: dict[int, str], check: str) -> None:
        move = f"dunwell_move({ordinal},'{batch_id}')"
        if endings:
            move = f"dunwell_note({ordinal},'{batch_id}','{json.dumps(endings)}')"
        self.raw.pgconn.send_query(f"EXECUTE {move};COMMIT AND CHAIN;EXECUTE {check}".encode())

    def answer_all(self) -> dict[UUID, tuple[int, int]]:
        """Return balance and chase_version of the invoices asked for that are not locked."""
        last = self._last()
        if last is None:
            return {}
        return {
            UUID((last.get_value(row, 2) or b"").decode()): (
                int(last.get_value(row, 0) or b""),
                int(last.get_value(row, 1) or b""),
            )
            for row in range(last.ntuples)
        }

    def answer(self) -> tuple[int, int] | None:
        """Return the balance (minor units) and chase_version of the invoice that was asked for.

        None if it is locked (and we did not `wait`) or the batch is no longer ours.
        """
        last = self._last()
        if last is None or not last.ntuples:
            return None
        return int(last.get_value(0, 0) or b""), int(last.get_value(0, 1) or b"")

    def _last(self) -> PGresult | None:
        """Wait for the answer and return its last result."""
        last = None
        while (result := self.raw.pgconn.get_result()) is not None:
            if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
                self._drain()
                raise error_from_result(result)
            last = result
        return last

    def _drain(self) -> None:
        """Read what is left of an answer that went wrong, so that the connection can be used."""
        while self.raw.pgconn.get_result() is not None:
            continue

    def _one(self, sql: str) -> Any:
        row = self.raw.execute(sql).fetchone()
        if row is None:
            raise psycopg.OperationalError(f"no answer to: {sql}")
        return row[0]

    @contextmanager
    def durable(self) -> Iterator[psycopg.Cursor[Any]]:
        """Run one transaction whose commit is on disk when this returns."""
        with self.raw.transaction(), self.raw.cursor(binary=True) as cursor:
            cursor.execute("SET LOCAL synchronous_commit = on")
            yield cursor

    def plan_again(self) -> None:
        """Forget plans at the first, second, fourth, eighth … claim: the tables have grown since.

        In an empty table all indexes look alike, and a plan made then would read every row of an
        organization for each invoice of a batch.
        """
        self._claims += 1
        if self._claims & (self._claims - 1) == 0:
            self.raw.execute("DISCARD PLANS", prepare=False)

    def close(self) -> None:
        """Close the connection, which frees the worker number."""
        self.raw.close()
