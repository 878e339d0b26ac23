"""The data folder: the embedded database, the secret key and what else must be kept."""

import hashlib
import logging
import os
import secrets
from pathlib import Path

from dunwell.providers import postgres_embedded

_log = logging.getLogger(__name__)


def settle_folder() -> Path:
    """Give the data folder and note it in DUNWELL_DATA for settings and child processes.

    DUNWELL_DATA is taken as it is. Else it is `var` in the checkout or, installed as a package,
    in the working folder; root keeps it in the system's place where the database's user could
    not reach that.
    """
    explicit = os.environ.get("DUNWELL_DATA")
    folder = Path(explicit).absolute() if explicit else _default()
    os.environ["DUNWELL_DATA"] = str(folder)
    return folder


def settle_secret_key(folder: Path) -> None:
    """Make the installation's secret key once, unless DUNWELL_SECRET_KEY gives it."""
    path = folder / "secret.key"
    if os.environ.get("DUNWELL_SECRET_KEY") or path.exists():
        return
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    draft = path.with_name(f"secret.key.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(50))
    try:
        path.hardlink_to(draft)  # whoever comes first wins, and nobody reads half a key
    except FileExistsError:
        _log.debug("another process made the secret key")
    finally:
        draft.unlink()


def _default() -> Path:
    checkout = Path(__file__).resolve().parents[2]
    home = checkout if (checkout / "pyproject.toml").exists() else Path.cwd()
    closed = postgres_embedded.closed_to_server(home / "var")
    if closed is None:
        return home / "var"
    name = f"{home.name}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:8]}"
    folder = postgres_embedded.SYSTEM_HOME / name
    _log.warning("%s is closed to the database's user: the data is in %s", closed, folder)
    return folder
