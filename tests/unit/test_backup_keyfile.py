"""The key file: private, never overwritten, refused when it is anything else."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from jagawarga.backup.keyfile import read_key_file, write_key_file
from jagawarga.errors import BackupError, StartupError
from jagawarga.plumbing.keys import Keyring

KEYS = Keyring({1: b"k" * 32, 12: b"n" * 32})


def test_it_holds_every_key_and_is_private(tmp_path: Path) -> None:
    """All versions come back; nobody else may read it."""
    path = tmp_path / "keys"
    assert write_key_file(path, KEYS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key_file(path).masters == KEYS.masters


def test_the_same_keys_are_not_written_again(tmp_path: Path) -> None:
    """A nightly backup leaves the key file as it is."""
    path = tmp_path / "keys"
    write_key_file(path, KEYS)
    before = path.stat()
    assert not write_key_file(path, KEYS)
    assert path.stat() == before or path.stat().st_ino == before.st_ino


def test_other_keys_are_never_overwritten(tmp_path: Path) -> None:
    """They may be the only ones of another house's archives."""
    path = tmp_path / "keys"
    write_key_file(path, KEYS)
    with pytest.raises(BackupError, match="other keys"):
        write_key_file(path, Keyring({1: b"x" * 32}))
    assert read_key_file(path).masters == KEYS.masters


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"kind": "jagawarga-keys", "format": 1, "masters": {}}',
        b'{"kind": "jagawarga-keys", "format": 1, "masters": {"1": "abcd"}}',
        b'{"kind": "jagawarga-keys", "format": 1, "masters": {"1": "zz"}}',
        b'{"kind": "jagawarga-keys", "format": 2, "masters": {}}',
        b'{"kind": "other", "format": 1, "masters": {}}',
    ],
)
def test_anything_else_is_refused(content: bytes, tmp_path: Path) -> None:
    """In one line."""
    path = tmp_path / "keys"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(BackupError) as caught:
        read_key_file(path)
    assert "\n" not in str(caught.value)


def test_one_open_to_others_is_refused(tmp_path: Path) -> None:
    """As a key in the data directory is."""
    path = tmp_path / "keys"
    write_key_file(path, KEYS)
    path.chmod(0o644)
    with pytest.raises(BackupError, match="chmod 600"):
        read_key_file(path)


def test_a_missing_one_is_named(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(BackupError, match="nowhere"):
        read_key_file(tmp_path / "nowhere")


def test_keys_are_saved_where_they_are_looked_for(tmp_path: Path) -> None:
    """What a restore writes, a start reads."""
    KEYS.save(tmp_path / "keys")
    assert Keyring.load(tmp_path / "keys").masters == KEYS.masters


def test_a_backup_makes_no_key(tmp_path: Path) -> None:
    """A directory without keys is told, and stays without."""
    with pytest.raises(StartupError, match="no keys"):
        Keyring.existing(tmp_path)
    assert list(tmp_path.iterdir()) == []
