"""Gives committed events their positions, so that a reader by position misses none.

A number taken while inserting could be committed after a higher one that a reader has already
passed. So events are inserted without a position, and one publisher per database numbers those
that are committed; the lock is freed by its own commit, so batches become visible in order
(docs/decisions/0003).
"""

from django.db import connection, transaction

from dunwell.tenancy.scope import system_scope

CHANNEL = "dunwell_events"
"""What readers LISTEN to; the payload is the highest position of the batch."""

_LOCK = 0x6576656E7473  # "events"

_NUMBER = """
with waiting as (
    select id from tenancy_event where position is null order by id limit %s
), numbered as (
    select id, nextval('tenancy_event_position') as position from waiting
), done as (
    update tenancy_event set position = numbered.position
    from numbered where tenancy_event.id = numbered.id
    returning tenancy_event.position
)
select count(*), max(position) from done
"""


def publish(*, limit: int = 5000) -> int:
    """Number at most `limit` committed events in order of their ids; return how many.

    Tells listeners once per batch. Returns 0 while another process publishes. Must not run
    inside a transaction: its commit is what makes the positions true.
    """
    with (
        system_scope("number the events of all organizations"),
        transaction.atomic(durable=True),
        connection.cursor() as cursor,
    ):
        # In a statement of its own: the next one then sees all that was committed before.
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_NUMBER, [limit])
        count, highest = cursor.fetchone()
        if count:
            cursor.execute("select pg_notify(%s, %s)", [CHANNEL, str(highest)])
    return int(count)


def publish_all(*, limit: int = 5000) -> int:
    """Number everything that waits, batch by batch; return how many."""
    total = 0
    while True:
        count = publish(limit=limit)
        total += count
        if count < limit:
            return total
