"""One throw-away PostgreSQL per test session, a migrated database per process, an SMTP sink."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from filelock import FileLock
from psycopg import sql
from pytest_django import DjangoDbBlocker

from dunwell.providers import postgres_embedded
from tests.smtp import SmtpSink

_HOME = "DUNWELL_TEST_HOME"
_TEMPLATE = "dunwell_template"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The session's PostgreSQL: `superuser` is a connection string, `home` its folder."""

    home: Path
    socket_dir: Path
    superuser: str

    def url(self, database: str) -> str:
        """Give the URL of a database for the application's role."""
        return postgres_embedded.url(socket_dir=self.socket_dir, database=database)

    def create(self, database: str, *, template: str = "template1") -> str:
        """Make a database anew and give its URL."""
        self.drop(database)
        self._execute("CREATE DATABASE {} TEMPLATE {} OWNER dunwell", database, template)
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database if it is there, whoever uses it."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def pytest_configure(config: pytest.Config) -> None:
    """Choose the session's folder; the processes of xdist inherit it."""
    if _HOME not in os.environ:
        home = Path(tempfile.mkdtemp(prefix="dunwell-test-"))
        home.chmod(0o711)  # root's PostgreSQL runs as another user and passes through
        os.environ[_HOME] = str(home)
        config.add_cleanup(lambda: _remove(home))
    # Nothing under test touches the developer's own data.
    os.environ["DUNWELL_DATA"] = str(Path(os.environ[_HOME]) / "data")


def _remove(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    os.environ.pop(_HOME, None)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Give the session's PostgreSQL, shared by all test processes."""
    home = Path(os.environ[_HOME])
    with postgres_embedded.attach(home / "cluster", durable=False) as attached:
        yield Cluster(
            home=home,
            socket_dir=attached.socket_dir,
            superuser=postgres_embedded.superuser_conninfo(socket_dir=attached.socket_dir),
        )


@pytest.fixture(scope="session")
def django_db_setup(cluster: Cluster, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Give this process a database of its own, cloned from one that was migrated once."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with django_db_blocker.unblock():
        with FileLock(cluster.home / "template.lock"):
            _migrate_template(cluster)
            url = cluster.create(name, template=_TEMPLATE)
        _use(cluster, name)
        os.environ["DATABASE_URL"] = os.environ["DUNWELL_DATABASE"] = url
        yield
        _close()
    cluster.drop(name)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords quickly: Argon2 is slow on purpose, and not what is tested here."""
    from django.test.utils import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


def _migrate_template(cluster: Cluster) -> None:
    from django.core.management import call_command

    done = cluster.home / "template.done"
    if not done.exists():
        cluster.create(_TEMPLATE)
        _use(cluster, _TEMPLATE)
        call_command("migrate", interactive=False, verbosity=0)
        _close()
        done.touch()


def _use(cluster: Cluster, database: str) -> None:
    from django.db import connections

    settings = connections["default"].settings_dict
    settings.update(NAME=database, USER="dunwell", HOST=str(cluster.socket_dir), PORT="5432")


def _close() -> None:
    from django.db import connections

    connection = connections["default"]
    connection.close()
    if hasattr(connection, "close_pool"):
        connection.close_pool()


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """Give a real SMTP server on the loopback that keeps what it receives."""
    with SmtpSink() as sink:
        yield sink
