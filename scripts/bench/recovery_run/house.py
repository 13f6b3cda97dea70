"""The process that is measured, as its user starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from jagawarga.cli.control import control_path
from supervisors.control import request

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[3]
STOP_WITHIN = 120.0
_TICKS = os.sysconf("SC_CLK_TCK")


class House:
    """A process on a data directory; started and stopped as often as one likes."""

    def __init__(self, data: Path, environment: Mapping[str, str]) -> None:
        self.data = data
        self.log = data.parent / "log.txt"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns at once."""
        around = {name: value for name, value in os.environ.items() if not name.startswith("JAGAWARGA_")}
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "jagawarga", "serve", "--data", str(self.data), "--port", str(self.port)],
                cwd=ROOT,
                env=around | {"PYTHONPATH": str(ROOT)} | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def wait_ready(self, within: float = 120.0) -> None:
        """Wait until all of it is up; raises `RuntimeError` with its last words."""
        end = time.monotonic() + within
        while time.monotonic() < end and self.running():
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        msg = f"the process is not ready: {self.log.read_text()[-1000:]}"
        raise RuntimeError(msg)

    def running(self) -> bool:
        """True while it has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> float:
        """Stop it in good order; returns the seconds that took."""
        process, self._process = self._process, None
        if process is None:
            return 0.0
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return time.monotonic() - began

    def ask(self, op: str, within: float = 20.0, **args: Any) -> Any:
        """Ask over the control socket."""
        return request(control_path(self.data), op, within, **args)

    def memory(self) -> tuple[int, int]:
        """Bytes in use now, and at most so far."""
        words = {}
        for line in self._proc("status").splitlines():
            name, _, rest = line.partition(":")
            words[name] = rest.split()
        return int(words["VmRSS"][0]) * 1024, int(words["VmHWM"][0]) * 1024

    def cpu_seconds(self) -> float:
        """What it has used of the processors, its servers not counted."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _proc(self, name: str) -> str:
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/{name}").read_text("ascii")
