"""Django's PostgreSQL backend with the scope applied to every query (docs/decisions/0006)."""

from collections.abc import Callable
from typing import Any

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

from dunwell.tenancy import scope
from dunwell.tenancy.database.schema import SchemaEditor

_SET = "select set_config('role', %s, %s), set_config('dunwell.organization', %s, %s)"


def pool_reset(raw: Any) -> None:
    """Forget role and organization when a connection goes back to the pool."""
    raw.execute(_SET, ("none", False, "", False))
    if not raw.autocommit:
        raw.commit()


def _guard(
    execute: Callable[..., Any],
    sql: str,
    params: Any,
    many: bool,  # noqa: FBT001  # as Django calls it
    context: dict[str, Any],
) -> Any:
    context["connection"].sync_scope()
    return execute(sql, params, many, context)


# No scope is called this, so it always differs from the one that is wanted.
_UNKNOWN = "\0unknown"


class DatabaseWrapper(base.DatabaseWrapper):
    """Sends role and organization to PostgreSQL whenever they differ from what it was last told.

    Outside a transaction they are set for the session, which no commit or rollback takes back;
    inside one locally, which its end undoes in PostgreSQL and here alike. So a request that stays
    in one scope tells it once, however many transactions it makes.
    """

    SchemaEditorClass = SchemaEditor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._session = _UNKNOWN
        self._local: str | None = None  # None: nothing was set in this transaction
        self.execute_wrappers.append(_guard)

    @property
    def system_role(self) -> str:
        """Name the role that system work must choose."""
        return f"{self.settings_dict['USER']}_system"

    def sync_scope(self) -> None:
        """Tell PostgreSQL the present scope if it was told another."""
        want = scope.current()
        told = self._session if self._local is None else self._local
        if told == want or self.connection is None:
            return
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            return  # only ROLLBACK can work now; it makes the scope unknown
        local = self.in_atomic_block or not self.autocommit
        role, organization = (self.system_role, "") if want == scope.SYSTEM else ("none", want)
        with self.connection.cursor() as cursor:  # a raw cursor: no recursion
            cursor.execute(_SET, (role, local, organization, local))
        if local:
            self._local = want
        else:
            self._session = want

    def create_cursor(self, name: str | None = None) -> Any:
        """Create a cursor in the present scope; this also covers COPY and server-side cursors."""
        self.sync_scope()
        return super().create_cursor(name)

    def _forget(self) -> None:
        self._session, self._local = _UNKNOWN, None

    def get_new_connection(self, conn_params: Any) -> Any:
        """Connect; a new connection has been told nothing."""
        self._forget()
        return super().get_new_connection(conn_params)

    def _close(self) -> Any:
        self._forget()
        return super()._close()  # type: ignore[misc]  # not in the stubs

    def _commit(self) -> Any:
        self._local = None
        return super()._commit()  # type: ignore[misc]  # not in the stubs

    def _rollback(self) -> Any:
        self._local = None
        return super()._rollback()  # type: ignore[misc]  # not in the stubs

    def _savepoint_rollback(self, sid: str) -> Any:
        super()._savepoint_rollback(sid)  # type: ignore[misc]  # not in the stubs
        if self._local is not None:
            self._local = _UNKNOWN  # it may have been set after the savepoint, or before it
