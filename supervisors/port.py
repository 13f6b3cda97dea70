"""A port: an operating system process as a child of a supervisor.

The process has its own session and group, dies with the thread that started it (the kernel sends
`parent_death_signal`), and leaves neither orphan nor zombie behind however the port ends:

    postgres = OsCommand(argv=("postgres", "-D", "…"), stop_signal=signal.SIGINT, stop_within=20, ready=probe)
    task("postgres", run_port, postgres, shutdown=25.0)

The child specification's `shutdown` should be longer than `stop_within`: what is left of it is the
time for the kill that follows.
"""

from __future__ import annotations

import errno
import fcntl
import math
import os
import signal
import subprocess
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

LAUNCHER = Path(__file__).with_name("launch.py")
TAIL_LINES = 20
LINE_LIMIT = 4096
PIPE_SIZE = 1 << 20
DRAIN_WITHIN = 0.5
POLL = 0.05
KILL_WITHIN = 5.0


class PortExited(Exception):
    """The process ended by itself; `code` is its exit code (-N: killed by signal N), `last_lines` its last words."""

    def __init__(self, code: int, last_lines: tuple[str, ...]) -> None:
        super().__init__(code, last_lines)
        self.code = code
        self.last_lines = last_lines

    def __str__(self) -> str:
        how = f"killed by signal {-self.code}" if self.code < 0 else f"exited with code {self.code}"
        return f"{how}; {_last_words(self.last_lines)}"


class PortNotReady(Exception):
    """The process runs but did not become ready within `seconds`; it was stopped."""

    def __init__(self, seconds: float, last_lines: tuple[str, ...]) -> None:
        super().__init__(seconds, last_lines)
        self.seconds = seconds
        self.last_lines = last_lines

    def __str__(self) -> str:
        return f"not ready within {self.seconds:g} s; {_last_words(self.last_lines)}"


def _last_words(lines: tuple[str, ...]) -> str:
    return f"its last line: {lines[-1]}" if lines else "it said nothing"


class PortDoomed(Exception):
    """The process runs but has said that it serves no more; it was stopped. `line` is what it said."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line

    def __str__(self) -> str:
        return f"it serves no more: {self.line}"


async def at_once() -> bool:
    """Hold a process ready as soon as it runs."""
    return True


def ignore_line(_line: str) -> None:
    """Drop a line of output."""


def never(_line: str) -> bool:
    """Take no line for a last one."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class OsCommand:
    """What to run and how to know, watch and end it. Times are seconds."""

    argv: tuple[str, ...]
    env: Mapping[str, str] | None = None
    """The whole environment; None: ours."""
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 5.0
    """From the stop signal to SIGKILL for the whole group."""
    parent_death_signal: signal.Signals = signal.SIGKILL
    as_nobody_namespace: bool = False
    """Run as `nobody` of an own user namespace (`launch.py`)."""
    user: tuple[int, int] | None = None
    """Run as this real uid and gid."""
    reach: tuple[Path, ...] = ()
    """Paths the program's user must get to; else it is not started and the port exits with code 126."""
    ready: Callable[[], Awaitable[bool]] = at_once
    """Tells whether the process serves; an OSError means: not yet."""
    ready_within: float = 30.0
    ready_interval: float = 0.02
    log: Callable[[str], None] = field(default=ignore_line)
    """Gets each line of standard output and error, without its end, cut to 4,096 bytes; must not block."""
    doomed: Callable[[str], bool] = never
    """Tells by a line of the output that the process serves no more although it runs."""


def launch_argv(command: OsCommand) -> list[str]:
    """Return the command line that starts the program through `launch.py`, as a child of this process."""
    # -I -S: neither the environment nor site packages take part, and it starts in a third of the time
    argv = [sys.executable, "-I", "-S", str(LAUNCHER)]
    if command.as_nobody_namespace:
        argv.append("--as-nobody-namespace")
    if command.user is not None:
        argv += ["--user", "{}:{}".format(*command.user)]
    for path in command.reach:
        argv += ["--reach", str(path)]
    argv += ["--death-signal", str(int(command.parent_death_signal)), "--parent", str(os.getpid()), "--"]
    return argv + list(command.argv)


