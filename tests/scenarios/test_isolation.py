"""Who it is not for finds nothing: every endpoint as every stranger, every table as every role."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from jagawarga.edge.site import ROUTES

ROOT = Path(__file__).resolve().parents[2]


def test_the_probe_finds_nothing() -> None:
    """No word, no number, no change; and it has asked nearly everything there is."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.probe_rows.main", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["leaks"] == []
    assert found["server_errors"] == []
    assert found["statements_that_should_not_work"] == []
    assert found["reports_changed_by_strangers"] == 0
    assert not found["canned_answers_changed_by_strangers"]
    assert found["good"]
    # But for streams, and for what one may do with an account of one's own.
    assert found["routes"] >= len(ROUTES) - 10
    assert found["requests"] > 1000
    assert found["statements_refused_or_empty"] > 150
