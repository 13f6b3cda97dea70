"""A JagaWarga of one's own for a while: a process with a temporary data directory on a free port.

It dies with the program that started it, and leaves no file behind.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from jagawarga.cli.control import control_path
from jagawarga.client import Client
from supervisors.control import request
from supervisors.port import OsCommand, run_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN = 90.0
STOP_WITHIN = 30.0
LINES_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Instance:
    """A running process: its address, its data directory, and what it has logged."""

    url: str
    data: Path
    log: deque[str] = field(default_factory=lambda: deque(maxlen=LINES_KEPT), repr=False)

    async def ask(self, op: str, within: float = 35.0, /, **args: Any) -> Any:
        """Ask over the control socket; raises what `supervisors.control.request` raises."""
        # Abandoned when cancelled: a thread that waits for a socket must not hold up a Ctrl-C.
        return await trio.to_thread.run_sync(
            lambda: request(control_path(self.data), op, within, **args), abandon_on_cancel=True
        )


@asynccontextmanager
async def own_instance(name: str, environment: Mapping[str, str]) -> AsyncIterator[Instance]:
    """Run a process for the block; its settings come from `environment` and from nothing around us."""
    directory = Path(tempfile.mkdtemp(prefix=f"jagawarga-{name}-"))
    port = free_port()
    instance = Instance(f"http://127.0.0.1:{port}", directory / "var")
    try:
        async with Client(instance.url, timeout=5.0) as client, trio.open_nursery() as nursery:
            command = OsCommand(
                argv=(sys.executable, "-m", "jagawarga", "serve", "--data", str(instance.data), "--port", str(port)),
                env=house_environment(environment),
                cwd=ROOT,
                stop_within=STOP_WITHIN,
                ready=client.is_ready,
                ready_within=READY_WITHIN,
                ready_interval=0.1,
                log=instance.log.append,
            )
            ready = trio.Event()
            nursery.start_soon(run_port, ready.set, command)
            await ready.wait()
            yield instance
            nursery.cancel_scope.cancel()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def house_environment(wanted: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with these settings, and none that happen to be around us."""
    around = {name: value for name, value in os.environ.items() if not name.startswith("JAGAWARGA_")}
    python_path = os.pathsep.join(filter(None, (str(ROOT), around.get("PYTHONPATH"))))
    return around | {"PYTHONPATH": python_path, "JAGAWARGA_HOST": "127.0.0.1"} | dict(wanted)


def free_port() -> int:
    """Return a port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
