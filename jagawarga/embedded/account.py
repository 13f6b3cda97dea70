"""Who PostgreSQL runs as: it refuses to be root, so root lends it another face.

| we are | it runs as |
|---|---|
| an ordinary user | us |
| root | `nobody` of a user namespace of its own: no rights, and its files still belong to root outside |
| root where namespaces are refused (some containers) | the system's `postgres` or `nobody`, owner of the cluster then |
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jagawarga.errors import StartupError
from supervisors.port import OsCommand, launch_argv

if TYPE_CHECKING:
    from pathlib import Path

FALLBACKS = ("postgres", "nobody")
TRIAL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Account:
    """How a program is started so that it is not root, and who owns its files then."""

    uid: int
    gid: int
    as_nobody_namespace: bool = False
    switch: bool = False

    def dress(self, command: OsCommand) -> OsCommand:
        """Return the command as this account."""
        user = (self.uid, self.gid) if self.switch else None
        return replace(command, as_nobody_namespace=self.as_nobody_namespace, user=user)

    def own(self, path: Path) -> None:
        """Make the tree the account's own, where it is not (only root meets that)."""
        if os.geteuid() != 0 or path.lstat().st_uid == self.uid:
            return
        for parent, directories, files in os.walk(path):  # does not follow links
            for name in (*directories, *files):
                os.chown(os.path.join(parent, name), self.uid, self.gid, follow_symlinks=False)  # noqa: PTH118 - many
        os.chown(path, self.uid, self.gid, follow_symlinks=False)  # last: a walk cut off is walked again

    def own_files(self, *paths: Path) -> None:
        """Make just these the account's own."""
        if os.geteuid() == 0:
            for path in paths:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)


def choose_account(program: Path, passages: tuple[Path, ...]) -> Account:
    """Find an account that reaches the program and may pass the directories above its data.

    Raises:
        StartupError: root, and no account does.

    """
    ourselves = Account(os.geteuid(), os.getegid())
    if ourselves.uid != 0:
        return ourselves
    namespace = replace(ourselves, as_nobody_namespace=True)
    refusal = _trial(namespace, program, passages)
    if refusal is None:
        return namespace
    for name in FALLBACKS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        account = Account(entry.pw_uid, entry.pw_gid, switch=True)
        for passage in passages:
            passage.chmod(0o711)  # it must get through to what it owns; it sees no names and no file of ours
        why = _trial(account, program, passages)
        if why is None:
            return account
        refusal = f"{refusal}; as {name}: {why}"
        for passage in passages:
            passage.chmod(0o700)
    raise StartupError(
        f"PostgreSQL refuses to run as root and no other way was found ({refusal}); start as an ordinary user",
    )


def _trial(account: Account, program: Path, passages: tuple[Path, ...]) -> str | None:
    argv = launch_argv(account.dress(OsCommand(argv=(), reach=(program, *passages))))
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=TRIAL_SECONDS, check=False, cwd="/")  # noqa: S603
    except subprocess.TimeoutExpired:
        return "no answer"
    return None if done.returncode == 0 else done.stderr.strip().removeprefix("launch: ") or f"exit {done.returncode}"
