"""The keys a data directory was sealed with are those it opens with: a start with others loses nothing, and says so.

Without the check a house whose keys are missing would make new ones, and could read nothing of what it has. Beside the
data lies what tells keys apart and does not give them away: a keyed digest of each version.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from jagawarga.embedded.directory import told_to_operator, write_private
from jagawarga.errors import StartupError
from jagawarga.plumbing.keys import Keyring

if TYPE_CHECKING:
    from pathlib import Path

    from jagawarga.embedded.directory import DataDirectory

FILE: Final = "keys-check.json"
ACCOUNTS: Final = "accounts.json"
"""Written when the first start is over."""
LOST: Final = "without it nothing that was sealed can be read: put it back, from a backup as its key file"


def keys_of(directory: DataDirectory) -> Keyring:
    """Give the keys of a data directory, made at its first start only.

    Raises:
        StartupError: the keys are gone, or are not those that the data was sealed with.

    """
    with told_to_operator(directory.path):
        known = _known(directory)
        used = bool(known) or directory.postgres.exists() or directory.nats.exists()
        if used and not any(directory.keys.glob("master-*.key")):
            raise StartupError(f"the keys in {directory.keys} are gone; {LOST}")
        keyring = Keyring.load(directory.keys)
        found = keyring.fingerprints()
        for version, fingerprint in known.items():
            if version not in found:
                raise StartupError(f"the key master-{version}.key in {directory.keys} is gone; {LOST}")
            if found[version] != fingerprint:
                raise StartupError(f"master-{version}.key in {directory.keys} is not this data's key; {LOST}")
        if found != known:
            note_keys(directory.path, keyring)
    return keyring


def note_keys(path: Path, keyring: Keyring) -> None:
    """Write down beside the data which keys it opens with. Raises `OSError`."""
    found = keyring.fingerprints()
    text = json.dumps({str(version): fingerprint for version, fingerprint in sorted(found.items())})
    write_private(path / FILE, text + "\n")


def refuse_what_is_gone(directory: DataDirectory, *, postgres: bool, nats: bool) -> None:
    """Refuse to begin anew where there was a house: a volume that is not mounted must not become an empty city.

    `postgres` and `nats` tell whether each is embedded here. Raises `StartupError`.
    """
    if not (directory.path / ACCOUNTS).exists():
        return
    for embedded, part in ((postgres, directory.postgres), (nats, directory.nats)):
        if embedded and not part.exists():
            accounts = directory.path / ACCOUNTS
            raise StartupError(f"{part} is gone: put it back, or remove {accounts} to begin anew without it")


def _known(directory: DataDirectory) -> dict[int, str]:
    path = directory.path / FILE
    try:
        return {int(version): str(each) for version, each in json.loads(path.read_text(encoding="utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        raise StartupError(f"{path} is damaged: restore it or remove it") from None
