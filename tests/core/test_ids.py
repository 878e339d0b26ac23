import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from dunwell.core.ids import uuid7, uuid7_at


def test_an_id_is_a_version_7_uuid_that_survives_as_text() -> None:
    made = uuid7()
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert uuid.UUID(str(made)) == made
    assert made.is_safe is uuid.SafeUUID.unknown


def test_ids_of_one_process_only_grow() -> None:
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_threads_never_make_the_same_id() -> None:
    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda _: [uuid7() for _ in range(5_000)], range(4)))
    made = [one for batch in batches for one in batch]
    assert len(set(made)) == len(made)
    assert all(batch == sorted(batch) for batch in batches)


def test_an_id_carries_the_present_millisecond() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    carried = datetime.fromtimestamp((uuid7().int >> 80) / 1000, UTC)
    assert before <= carried <= datetime.now(UTC) + timedelta(seconds=1)


def test_an_id_made_for_an_instant_sorts_there() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    ids = [uuid7_at(noon + timedelta(milliseconds=n)) for n in (0, 1, 2)]
    assert ids == sorted(ids)
    assert ids[0].int >> 80 == int(noon.timestamp() * 1000)
    assert ids[0].version == 7
