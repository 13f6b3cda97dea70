"""A short chaos run: actors of all kinds die while reports are filed, and every promise is kept."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from supervisors.control import ControlError
from tests.scenarios.house import House, house

ROOT = Path(__file__).resolve().parents[2]


SHORT = ["--seconds", "4", "--seed", "7", "--load", "10", "--grace", "6", "--json"]
"""Beside other tests on a small machine: that nothing is lost is judged as ever, lateness with more patience."""


@pytest.mark.parametrize("names", [("actors", "clock"), ("ports", "database", "process"), ("broker", "both", "restart"), ("hole", "disk")])  # fmt: skip
def test_every_promise_is_kept_while_things_break(names: tuple[str, ...]) -> None:
    """A short run of each scenario; the full ones of the same tool are for the command line."""
    jobs = str(len(names))
    done = subprocess.run(
        [sys.executable, "-m", "scripts.chaos.main", *names, *SHORT, "--jobs", jobs],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.stdout, done.stderr[-2000:]
    for name, found in json.loads(done.stdout)["scenarios"].items():
        if "refused" in found and name == "disk" and "unshare" in found["refused"]:
            pytest.skip(f"no file system of its own here: {found['refused']}")
        assert "refused" not in found, found["refused"]
        assert found["audit"] is not None, found["ended"]
        assert found["audit"]["faults"] == {}, (name, found["audit"]["faults"])
        assert found["good"], found
        assert found["kills"] > 0
        assert found["submissions"]["acknowledged"] > 0
    assert done.returncode == 0


def test_a_subtree_and_the_server_it_needs_may_die_together(tmp_path: Path) -> None:
    """What can not start while its server is away is tried again with pauses: the root does not lose its patience."""
    with house(tmp_path) as running:
        for server, needs_it in (("postgres", "plumbing"), ("nats", "plumbing"), ("postgres", "catalogue")):
            running.control("kill", actor=f"embedded/{server}")
            _kill(running, f"jagawarga/{needs_it}")
            end = time.monotonic() + 30
            while not _is_ready(running):
                assert running.process is not None
                assert running.process.poll() is None, running.log.read_text()[-1000:]
                assert time.monotonic() < end, "not ready within 30 s"
                time.sleep(0.1)


def _kill(running: House, actor: str) -> None:
    """Kill an actor that may be on its way up again: then there is nobody of its name for a moment."""
    end = time.monotonic() + 10
    while True:
        try:
            running.control("kill", actor=actor)
        except ControlError:
            assert time.monotonic() < end, "still nobody of that name"
            time.sleep(0.01)
        else:
            return


def _is_ready(running: House) -> bool:
    try:
        return running.http.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