def spawn(command: OsCommand) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own, its output in one pipe.

    To be called in the thread that lives longest (Trio's): the kernel counts the death of the
    *thread* as the parent's, and Trio's own `open_process` forks from a worker thread that ends
    after ten idle seconds.
    """
    process = subprocess.Popen(  # noqa: S603 - the command comes from the code
        launch_argv(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        env=None if command.env is None else dict(command.env),
        cwd=command.cwd,
        start_new_session=True,  # a terminal's Ctrl-C is ours to hand on, in order
    )
    assert process.stdout is not None
    with suppress(OSError):  # a wide pipe, so that a busy loop of ours does not make the child wait; not vital
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
    return process


async def run_port(started: Callable[[], object], command: OsCommand) -> None:
    """Run the process as the body of a supervised task: call `started` when it is ready, return never.

    On cancellation the process gets its stop signal and, `stop_within` later, its whole group a
    SIGKILL; this is shielded and bounded, so a killed port still leaves nothing behind.

    Raises:
        PortExited: the process ended by itself, before or after it was ready.
        PortNotReady: it was not ready in time, and was stopped.
        PortDoomed: it said that it serves no more, and was stopped.

    """
    process = spawn(command)
    output = _Output(command)
    tail = output.tail
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        # Shielded: the output must flow until the process has ended, or a full pipe would hold up its stop.
        pumping = trio.CancelScope(shield=True)
        nursery.start_soon(_pump, process, pumping, output)
        try:
            with trio.move_on_after(command.ready_within) as patience, output.hope:
                if await _ready_before_exit(process, command):
                    patience.deadline = math.inf
                    started()
                await _exited(process)
            if output.last_word is not None:
                raise PortDoomed(output.last_word)
            if patience.cancelled_caught:
                raise PortNotReady(command.ready_within, ())
        except Exception as error:  # noqa: BLE001 - broad: raised again below, where no nursery wraps it in a group
            failure = error
        finally:
            # Shielded: whatever ends us, the process goes first. Bounded by stop_within and the kill.
            with trio.CancelScope(shield=True):
                await _end(process, command)
            pumping.deadline = trio.current_time() + DRAIN_WITHIN  # a grandchild may hold the pipe open
    if isinstance(failure, PortNotReady):
        raise PortNotReady(failure.seconds, tuple(tail))
    if failure is not None:
        raise failure
    raise PortExited(process.returncode, tuple(tail))


async def _ready_before_exit(process: subprocess.Popen[bytes], command: OsCommand) -> bool:
    while not _has_exited(process):
        try:
            if await command.ready():
                return True
        except OSError:  # it does not listen yet
            pass
        await trio.sleep(command.ready_interval)
    return False


class _Output:
    """What the process says, line by line; `hope` is cancelled by a line that leaves none."""

    def __init__(self, command: OsCommand) -> None:
        self.log = command.log
        self.doomed = command.doomed
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self.hope = trio.CancelScope()
        self.last_word: str | None = None

    def take(self, line: bytes) -> None:
        text = line[:LINE_LIMIT].decode("utf-8", "replace").rstrip("\r")
        self.tail.append(text)
        # Broad: a log that fails must not stop the pump, and through the full pipe the child.
        with suppress(Exception):
            self.log(text)
        if self.last_word is None and self.doomed(text):
            self.last_word = text
            self.hope.cancel()


async def _pump(process: subprocess.Popen[bytes], scope: trio.CancelScope, output: _Output) -> None:
    assert process.stdout is not None
    rest = b""
    with scope:
        async with trio.lowlevel.FdStream(os.dup(process.stdout.fileno())) as stream:
            process.stdout.close()
            async for chunk in stream:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    output.take(line)
                rest = rest[: LINE_LIMIT + 1]  # a line without end must not grow
    if rest:
        output.take(rest)


def _has_exited(process: subprocess.Popen[bytes]) -> bool:
    # WNOWAIT leaves the zombie: as long as it is there, its pid and group can not become a stranger's.
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return process.returncode is not None or os.waitid(os.P_PID, process.pid, flags) is not None


async def _exited(process: subprocess.Popen[bytes]) -> None:
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError as error:  # an old kernel, a sandbox or no descriptor left: look again and again instead
        if error.errno == errno.ESRCH:
            return
        while not _has_exited(process):  # noqa: ASYNC110 - nobody sets an event for it
            await trio.sleep(POLL)
        return
    try:
        while not _has_exited(process):
            await trio.lowlevel.wait_readable(descriptor)
    finally:
        os.close(descriptor)


async def _end(process: subprocess.Popen[bytes], command: OsCommand) -> None:
    if not _has_exited(process):
        with suppress(ProcessLookupError):
            os.kill(process.pid, command.stop_signal)
        with trio.move_on_after(command.stop_within):
            await _exited(process)
    with suppress(ProcessLookupError, PermissionError):  # whoever is left in the group, the leader too
        os.killpg(process.pid, signal.SIGKILL)
    # Bounded, too: a process in the middle of a broken disk's answer does not hear even that. It is left
    # to the kernel then, and `subprocess` reaps it when another process is started.
    with trio.move_on_after(KILL_WITHIN):
        await _exited(process)
        process.wait()  # reaps; returns at once
