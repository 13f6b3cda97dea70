"""The pipeline benchmark: what it prints. Its figures depend on the machine, so none is judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_its_parts_make_the_whole() -> None:
    """Everything sent is durable; each stage costs something, and with what lies between them they are the whole."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.bench.pipeline_rows.main", "--json", "--rounds", "1", "--number", "300"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1000:]
    found = json.loads(done.stdout)
    assert sum(found["answers"].values()) == 300
    assert found["answers"].keys() <= {"201", "202"}
    assert {each["name"] for each in found["stages"]} >= {"authenticate", "validate", "redact", "write", "publish"}
    assert all(each["us"] > 0 and 0 < each["share"] <= 1 for each in found["stages"])
    assert abs(found["stages_us"] - sum(each["us"] * each["share"] for each in found["stages"])) < 1e-6
    assert abs(found["stages_us"] + found["between_stages_us"] - found["with_readers"]["us"]) < 1e-6
    assert found["bare"]["per_second"] > 0
    assert 1 <= found["batch"] <= 256
    assert found["p50_ms"] <= found["p99_ms"]
    assert found["path_us"]["met"] == (found["path_us"]["figure"] <= found["path_us"]["reach"])
