"""Ports: real processes as children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio

from supervisors import NORMAL, Registry, supervisor, task
from supervisors.port import LINE_LIMIT, OsCommand, PortDoomed, PortExited, PortNotReady, run_port
from supervisors.testing import restarted, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
LIMIT = 20.0
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")


def script(source: str, *arguments: str) -> tuple[str, ...]:
    """Return the command line of a small Python program."""
    return (sys.executable, "-I", "-S", "-u", "-c", textwrap.dedent(source), *arguments)


def alive(pid: int) -> bool:
    """Tell whether the process is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


async def gone(pid: int) -> None:
    """Wait until the process is no more."""
    with trio.fail_after(LIMIT):
        while alive(pid):
            await trio.sleep(0.01)


async def number_in(path: Path) -> int:
    """Wait for a program to write a number into the file."""
    with trio.fail_after(LIMIT):
        while not (path.exists() and path.read_text().endswith("\n")):
            await trio.sleep(0.01)
    return int(path.read_text())


def nothing() -> None:
    """Ignore that it has started."""


class File:
    """Readiness by the existence of a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def __call__(self) -> bool:
        """Tell whether it exists."""
        return self.path.exists()


async def in_port(command: OsCommand, then: Callable[[], None] = nothing) -> None:
    """Run the port with a limit on the test."""
    with trio.fail_after(LIMIT):
        await run_port(then, command)


async def test_started_is_called_when_the_probe_says_so(tmp_path: Path) -> None:
    """A port counts as started when its probe answers, and not before."""
    flag = tmp_path / "flag"
    source = "import sys, time; time.sleep(0.2); open(sys.argv[1], 'w').close(); time.sleep(60)"
    seen = []
    with trio.CancelScope() as scope:

        def started() -> None:
            seen.append(flag.exists())
            scope.cancel()

        await in_port(OsCommand(argv=script(source, str(flag)), ready=File(flag)), started)
    assert seen == [True]


async def test_exit_after_start_raises_the_code_and_the_last_lines() -> None:
    """A process that ends by itself is a crash that carries its exit code and last words."""
    with pytest.raises(PortExited) as caught:
        await in_port(OsCommand(argv=script("import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)")))
    assert caught.value.code == 3
    assert caught.value.last_lines == ("one", "two")
    assert "exited with code 3" in str(caught.value)
    assert "two" in str(caught.value)


async def test_exit_with_zero_is_an_exit_too() -> None:
    """A server that ends without an error has still ended."""
    with pytest.raises(PortExited, match="code 0; it said nothing"):
        await in_port(OsCommand(argv=script("pass")))


async def test_exit_before_ready_is_told_at_once(tmp_path: Path) -> None:
    """A process that dies while it starts does not use up the readiness limit."""
    command = OsCommand(
        argv=script("import sys; sys.exit('no')"), ready=File(tmp_path / "never"), ready_within=LIMIT * 2
    )
    with pytest.raises(PortExited, match="code 1; its last line: no"):
        await in_port(command)


async def test_killed_by_a_signal_is_told() -> None:
    """The signal that killed a process can be read from the exit."""
    with pytest.raises(PortExited, match="killed by signal 9"):
        await in_port(OsCommand(argv=script("import os; os.kill(os.getpid(), 9)")))


async def test_not_ready_in_time_is_stopped(tmp_path: Path) -> None:
    """A process that never becomes ready is ended, and its words are kept."""
    pid = tmp_path / "pid"
    source = "import os, sys, time; print('busy'); print(os.getpid(), file=open(sys.argv[1], 'w')); time.sleep(60)"
    command = OsCommand(argv=script(source, str(pid)), ready=File(tmp_path / "never"), ready_within=2)
    with pytest.raises(PortNotReady) as caught:
        await in_port(command)
    assert caught.value.last_lines == ("busy",)
    assert not alive(int(pid.read_text()))


async def test_an_error_of_the_probe_means_not_yet(tmp_path: Path) -> None:
    """A refused connection is no crash: the server does not listen yet."""
    answers: Iterator[OSError | bool] = iter([OSError("refused"), OSError("refused"), True])

    async def probe() -> bool:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    with trio.CancelScope() as scope:
        await in_port(OsCommand(argv=script("import time; time.sleep(60)"), ready=probe), scope.cancel)
    assert scope.cancelled_caught
    assert list(answers) == []
    assert list(tmp_path.iterdir()) == []


async def test_a_bug_in_the_probe_is_raised_as_it_is(tmp_path: Path) -> None:
    """What is wrong with the probe itself crashes the port, in no group, and the process goes first."""
    pid = tmp_path / "pid"

    async def probe() -> bool:
        return pid.exists() and pid.read_text().endswith("\n") and bool(1 / 0)

    source = "import os, sys, time; open(sys.argv[1], 'w').write(f'{os.getpid()}\\n'); time.sleep(60)"
    with pytest.raises(ZeroDivisionError):
        await in_port(OsCommand(argv=script(source, str(pid)), ready=probe))
    assert not alive(await number_in(pid))


async def test_a_program_that_is_not_there_is_told() -> None:
    """A wrong path is an exit with the launcher's line, not a hang."""
    with pytest.raises(PortExited, match="code 127; its last line: launch: /does/not/exist: No such file"):
        await in_port(OsCommand(argv=("/does/not/exist",)))


