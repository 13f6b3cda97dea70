"""The command line as a user meets it: what it prints, where, and how it exits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jagawarga.cli.control import control_path
from jagawarga.cli.exits import first_cause
from jagawarga.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command line in this process; return exit code, output and errors."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    captured = capsys.readouterr()
    code = ended.value.code
    assert isinstance(code, int)
    return code, captured.out, captured.err


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` names the program and exits with 0."""
    code, out, _ = call(capsys, "--version")
    assert (code, out.split()[0]) == (0, "jagawarga,")


@pytest.mark.parametrize("command", [["tree"], ["inspect", "x"], ["kill", "x"], ["restart", "x"], ["reports"]])
def test_no_running_process_is_one_clear_line(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command that needs the process says that none runs, and exits with 2."""
    code, out, err = call(capsys, *command, "--data", str(tmp_path))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "no JagaWarga is running" in err


def test_a_wrong_option_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Usage is not repeated for a slip."""
    code, _, err = call(capsys, "serve", "--port", "99999")
    assert (code, err.count("\n")) == (2, 1)


def test_a_wrong_setting_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the setting."""
    monkeypatch.setenv("JAGAWARGA_PORT", "many")
    code, _, err = call(capsys, "config")
    assert (code, err.count("\n")) == (2, 1)
    assert "port" in err


def test_config_shows_every_setting_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Options count as much as environment and file."""
    code, out, _ = call(capsys, "config", "--data", "/some/where", "--json")
    assert code == 0
    assert json.loads(out)["data_dir"]["value"] == "/some/where"


def test_tree_shows_the_running_actors(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The tree is asked over the control socket and drawn."""
    code, out, _ = call(capsys, "tree", "--data", str(running))
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[1:3]] == [["jagawarga", "running"], ["└──", "plumbing"]]


def test_tree_as_json_is_the_snapshot(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get the nodes as they are."""
    _, out, _ = call(capsys, "tree", "--data", str(running), "--json")
    assert json.loads(out)["children"][0]["path"] == "jagawarga/plumbing"


def test_inspect_takes_the_end_of_a_path(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A part that only one actor has is enough."""
    code, out, _ = call(capsys, "inspect", "writer", "--data", str(running))
    assert code == 0
    assert "jagawarga/plumbing/writer" in out


def test_an_unknown_actor_is_one_line_with_near_matches(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A slip is answered with what it might have been."""
    code, _, err = call(capsys, "kill", "write", "--data", str(running))
    assert (code, err.count("\n")) == (2, 1)
    assert "jagawarga/plumbing/writer" in err


def test_a_killed_actor_is_started_again(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`kill` names what it killed; the supervisor does the rest."""
    code, out, _ = call(capsys, "kill", "bus", "--data", str(running))
    assert (code, out) == (0, "killed jagawarga/plumbing/bus\n")
    _, out, _ = call(capsys, "inspect", "bus", "--data", str(running), "--json")
    assert json.loads(out)["state"] == "running"


def test_a_restarted_actor_runs(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`restart` returns when the new one is there."""
    code, out, _ = call(capsys, "restart", "writer", "--data", str(running))
    assert (code, out) == (0, "restarted jagawarga/plumbing/writer\n")


def test_a_suspended_actor_stays_still_until_it_is_resumed(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`suspend` and `resume` name whom they meant, and `inspect` shows it."""
    assert call(capsys, "suspend", "writer", "--data", str(running))[:2] == (0, "suspended jagawarga/plumbing/writer\n")
    _, out, _ = call(capsys, "inspect", "writer", "--data", str(running), "--json")
    assert json.loads(out)["state"] == "suspended"
    assert call(capsys, "resume", "writer", "--data", str(running))[0] == 0
    _, out, _ = call(capsys, "inspect", "writer", "--data", str(running), "--json")
    assert json.loads(out)["state"] == "running"


def test_a_trace_ends_by_itself(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An actor nobody talks to has nothing to show, and is not traced for ever."""
    code, out, err = call(capsys, "trace", "writer", "--seconds", "0.05", "--data", str(running))
    assert (code, out) == (0, "")
    assert err == "0 events of jagawarga/plumbing/writer\n"
    assert call(capsys, "trace", "writer", "--seconds", "0", "--data", str(running))[0] == 2


def test_the_runtime_as_a_whole(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many actors in which state, and what the collector costs."""
    _, out, _ = call(capsys, "runtime", "--data", str(running), "--json")
    found = json.loads(out)
    assert found["actors"] == 4
    assert found["states"]["running"] == 4
    assert found["zombies"] == []
    _, out, _ = call(capsys, "runtime", "--data", str(running))
    assert out.startswith("actors")
    assert "gc pauses" in out


def test_reports_are_counted_by_state(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The counts come from the running process."""
    _, out, _ = call(capsys, "reports", "--data", str(running))
    assert out.splitlines() == ["received  1,234", "resolved  5"]


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """`jagawarga config | head -0`: no traceback."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "jagawarga", "config", "--data", str(tmp_path)],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_long_data_directory_has_its_socket_elsewhere() -> None:
    """The kernel takes 107 bytes; a longer path is replaced by a short one that only depends on it."""
    long = Path("/" + "d" * 200)
    assert control_path(Path("/srv/jw")) == Path("/srv/jw/run/control.sock")
    assert len(os.fsencode(control_path(long))) <= 107
    assert control_path(long) == control_path(long) != control_path(Path("/" + "e" * 200))


def test_an_interruption_is_the_first_cause_of_a_group() -> None:
    """Whatever else went wrong meanwhile, Ctrl-C is Ctrl-C."""
    group = BaseExceptionGroup("", [ValueError(), BaseExceptionGroup("", [KeyboardInterrupt()])])
    assert isinstance(first_cause(group), KeyboardInterrupt)
    assert isinstance(first_cause(ExceptionGroup("", [OSError(), ValueError()])), OSError)
