"""The data directory: made, recognised, locked, refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jagawarga.embedded.directory import DataDirectory
from jagawarga.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ORDINARY = 65534
HOLD = "import sys, pathlib, time; from jagawarga.embedded.directory import DataDirectory as D; "


def python(source: str, *arguments: Path | str, ordinary: bool = False) -> subprocess.Popen[str]:
    """Start a small program that may import the project, as an ordinary user if asked to."""
    drop = ("setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups") if ordinary else ()
    return subprocess.Popen(
        [*drop, sys.executable, "-c", source, *map(str, arguments)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def place() -> Iterator[Path]:
    """Give a path that does not exist, where an ordinary user can get to."""
    parent = Path(tempfile.mkdtemp(prefix="jw-"))
    parent.chmod(0o755)
    yield parent / "data"
    shutil.rmtree(parent, ignore_errors=True)


def refusal(path: Path) -> str:
    """Return what the operator is told, one line."""
    with pytest.raises(StartupError) as caught:
        DataDirectory.open(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_new_directory_is_laid_out_for_us_alone(place: Path) -> None:
    """Opening makes the rooms and the marker; nobody else can read them, whatever the umask."""
    before = os.umask(0)
    try:
        directory = DataDirectory.open(place)
    finally:
        os.umask(before)
    try:
        for path in (place, directory.keys, directory.run):
            assert path.stat().st_mode & 0o777 == 0o700
        assert json.loads((place / "jagawarga.json").read_text()) == {"project": "jagawarga", "format": 1}
        assert (place / "jagawarga.json").stat().st_mode & 0o777 == 0o600
    finally:
        directory.close()


def test_an_own_directory_is_opened_again(place: Path) -> None:
    """What was closed can be opened, with what is in it kept and modes set right again."""
    DataDirectory.open(place).close()
    (place / "keys" / "k").write_text("x")
    place.chmod(0o755)
    directory = DataDirectory.open(place)
    assert (directory.keys / "k").read_text() == "x"
    assert place.stat().st_mode & 0o777 == 0o700
    directory.close()


def test_a_first_start_cut_off_is_gone_on_with(place: Path) -> None:
    """A kill before the marker was written does not leave a directory that nobody can use."""
    (place / "run").mkdir(parents=True)
    (place / "run" / "lock").touch()
    (place / "jagawarga.json.new").touch()
    DataDirectory.open(place).close()


def test_a_directory_in_use_is_refused_and_the_holder_named(place: Path) -> None:
    """Two processes never work on the same data; the second is told which has it."""
    holder = python(HOLD + "d = D.open(pathlib.Path(sys.argv[1])); print('held', flush=True); time.sleep(60)", place)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert f"in use by process {holder.pid}" in refusal(place)
    finally:
        holder.kill()
        holder.communicate()
    DataDirectory.open(place).close()  # kill -9 frees it


def test_a_directory_of_something_else_is_refused(place: Path) -> None:
    """A directory with other people's files in it is not touched."""
    place.mkdir()
    (place / "thesis.txt").write_text("years of work")
    assert "not empty and not JagaWarga's (found thesis.txt)" in refusal(place)
    assert sorted(entry.name for entry in place.iterdir()) == ["thesis.txt"]


def test_a_directory_of_another_project_is_refused(place: Path) -> None:
    """A marker that names somebody else is respected."""
    place.mkdir()
    (place / "jagawarga.json").write_text('{"project": "other", "format": 1}')
    assert "belongs to other" in refusal(place)


def test_a_later_format_is_refused(place: Path) -> None:
    """An old version does not work on data it can not know."""
    place.mkdir()
    (place / "jagawarga.json").write_text('{"project": "jagawarga", "format": 2}')
    assert "has format 2; this version knows up to 1" in refusal(place)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"project": "jagawarga"}', '{"project": "jagawarga", "format": "x"}'])
def test_a_damaged_marker_is_refused(place: Path, text: str) -> None:
    """A marker that can not be read is not guessed at."""
    place.mkdir()
    (place / "jagawarga.json").write_text(text)
    assert "is damaged" in refusal(place)


def test_a_file_is_refused(place: Path) -> None:
    """A file in the directory's place is said to be one."""
    place.write_text("")
    assert "is not a directory" in refusal(place)


def test_a_path_through_a_file_is_refused(place: Path) -> None:
    """A file above the directory's place is said to be one, too."""
    place.write_text("")
    assert "is not a directory" in refusal(place / "deeper")


def test_a_path_that_breaks_lines_is_refused(place: Path) -> None:
    """A path must fit into a configuration file's line, and into the message that names it."""
    with pytest.raises(StartupError, match="can not be printed") as caught:
        DataDirectory.open(place / "a\nb")
    assert "\n" not in str(caught.value)


TRY = """
import pathlib, sys
from jagawarga.embedded.directory import DataDirectory
from jagawarga.errors import StartupError
try:
    DataDirectory.open(pathlib.Path(sys.argv[1]))
except StartupError as error:
    sys.exit(str(error))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try it as somebody else")
def test_an_ordinary_user_without_permission_is_told(place: Path) -> None:
    """A parent directory that may not be written is one line naming it."""
    process = python(TRY, place, ordinary=True)
    said = process.communicate(timeout=20)[1]
    assert process.returncode == 1
    assert said == f"the data directory {place} can not be used: no permission to write {place}\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try it as somebody else")
def test_root_does_not_take_over_an_ordinary_users_directory(place: Path) -> None:
    """Files of root's in it would lock its owner out the next time."""
    place.mkdir()
    os.chown(place, ORDINARY, ORDINARY)
    process = python(TRY, place, ordinary=True)
    assert process.communicate(timeout=20) == ("", "")
    assert "belongs to the user nobody, not to the user root" in refusal(place)
