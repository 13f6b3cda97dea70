"""The runtime benchmark: what it prints. Its figures depend on the machine, so none is judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.bench.runtime_rows.main", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_json_names_the_machine_and_each_row_with_its_goal_and_its_bare_counterpart() -> None:
    """A tiny run has the shape of a real one; what it reached is left open."""
    done = bench("--json", "--rows", "spawn_100k,kill_restart", "--size", "20", "--repetitions", "2")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["machine"]["cores"] >= 1
    assert set(found["machine"]) >= {"model", "ram_bytes", "kernel", "python", "trio", "commit"}
    assert [row["name"] for row in found["rows"]] == [
        "spawn_100k",
        "kill_restart.p50",
        "kill_restart.p99",
        "kill_restart.worst",
    ]
    for row in found["rows"]:
        assert row["size"] == 20
        assert row["met"] is None
        assert row["repetitions"] == len(row["each"]) == 2
        assert min(row["each"]) <= row["figure"] <= max(row["each"])
        (bare,) = row["bare"]
        assert bare["ratio"] == pytest.approx(row["figure"] / bare["figure"])
        assert len(bare["each"]) == 2


def test_people_get_a_table() -> None:
    """Without `--json`: a line on the machine, a heading, a line a figure."""
    done = bench("--rows", "call_queued", "--size", "20", "--repetitions", "1")
    assert done.returncode == 0, done.stderr
    machine, heading, line = done.stdout.splitlines()
    assert "trio" in machine
    assert heading.split()[:3] == ["row", "figure", "reach"]
    assert line.split()[0] == "call_queued"


def test_an_unknown_row_is_refused_in_one_line() -> None:
    """Exit code 2, naming what was got and what there is."""
    done = bench("--rows", "call_queud")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "call_queud" in done.stderr
    assert "call_queued" in done.stderr
