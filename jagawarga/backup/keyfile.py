"""The key file: an installation's keys, to be kept elsewhere than its archives.

With it and an archive everything can be read; an archive alone says nothing, and a key file alone neither.
"""

from __future__ import annotations

import binascii
import json
from typing import TYPE_CHECKING, Final

from jagawarga.embedded.directory import write_private
from jagawarga.errors import BackupError
from jagawarga.plumbing.keys import KEY_BYTES, Keyring

if TYPE_CHECKING:
    from pathlib import Path

KIND: Final = "jagawarga-keys"
FORMAT: Final = 1


def write_key_file(path: Path, keyring: Keyring) -> bool:
    """Write the keys, for their owner's eyes only; a file that has just these already stays. Tells whether it wrote.

    Raises `BackupError` when something else is there: a key file that is lost can not be made again.
    """
    if path.exists():
        if read_key_file(path).masters != keyring.masters:
            raise BackupError(f"{path} holds other keys than this installation's; name another file")
        return False
    masters = {str(version): key.hex() for version, key in sorted(keyring.masters.items())}
    try:
        write_private(path, json.dumps({"kind": KIND, "format": FORMAT, "masters": masters}, indent=1) + "\n")
    except OSError as error:
        raise BackupError(f"the key file {path} can not be written: {error.strerror}") from error
    return True


def read_key_file(path: Path) -> Keyring:
    """Read the keys; `BackupError` when it is none, damaged, or open to others."""
    try:
        if path.stat().st_mode & 0o077:
            raise BackupError(f"the key file {path} is open to others: chmod 600 it")
        read = json.loads(path.read_bytes())
        if read["kind"] != KIND:
            raise ValueError(read["kind"])
        if read["format"] > FORMAT:
            raise BackupError(f"the key file has format {read['format']}; this version knows up to {FORMAT}")
        masters = {int(version): binascii.unhexlify(key) for version, key in read["masters"].items()}
    except OSError as error:
        raise BackupError(f"the key file {path} can not be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BackupError(f"{path} is not a key file, or damaged") from None
    if not masters or any(len(key) != KEY_BYTES for key in masters.values()):
        raise BackupError(f"{path} is not a key file, or damaged")
    return Keyring(masters)
