"""A short chaos run: actors of all kinds die while reports are filed, and every promise is kept."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.scenarios.house import House, house

ROOT = Path(__file__).resolve().parents[2]


def test_every_promise_is_kept_while_actors_die() -> None:
    """Ten seconds, five kills a second; the full run of the same tool is for the command line."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.chaos.main", "--seconds", "10", "--seed", "7", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    found = json.loads(done.stdout)
    assert found["audit"] is not None, found["ended"]
    assert found["audit"]["faults"] == {}
    assert found["good"]
    assert done.returncode == 0
    assert found["kills"] > 20
    assert found["submissions"]["acknowledged"] > 50


def test_a_subtree_and_the_server_it_needs_may_die_together(tmp_path: Path) -> None:
    """What can not start while its server is away is tried again with pauses: the root does not lose its patience."""
    with house(tmp_path) as running:
        for server, needs_it in (("postgres", "plumbing"), ("nats", "plumbing"), ("postgres", "catalogue")):
            running.control("kill", actor=f"embedded/{server}")
            running.control("kill", actor=f"jagawarga/{needs_it}")
            end = time.monotonic() + 30
            while not _is_ready(running):
                assert running.process is not None
                assert running.process.poll() is None, running.log.read_text()[-1000:]
                assert time.monotonic() < end, "not ready within 30 s"
                time.sleep(0.1)


def _is_ready(running: House) -> bool:
    try:
        return running.http.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
