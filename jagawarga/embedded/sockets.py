"""A private directory for PostgreSQL's socket, with a path short and plain enough for the kernel and for URLs.

A socket and not a port: nobody else can have taken it, and nobody else gets through the directory.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from jagawarga.embedded.directory import PRIVATE, sockets_elsewhere
from jagawarga.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path

    from jagawarga.embedded.account import Account

SOCKET_NAME = ".s.PGSQL.5432"
PLAIN = r"[\w./+@=-]+"
PATH_LIMIT = 100  # bytes; sockaddr_un holds 107, and the lock file beside the socket adds 5


def socket_directory(run: Path, account: Account) -> Path:
    """Make the directory: in `run` where that path will do, else in the system's temporary directory.

    Raises:
        StartupError: that will not do either, or something of somebody else's has the name there.

    """
    directory = run / "postgres"
    if _is_plain(directory):
        directory.mkdir(mode=PRIVATE, exist_ok=True)
    else:
        directory = _in_temporary(run, account)
    account.own(directory)
    directory.chmod(PRIVATE)
    return directory


def _is_plain(directory: Path) -> bool:
    # A comma, for one, separates hosts in a client's URL, and no quoting helps.
    return len(os.fsencode(directory / SOCKET_NAME)) <= PATH_LIMIT and re.fullmatch(PLAIN, str(directory)) is not None


def _in_temporary(run: Path, account: Account) -> Path:
    directory = sockets_elsewhere(run)
    if not _is_plain(directory):
        raise StartupError(
            f"both {run} and {directory.parent} are too long paths for a socket; set TMPDIR to a short one"
        )
    directory.mkdir(mode=PRIVATE, exist_ok=True)
    # lstat: the place is everybody's, and a link put there beforehand must not lead us on
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), account.uid}:
        raise StartupError(f"{directory} is not ours, and PostgreSQL's socket should be in it; remove it")
    return directory
