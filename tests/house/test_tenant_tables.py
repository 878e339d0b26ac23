"""No table of an organization can miss its policies, whoever adds it."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db

UNPROTECTED = """
select c.relname from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped
where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
  and not (c.relrowsecurity and c.relforcerowsecurity and (
    select count(*) from pg_policy p
    where p.polrelid = c.oid and p.polname in ('tenant', 'system')) = 2)
"""

UNIQUE_WITHOUT_ORGANIZATION = """
select t.relname || '.' || (
  select string_agg(a.attname, ',' order by k.n) from unnest(i.indkey) with ordinality k(at, n)
  join pg_attribute a on a.attrelid = t.oid and a.attnum = k.at)
from pg_index i
join pg_class t on t.oid = i.indrelid
join pg_attribute o on o.attrelid = t.oid and o.attname = 'organization_id'
where i.indisunique and not i.indisprimary and t.relnamespace = 'public'::regnamespace
  and i.indkey[0] <> o.attnum
order by 1
"""

RANDOM_SECRETS = {
    "tenancy_apitoken.secret_hash",
    "tenancy_channelaccount.hook_hash",
    "tenancy_invitation.secret_hash",
}
"""Unique over all organizations, because they say which organization it is."""

UNSAFE_VIEWS = """
select relname from pg_class
where relnamespace = 'public'::regnamespace
  and (relkind = 'm' or (relkind = 'v'
       and not coalesce(reloptions @> array['security_invoker=true'], false)))
"""

PLAIN_REFERENCES = """
select c.conrelid::regclass || '.' || c.conname from pg_constraint c
where c.contype = 'f' and cardinality(c.conkey) = 1
  and exists (select from pg_attribute a
              where a.attrelid = c.conrelid and a.attname = 'organization_id')
  and exists (select from pg_attribute a
              where a.attrelid = c.confrelid and a.attname = 'organization_id')
"""


def _column(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def test_every_table_of_an_organization_is_under_forced_policies() -> None:
    assert _column(UNPROTECTED) == []


def test_this_test_would_notice_a_table_without() -> None:
    with connection.cursor() as cursor:
        cursor.execute("create table sneaky (organization_id uuid)")
    assert _column(UNPROTECTED) == ["sneaky"]


def test_the_organization_itself_is_under_forced_policies() -> None:
    protected = "select relname from pg_class where relrowsecurity and relforcerowsecurity"
    assert "tenancy_organization" in _column(protected)


def test_the_login_role_has_no_privileges_and_must_choose_the_system_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select rolsuper or rolbypassrls or rolcreaterole,
                   pg_has_role(current_user, current_user || '_system', 'SET'),
                   pg_has_role(current_user, current_user || '_system', 'USAGE')
            from pg_roles where rolname = current_user
            """
        )
        assert cursor.fetchone() == (False, True, False)


def test_what_is_unique_is_unique_within_an_organization() -> None:
    assert set(_column(UNIQUE_WITHOUT_ORGANIZATION)) == RANDOM_SECRETS


def test_references_between_tables_of_organizations_carry_the_organization() -> None:
    assert _column(PLAIN_REFERENCES) == []


def test_no_view_looks_past_the_policies() -> None:
    assert _column(UNSAFE_VIEWS) == []
