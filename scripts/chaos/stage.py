"""The house under trial: a process with a data directory of its own that may be killed, stopped and started again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import trio

from jagawarga.cli.control import control_path
from jagawarga.cli.instance import ROOT, free_port, house_environment
from jagawarga.client import Client
from jagawarga.embedded.nats import greets
from jagawarga.embedded.postgres import answers
from jagawarga.embedded.sockets import SOCKET_NAME
from supervisors.control import ControlError, NotRunning, request
from supervisors.port import OsCommand, PortExited, PortNotReady, launch_argv

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

READY_WITHIN = 90.0
STOP_WITHIN = 40.0
LAST_WORDS = 20
LOOK_EVERY = 0.05


class Stage:
    """A house that is started, broken and started again at the same address with the same data."""

    def __init__(
        self, url: str, data: Path, environment: Mapping[str, str] | None = None, program: str = "jagawarga"
    ) -> None:
        self.url = url
        self.data = data
        self.lives = 0
        self._program = program
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._probes: dict[str, Callable[[], Awaitable[bool]]] = {}

    @property
    def pid(self) -> int | None:
        """Of the running process, if it is ours."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process; it is not ready then. Called from the main thread, with which it dies."""
        self.lives += 1
        command = OsCommand(
            argv=(
                *(sys.executable, "-m", self._program, "serve"),
                *("--data", str(self.data), "--port", str(urlsplit(self.url).port)),
            ),
            parent_death_signal=signal.SIGTERM,
        )
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                launch_argv(command),
                cwd=ROOT,
                env=house_environment(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    async def ready(self) -> float:
        """Wait until every part is ready and return after how many seconds; `PortExited` or `PortNotReady`."""
        begun = trio.current_time()
        async with Client(self.url, timeout=2.0) as client:
            while trio.current_time() < begun + READY_WITHIN:
                self.check()
                if await client.is_ready():
                    await self._find_servers()
                    return trio.current_time() - begun
                await trio.sleep(LOOK_EVERY)
        raise PortNotReady(READY_WITHIN, self.last_words())

    def check(self) -> None:
        """Raise `PortExited` when the process has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise PortExited(self._process.returncode, self.last_words())

    async def kill(self) -> None:
        """End the process by SIGKILL; its embedded servers die with it."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Stop the process in good order and return its exit code; killed when it takes too long."""
        return await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        # Shielded and bounded: whatever ends the trial, the house goes first.
        with trio.move_on_after(STOP_WITHIN, shield=True):
            while process.poll() is None:  # noqa: ASYNC110 - nobody sets an event for it
                await trio.sleep(0.02)
        if process.poll() is None:
            process.kill()
        return process.wait()

    async def ask(self, op: str, within: float = 35.0, /, **args: Any) -> Any:
        """Ask over the control socket; raises what `supervisors.control.request` raises."""
        # Abandoned when cancelled: a thread that waits for a socket must not hold up a Ctrl-C.
        return await trio.to_thread.run_sync(
            lambda: request(control_path(self.data), op, within, **args), abandon_on_cancel=True
        )

    async def addresses(self) -> tuple[str, str]:
        """Of the database and of the broker, for who looks at them from outside."""
        return await self.ask("dsn"), await self.ask("nats_url")

    def probes(self) -> Mapping[str, Callable[[], Awaitable[bool]]]:
        """Ask each server in its own words whether it serves; where the embedded ones were found when last ready."""
        return self._probes

    async def _find_servers(self) -> None:
        with suppress(NotRunning, ControlError):
            dsn, nats_url = await self.addresses()
            directory = parse_qs(urlsplit(dsn).query).get("host")
            if directory:
                socket = Path(directory[0]) / SOCKET_NAME
                pid_file = self.data / "postgres" / "postmaster.pid"
                port = urlsplit(nats_url).port or 0
                self._probes = {"database": lambda: answers(socket, pid_file), "broker": lambda: greets(port)}

    @property
    def _log(self) -> Path:
        return self.data.parent / "log.txt"

    def last_words(self) -> tuple[str, ...]:
        """What the process said last."""
        with suppress(OSError):
            return tuple(self._log.read_text(errors="replace").splitlines()[-LAST_WORDS:])
        return ()


@asynccontextmanager
async def own_stage(
    name: str,
    environment: Mapping[str, str],
    *,
    inside: Path | None = None,
    program: str = "jagawarga",
) -> AsyncIterator[Stage]:
    """Give a running house in a temporary directory (under `inside`) for the block; nothing is left behind it."""
    directory = Path(tempfile.mkdtemp(prefix=f"jagawarga-{name}-", dir=inside))
    stage = Stage(f"http://127.0.0.1:{free_port()}", directory / "var", environment, program)
    try:
        stage.start()
        await stage.ready()
        yield stage
    finally:
        await stage.stop()
        shutil.rmtree(directory, ignore_errors=True)
