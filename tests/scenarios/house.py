"""A whole JagaWarga as its user starts it: one process with its own data directory on a free port."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from supervisors.control import request
from tests.conformance import held_too

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT = 60.0
STOP_LIMIT = 30.0


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class House:
    """One running process: its API, its control socket, its logs."""

    def __init__(self, data: Path, log: Path, environment: Mapping[str, str], program: str = "jagawarga") -> None:
        self.data = data
        self.program = program
        self.log = log
        self.port = free_port()
        self.environment = dict(environment)
        self.process: subprocess.Popen[bytes] | None = None
        hooks = {"response": [held_too]}
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20, event_hooks=hooks)

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "JAGAWARGA_SLA_TIME_SCALE": "21600",
            "JAGAWARGA_ANONYMOUS_TIME_GRANULARITY": "1",
            **self.environment,
        }
        command = [sys.executable, "-m", self.program, "serve", "--data", str(self.data), "--port", str(self.port)]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        end = time.monotonic() + START_LIMIT
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                if self.http.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        msg = f"not ready: {self.log.read_text()[-2000:]}"
        raise AssertionError(msg)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process by a signal and return its exit code."""
        if self.process is None:
            return 0
        process, self.process = self.process, None
        process.send_signal(how)
        try:
            return process.wait(STOP_LIMIT)
        finally:
            process.kill()

    def control(self, op: str, **args: Any) -> Any:
        """Ask over the control socket."""
        return request(self.data / "run" / "control.sock", op, 30, **args)

    def accounts(self) -> list[dict[str, Any]]:
        """The seeded accounts with their passwords."""
        accounts: list[dict[str, Any]] = json.loads((self.data / "accounts.json").read_text())
        return accounts

    def sign_in(self, username: str, password: str) -> dict[str, str]:
        """Headers that authenticate."""
        answer = self.http.post("/v1/sessions", json={"username": username, "password": password})
        answer.raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def sign_in_as(self, role: str, agency: str | None = None) -> dict[str, str]:
        """Sign in as the first seeded account of that role and agency."""
        for account in self.accounts():
            if account["role"] == role and (agency is None or account["agency"] == agency):
                return self.sign_in(account["username"], account["password"])
        msg = f"no seeded {role} of {agency}"
        raise AssertionError(msg)


@contextmanager
def house(directory: Path, program: str = "jagawarga", /, **environment: str) -> Iterator[House]:
    """A house in `directory` for the block; nothing is left running behind it."""
    made = House(directory / "var", directory / "log.txt", environment, program)
    made.start()
    try:
        yield made
    finally:
        made.http.close()
        made.stop()
