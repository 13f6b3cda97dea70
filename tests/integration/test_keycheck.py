"""A data directory opens with the keys it was sealed with, and says which are missing."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from jagawarga.embedded.directory import DataDirectory
from jagawarga.embedded.keycheck import FILE, keys_of, refuse_what_is_gone
from jagawarga.errors import StartupError
from jagawarga.plumbing.keys import Keyring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def opened(path: Path) -> Iterator[DataDirectory]:
    directory = DataDirectory.open(path)
    try:
        yield directory
    finally:
        directory.close()


def refusal(path: Path) -> str:
    with opened(path) as directory, pytest.raises(StartupError) as caught:
        keys_of(directory)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_first_start_makes_keys_and_the_next_ones_know_them(tmp_path: Path) -> None:
    """Also when a key is added, and that one then is known, too."""
    with opened(tmp_path / "data") as directory:
        first = keys_of(directory)
        assert keys_of(directory).masters == first.masters
        shutil.copy(directory.keys / "master-1.key", directory.keys / "master-2.key")
        (directory.keys / "master-2.key").write_bytes(b"2" * 32)
        assert set(keys_of(directory).masters) == {1, 2}
        (directory.keys / "master-2.key").unlink()
    assert "master-2.key" in refusal(tmp_path / "data")


def test_missing_keys_are_not_made_anew(tmp_path: Path) -> None:
    """Not in a directory that knows its keys, nor in one from before that was told, if there is data in it."""
    with opened(tmp_path / "data") as directory:
        keys_of(directory)
        (directory.keys / "master-1.key").unlink()
    assert "are gone" in refusal(tmp_path / "data")
    (tmp_path / "data" / FILE).unlink()
    (tmp_path / "data" / "postgres").mkdir()
    assert "are gone" in refusal(tmp_path / "data")
    assert list((tmp_path / "data" / "keys").iterdir()) == []


def test_others_keys_are_told_from_ours(tmp_path: Path) -> None:
    """And nothing of what tells them apart is a key, or says one."""
    with opened(tmp_path / "data") as directory:
        keyring = keys_of(directory)
        (directory.keys / "master-1.key").write_bytes(b"x" * 32)
    assert "not this data's key" in refusal(tmp_path / "data")
    text = (tmp_path / "data" / FILE).read_text()
    assert keyring.masters[1].hex() not in text
    assert (tmp_path / "data" / FILE).stat().st_mode & 0o077 == 0


def test_a_directory_from_before_gets_its_check(tmp_path: Path) -> None:
    """With the keys it has."""
    with opened(tmp_path / "data") as directory:
        Keyring.load(directory.keys)
        (tmp_path / "data" / "postgres").mkdir()
        keys_of(directory)
    assert (tmp_path / "data" / FILE).exists()


def test_a_damaged_check_is_told(tmp_path: Path) -> None:
    """One line that says what it is for."""
    with opened(tmp_path / "data") as directory:
        keys_of(directory)
    (tmp_path / "data" / FILE).write_text("[")
    assert "damaged" in refusal(tmp_path / "data")


def test_what_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    """Where a first start was over: a volume that is not mounted must not become an empty city."""
    with opened(tmp_path / "data") as directory:
        refuse_what_is_gone(directory, postgres=True, nats=True)
        (directory.path / "accounts.json").write_text("[]")
        directory.postgres.mkdir()
        refuse_what_is_gone(directory, postgres=True, nats=False)
        with pytest.raises(StartupError, match=r"nats is gone: put it back, or remove .*accounts\.json"):
            refuse_what_is_gone(directory, postgres=True, nats=True)
        directory.nats.mkdir()
        refuse_what_is_gone(directory, postgres=True, nats=True)
        directory.postgres.rmdir()
        refuse_what_is_gone(directory, postgres=False, nats=True)
        with pytest.raises(StartupError, match="postgres is gone"):
            refuse_what_is_gone(directory, postgres=True, nats=True)
