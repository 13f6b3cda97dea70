"""The demonstration as a user runs it: every claim holds, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "jagawarga.cli.demo"]


def started(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    return subprocess.Popen(
        [*COMMAND, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """Give a temporary directory with a short path, for the sockets' sake."""
    with tempfile.TemporaryDirectory(prefix="jd-") as path:
        yield Path(path)


def test_every_claim_of_the_demonstration_holds(short_tmp: Path) -> None:
    """The source's proof of concept, in under a minute on a machine that has nothing else to do."""
    demo = started(short_tmp, "--json")
    out, err = demo.communicate(timeout=180)
    facts = json.loads(out)
    broken = [check for check in facts["checks"] if not check["held"]]
    assert broken == []
    assert (demo.returncode, err) == (0, "")
    assert len(facts["checks"]) > 15
    assert list(short_tmp.iterdir()) == []


def test_every_step_of_the_tour_works(short_tmp: Path) -> None:
    """The public API as citizen, anonymous reporter, officers, agency head and mayor."""
    environment = {**os.environ, "TMPDIR": str(short_tmp)}
    tour = subprocess.run(
        [sys.executable, "-m", "jagawarga.cli.tour", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    facts = json.loads(tour.stdout)
    assert [check for check in facts["checks"] if not check["held"]] == []
    assert (tour.returncode, tour.stderr) == (0, "")
    assert len(facts["checks"]) > 50
    assert list(short_tmp.iterdir()) == []


def test_an_interrupted_demonstration_cleans_up(short_tmp: Path) -> None:
    """Ctrl-C in the middle: the servers are stopped and the directory is gone."""
    demo = started(short_tmp)
    assert demo.stdout is not None
    for line in demo.stdout:
        if "it is ready" in line:
            break
    time.sleep(1)
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert list(short_tmp.iterdir()) == []
