"""A short chaos run: actors of all kinds die while reports are filed, and every promise is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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
