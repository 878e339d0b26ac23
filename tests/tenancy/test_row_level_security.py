"""An organization sees only its own rows, whatever the code forgets."""

import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction
from django.db import connections as all_connections

from dunwell.tenancy.models import ApiToken, BankAccount, Member, Organization
from dunwell.tenancy.scope import ScopeError, organization_id, organization_scope, system_scope
from tests.tenancy.companies import company

pytestmark = pytest.mark.django_db(transaction=True)

type Two = tuple[Organization, Organization]


@pytest.fixture
def two() -> Two:
    """Make Acme with two bank accounts and Birch with three."""
    pair = company("Acme"), company("Birch")
    for organization, count in zip(pair, (2, 3), strict=True):
        with organization_scope(organization):
            BankAccount.objects.bulk_create(
                BankAccount(organization=organization, iban=str(n)) for n in range(count)
            )
    return pair


def seen() -> int:
    """Count without any filter, as code would that forgot it."""
    return BankAccount.objects.count()


class _AbandonedError(Exception):
    """Ends a block half-way."""


def test_a_query_that_forgets_its_filter_sees_only_its_own(two: Two) -> None:
    acme, birch = two
    with organization_scope(acme):
        assert seen() == 2
    with organization_scope(birch):
        assert seen() == 3


def test_without_a_scope_nothing_is_visible(two: Two) -> None:
    assert seen() == 0
    assert not Organization.objects.exists()
    assert BankAccount.objects.update(iban="x") == 0
    assert BankAccount.objects.all().delete()[0] == 0
    with system_scope("see what is left"):
        assert seen() == 5


def test_other_organizations_themselves_are_invisible(two: Two) -> None:
    acme, birch = two
    with organization_scope(acme):
        assert list(Organization.objects.all()) == [acme]
        assert Organization.objects.filter(pk=birch.pk).update(name="mine") == 0


def test_one_scope_cannot_be_entered_from_another(two: Two) -> None:
    acme, birch = two
    with organization_scope(acme), pytest.raises(ScopeError), organization_scope(birch):
        pytest.fail("a request never changes sides half-way")


def test_system_work_says_why() -> None:
    with pytest.raises(ScopeError), system_scope(""):
        pytest.fail("a reason is required")


def test_only_an_organizations_scope_names_one(two: Two) -> None:
    with pytest.raises(ScopeError):
        organization_id()
    with system_scope("test"), pytest.raises(ScopeError):
        organization_id()
    with organization_scope(two[0]):
        assert organization_id() == two[0].pk


def test_writing_into_another_organization_is_refused(two: Two) -> None:
    acme, birch = two
    with organization_scope(acme), pytest.raises(ProgrammingError, match="row-level security"):
        BankAccount.objects.create(organization=birch, iban="x")
    with organization_scope(acme), pytest.raises(ProgrammingError, match="row-level security"):
        BankAccount.objects.update(organization=birch)
    with pytest.raises(DatabaseError), transaction.atomic():
        BankAccount.objects.create(organization=acme, iban="no scope at all")


def test_a_reference_to_another_organizations_row_is_refused(two: Two) -> None:
    acme, birch = two
    assert birch.default_owner is not None
    with organization_scope(acme), pytest.raises(IntegrityError, match="tenant"):
        ApiToken.objects.create(
            organization=acme,
            name="thief",
            member_id=birch.default_owner.pk,
            secret_hash="0" * 64,
            created_at=acme.created_at,
        )


def test_a_foreign_primary_key_cannot_be_taken_over(two: Two) -> None:
    acme, birch = two
    with organization_scope(birch):
        theirs = BankAccount.objects.order_by("id")[0]
    with organization_scope(acme):
        with pytest.raises(ProgrammingError, match="row-level security"):
            BankAccount.objects.bulk_create(
                [BankAccount(pk=theirs.pk, organization=acme, iban="mine")],
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=["iban"],
            )
        assert BankAccount.objects.filter(pk=theirs.pk).delete()[0] == 0
    with organization_scope(birch):
        assert BankAccount.objects.get(pk=theirs.pk).iban == theirs.iban


