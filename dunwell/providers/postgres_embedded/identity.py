"""Which user PostgreSQL runs as, and which folders that user can pass through.

PostgreSQL refuses to run as root. Started by root it runs as the owner of the data, or as a user
id of its own that no account has; nothing is added to the system's accounts.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

OWN_UID = 60613
"""Outside every range that distributions and systemd hand out, inside a container's 65,536."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The user and group id the server runs as; `dropped` where that is not the caller's own."""

    uid: int
    gid: int
    dropped: bool

    @property
    def user(self) -> int | None:
        """Give the user id for a child process to drop to, None to keep the caller's."""
        return self.uid if self.dropped else None

    @property
    def group(self) -> int | None:
        """Give the group id for a child process to drop to, None to keep the caller's."""
        return self.gid if self.dropped else None

    @property
    def extra_groups(self) -> list[int] | None:
        """Give the further groups of a child process: none where it drops."""
        return [] if self.dropped else None


def choose(*, cluster: Path, data_dir: Path) -> Identity:
    """Pick the user for the server: the caller, or for root the data's owner or an own id."""
    if os.geteuid() != 0:
        return Identity(uid=os.geteuid(), gid=os.getegid(), dropped=False)
    for path in (cluster, data_dir):
        if path.exists() and (found := path.stat()).st_uid != 0:
            return Identity(uid=found.st_uid, gid=found.st_gid, dropped=True)
    return Identity(uid=OWN_UID, gid=OWN_UID, dropped=True)


def with_account(identity: Identity) -> Identity:
    """Give an identity that has an account: initdb insists on one, the server does not."""
    for candidate in (_by_uid(identity.uid), _by_name("nobody"), _any_account()):
        if candidate is not None:
            return Identity(uid=candidate.pw_uid, gid=candidate.pw_gid, dropped=identity.dropped)
    return identity


def closed_folder(path: Path, *, identity: Identity) -> Path | None:
    """Name the first folder on the way to `path` that the identity cannot pass through."""
    for folder in reversed([path, *path.parents]):
        if not folder.exists():
            return None
        if folder.is_dir() and not _may_pass(folder.stat(), identity):
            return folder
    return None


def _may_pass(found: os.stat_result, identity: Identity) -> bool:
    if found.st_uid == identity.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == identity.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _by_uid(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _by_name(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _any_account() -> pwd.struct_passwd | None:
    return next((entry for entry in pwd.getpwall() if entry.pw_uid != 0), None)
