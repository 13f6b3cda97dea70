"""Starting wrongly: one clear line, exit code 2, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def start(data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jagawarga", "serve", "--data", str(data), "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"JAGAWARGA_BODY_LIMIT": "abc"}, "body_limit"),
        ({"JAGAWARGA_PROT": "1"}, "JAGAWARGA_PROT"),
        ({"JAGAWARGA_SLA_TIME_SCALE": "-1"}, "sla_time_scale"),
        ({"JAGAWARGA_CONFIG_DIR": "/nowhere"}, "/nowhere"),
        ({"JAGAWARGA_DATABASE_URL": "nonsense"}, "database_url"),
        ({"JAGAWARGA_DATABASE_URL": "postgresql://a:b@127.0.0.1:9/x"}, "database"),
        ({"JAGAWARGA_NATS_URL": "nats://127.0.0.1:9"}, "bus"),
    ],
)
def test_a_wrong_setting_is_one_line(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    """Whatever is wrong is named in one line; the exit code is 2."""
    done = start(tmp_path / "var", **environment)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert said in done.stderr


def test_a_foreign_directory_is_left_alone(tmp_path: Path) -> None:
    """A directory with somebody else's files is refused, and nothing is written into it."""
    (tmp_path / "thesis.txt").write_text("ten years of work")
    done = start(tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]