@pytest.mark.parametrize("fails", [False, True], ids=["commit", "rollback"])
def test_after_a_transaction_the_scope_is_told_anew(two: Two, fails: bool) -> None:
    acme, birch = two
    with organization_scope(acme):
        assert seen() == 2
    with pytest.raises(_AbandonedError) if fails else nullcontext(), transaction.atomic():
        with organization_scope(birch):
            assert seen() == 3
        if fails:
            raise _AbandonedError
    assert seen() == 0
    with organization_scope(acme):
        assert seen() == 2


def test_scopes_may_change_inside_one_transaction(two: Two) -> None:
    acme, birch = two
    with transaction.atomic():
        with organization_scope(birch):
            assert seen() == 3
        assert seen() == 0
        with organization_scope(acme):
            assert seen() == 2
        with system_scope("test"):
            assert seen() == 5


def test_rolling_back_to_a_savepoint_does_not_bring_an_old_scope_back(two: Two) -> None:
    acme, birch = two
    with transaction.atomic():
        with organization_scope(birch):
            assert seen() == 3
            savepoint = transaction.savepoint_create()
        with organization_scope(acme):
            assert seen() == 2
            transaction.savepoint_rollback(savepoint)
            assert seen() == 2, "PostgreSQL went back to Birch, we must notice"


def test_an_error_inside_a_nested_block_keeps_the_organizations_apart(two: Two) -> None:
    acme, birch = two
    with transaction.atomic():
        with organization_scope(birch):
            assert seen() == 3
        with pytest.raises(IntegrityError):
            _join_twice(acme)
        assert seen() == 0
        with organization_scope(birch):
            assert seen() == 3
        with organization_scope(acme):
            assert seen() == 2


def _join_twice(organization: Organization) -> None:
    """Break a constraint in a transaction that is left outside of the scope."""
    with transaction.atomic(), organization_scope(organization):
        duplicate = Member.objects.get()
        duplicate.pk = uuid4()
        duplicate.save(force_insert=True)


def test_a_connection_goes_back_to_the_pool_without_a_scope(two: Two) -> None:
    with organization_scope(two[0]):
        assert seen() == 2
    with system_scope("test"):
        assert seen() == 5
    connection.close()
    pool = getattr(connection, "pool", None)
    if pool is None:
        pytest.skip("no pool is configured")
    raw = pool.getconn()
    try:
        found = raw.execute(
            "select current_user, current_setting('dunwell.organization', true)"
        ).fetchone()
        assert found in [("dunwell", ""), ("dunwell", None)]
    finally:
        pool.putconn(raw)


def test_threads_never_see_one_anothers_organization(two: Two) -> None:
    acme, birch = two
    wrong: list[tuple[int, int]] = []

    def one_look(turn: int) -> tuple[int, int]:
        organization, expected = ((acme, 2), (birch, 3), (None, 0))[turn % 3]
        if organization is None:
            return seen(), expected
        with organization_scope(organization):
            if turn % 2:
                return seen(), expected
            with transaction.atomic():
                return seen(), expected

    def look(start: int) -> None:
        for turn in range(start, start + 60):
            try:
                found, expected = one_look(turn)
            finally:
                all_connections.close_all()
            if found != expected:
                wrong.append((found, expected))

    threads = [threading.Thread(target=look, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def _rows(copy: Iterator[object]) -> int:
    return sum(1 for _ in copy)


def test_copy_reads_one_organization_and_writes_through_a_staging_table(two: Two) -> None:
    acme, _birch = two
    with organization_scope(acme), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("create temp table stage (like tenancy_bankaccount) on commit drop")
        cursor.execute("insert into stage select * from tenancy_bankaccount")
        assert cursor.rowcount == 2
        with cursor.copy("copy (select id from tenancy_bankaccount) to stdout") as copy:
            assert _rows(copy.rows()) == 2
    with organization_scope(acme), connection.cursor() as cursor:

        def direct() -> None:
            with cursor.copy("copy tenancy_bankaccount (id) from stdin") as copy:
                copy.write_row([uuid4()])

        refused: Callable[[], None] = direct
        with pytest.raises(Exception, match="COPY FROM not supported with row-level security"):
            refused()