async def test_cancellation_sends_the_stop_signal_and_waits(tmp_path: Path) -> None:
    """A cancelled port gives its process the time to end in order."""
    done = tmp_path / "done"
    source = """
        import signal, sys, time
        def stop(*_):
            time.sleep(0.2)
            open(sys.argv[1], "w").write("in order")
            sys.exit(0)
        signal.signal(signal.SIGINT, stop)
        open(sys.argv[2], "w").close()
        time.sleep(60)
    """
    ready = tmp_path / "ready"
    command = OsCommand(argv=script(source, str(done), str(ready)), stop_signal=signal.SIGINT, ready=File(ready))
    with trio.CancelScope() as scope:
        await in_port(command, scope.cancel)
    assert scope.cancelled_caught
    assert done.read_text() == "in order"


async def test_a_deaf_process_is_killed_with_its_group(tmp_path: Path) -> None:
    """After `stop_within`, the process and whom it started are killed, and none is left as a zombie."""
    pids = tmp_path / "child"
    source = """
        import os, signal, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if not (child := os.fork()):
            time.sleep(60)
        open(sys.argv[1], "w").write(f"{child}\\n")
        time.sleep(60)
    """
    before = trio.current_time()
    with trio.CancelScope() as scope:
        await in_port(OsCommand(argv=script(source, str(pids)), stop_within=0.3, ready=File(pids)), scope.cancel)
    assert 0.3 <= trio.current_time() - before < 5
    await gone(await number_in(pids))
    # Other children there may be, the servers of the session; but none that has ended and waits to be reaped.
    with suppress(ChildProcessError):
        assert os.waitpid(-1, os.WNOHANG) == (0, 0)


async def test_a_grandchild_does_not_outlive_the_exit(tmp_path: Path) -> None:
    """When the process ends by itself, the rest of its group goes, though it holds the output open."""
    pid = tmp_path / "pid"
    source = """
        import os, sys, time
        if not (child := os.fork()):
            time.sleep(60)
        open(sys.argv[1], "w").write(f"{child}\\n")
    """
    with pytest.raises(PortExited, match="code 0"):
        await in_port(OsCommand(argv=script(source, str(pid))))
    await gone(await number_in(pid))


async def test_lines_reach_the_log_bounded() -> None:
    """Each line comes whole or cut, a line without end in its first part, and bad bytes replaced."""
    lines: list[str] = []
    source = """
        import sys
        out = sys.stdout.buffer
        out.write(b"short\\r\\n" + b"x" * 3_000_000 + b"\\n" + b"\\xff\\n" + b"last")
    """
    with pytest.raises(PortExited):
        await in_port(OsCommand(argv=script(source), log=lines.append))
    assert [line if len(line) < 10 else len(line) for line in lines] == ["short", LINE_LIMIT, "\ufffd", "last"]


async def test_a_broken_log_does_not_hold_up_the_process() -> None:
    """A log that raises loses lines, and nothing else."""

    def log(_line: str) -> None:
        raise ValueError("full")

    with pytest.raises(PortExited, match="code 0; its last line: 199999"):
        await in_port(OsCommand(argv=script("for i in range(200_000): print(i)"), log=log))


async def test_a_process_that_says_it_serves_no_more_is_stopped(tmp_path: Path) -> None:
    """It runs on and would say nothing else; its supervisor needs an end to act upon."""
    argv = script("""
        import os, pathlib, sys, time
        pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()}\\n")
        print("all is well", "disk full: I store nothing more", sep="\\n")
        time.sleep(600)
    """, str(tmp_path / "pid"))  # fmt: skip
    lines: list[str] = []
    command = OsCommand(argv=argv, log=lines.append, doomed=lambda line: "nothing more" in line)
    with trio.fail_after(LIMIT), pytest.raises(PortDoomed, match="it serves no more: disk full: I store nothing more"):
        await run_port(nothing, command)
    assert lines == ["all is well", "disk full: I store nothing more"]
    await gone(await number_in(tmp_path / "pid"))


