"""The first accounts of an installation, so that somebody can try it: passwords random, written to one private file."""

from __future__ import annotations

import json
import os
import secrets
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jagawarga.errors import Conflict, StartupError
from jagawarga.identity.messages import PersonalFacts
from jagawarga.identity.service import nobody

if TYPE_CHECKING:
    from jagawarga.identity.messages import Role
    from jagawarga.identity.service import Identity


@dataclass(frozen=True, slots=True)
class Seed:
    """An account to make, with the password it gets."""

    username: str
    password: str
    role: Role
    agency: str | None
    name: str


def plan(config: Path, agencies: Iterable[str]) -> tuple[Seed, ...]:
    """Read the accounts of `config` and add an officer for each agency; raises `StartupError` for a wrong file."""
    try:
        read = tomllib.loads(config.read_text(encoding="utf-8"))
        people: list[tuple[str, Role, str | None, str]] = [
            (each["nik"], "citizen", None, each["name"]) for each in read.get("citizen", [])
        ]
        people += [(each["username"], "operator", None, each["name"]) for each in read.get("operator", [])]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        msg = f"can not read {config}: {type(error).__name__} {error}"
        raise StartupError(msg) from None
    people += [(f"petugas-{key}", "officer", key, f"Petugas {key}") for key in agencies]
    return tuple(Seed(login, secrets.token_urlsafe(12), role, agency, name) for login, role, agency, name in people)


async def seed(identity: Identity, seeds: Sequence[Seed], file: Path) -> int:
    """Make the accounts that are missing and list them in `file`; returns how many were made or set anew.

    The file is written first, so that no account has a password nobody can read; what it lists and the database lacks
    (the process died in between, the database is a new one) is made at the next start. Accounts that exist and are
    listed are not touched. If the file was lost, seeded accounts that are in the database get the new passwords.
    Raises `StartupError` for a damaged file.
    """
    known = _read(file)
    usernames = {each.username for each in known}
    fresh = [each for each in seeds if each.username not in usernames]
    if fresh:
        _write_private(file, json.dumps([asdict(each) for each in (*known, *fresh)], indent=1, ensure_ascii=False))
    lost = [each for each in known if not await identity.knows(each.username)]
    for each in (*lost, *fresh):
        facts = PersonalFacts(each.name, each.username, None, None, None) if each.role == "citizen" else nobody()
        try:
            await identity.add(each.username, each.password, each.role, each.agency, facts)
        except Conflict:
            await identity.reset(each.username, each.password, each.role, each.agency)
    return len(lost) + len(fresh)


def _read(file: Path) -> list[Seed]:
    if not file.exists():
        return []
    try:
        return [Seed(**each) for each in json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        msg = f"can not read {file} ({type(error).__name__}): remove it, and the seeded accounts get new passwords"
        raise StartupError(msg) from None


def _write_private(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