async def test_it_has_a_session_of_its_own_and_no_files_of_ours() -> None:
    """A terminal's Ctrl-C does not reach the process, nor do our descriptors."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, False)
    source = "import os; print(os.getsid(0) == os.getpid(), sorted(map(int, os.listdir('/proc/self/fd')))[:3])"
    lines: list[str] = []
    with pytest.raises(PortExited):
        await in_port(OsCommand(argv=script(source), log=lines.append))
    os.close(reader)
    os.close(writer)
    assert lines == ["True [0, 1, 2]"]


async def test_the_program_starts_with_a_clean_slate() -> None:
    """Signals that we ignore or block, and core dumps, are not handed on: the stop signal must work."""
    source = (
        "import resource; print(open('/proc/self/status').read()); print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
    )
    lines: list[str] = []
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        with pytest.raises(PortExited):
            await in_port(OsCommand(argv=script(source), log=lines.append))
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        signal.signal(signal.SIGTERM, before)
    fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert int(fields["SigBlk"], 16) == 0
    assert not int(fields["SigIgn"], 16) & (1 << (signal.SIGTERM - 1))
    assert lines[-1] == "0"


async def test_without_pidfd_the_exit_is_still_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel has no pidfd the port looks again and again."""

    def refused(_pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refused)
    with pytest.raises(PortExited, match="code 4"):
        await in_port(OsCommand(argv=script("import sys, time; time.sleep(0.2); sys.exit(4)")))


@pytest.mark.parametrize("namespace", [False, pytest.param(True, marks=only_root)])
async def test_death_of_the_parent_kills_the_process(tmp_path: Path, namespace: bool) -> None:
    """Kill -9 of us: the kernel ends our process, also when it is in a user namespace."""
    pid = tmp_path / "pid"
    child = script("import os, sys, time; open(sys.argv[1], 'w').write(f'{os.getpid()}\\n'); time.sleep(60)", str(pid))
    tmp_path.chmod(0o755)
    source = f"""
        import sys, trio
        sys.path.insert(0, {str(ROOT)!r})
        from supervisors.port import OsCommand, run_port
        trio.run(run_port, lambda: None, OsCommand(argv={child!r}, as_nobody_namespace={namespace}))
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(source)])
    try:
        number = await number_in(pid)
        await trio.sleep(0.1)
        assert alive(number)
    finally:
        parent.kill()
        parent.wait()
    await gone(number)


@only_root
async def test_root_becomes_nobody_in_a_namespace(tmp_path: Path) -> None:
    """The program sees itself as nobody without rights, and its files belong to root outside."""
    made = tmp_path / "made"
    source = "import os, sys; open(sys.argv[1], 'w').close(); print(os.geteuid(), os.getegid()); os.setuid(0)"
    with pytest.raises(PortExited) as caught:
        await in_port(OsCommand(argv=script(source, str(made)), as_nobody_namespace=True))
    assert "65534 65534" in caught.value.last_lines
    assert "OSError" in caught.value.last_lines[-1] or "PermissionError" in caught.value.last_lines[-1]
    assert made.stat().st_uid == 0


@only_root
async def test_what_the_new_user_can_not_reach_is_told_before_the_start(tmp_path: Path) -> None:
    """A path closed to the user is one line naming it, not a failure of the program later on."""
    closed = tmp_path / "closed"
    (closed / "in").mkdir(parents=True)
    closed.chmod(0o700)
    command = OsCommand(argv=script("pass"), user=(65534, 65534), reach=(closed / "in",))
    with pytest.raises(PortExited, match=r"code 126; its last line: launch: /.*denied"):
        await in_port(command)


async def test_a_supervisor_restarts_a_port_that_ended(tmp_path: Path) -> None:
    """A killed process is a crashed child, restarted like any other; the tree's stop ends the new one."""
    pid = tmp_path / "pid"
    source = "import os, sys, time; open(sys.argv[1], 'w').write(f'{os.getpid()}\\n'); time.sleep(60)"
    name = Registry("ports").name("port")
    command = OsCommand(argv=script(source, str(pid)), ready=File(pid))
    with trio.fail_after(LIMIT):
        async with running(supervisor("os", [task("port", run_port, command, name=name)], intensity=5)):
            old = name.whereis()
            first = await number_in(pid)
            pid.unlink()
            os.kill(first, signal.SIGKILL)
            assert old is not None
            assert (await restarted(name, old)).exit_reason != NORMAL
            second = await number_in(pid)
            assert alive(second)
    assert second != first
    assert not alive(first)
    assert not alive(second)
