"""The package's README tells the truth."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import supervisors

README = Path(supervisors.__file__).with_name("README.md").read_text(encoding="utf-8")


def test_the_example_runs_as_printed(tmp_path: Path) -> None:
    """The first program in the README prints what the README says it prints, and is about 30 lines long."""
    program, output = re.findall(r"```(?:python)?\n(.*?)```", README, re.DOTALL)[:2]
    assert len(program.splitlines()) <= 32
    file = tmp_path / "example.py"
    file.write_text(program, encoding="utf-8")
    root = str(Path(supervisors.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-W", "error", str(file)],
        env={"PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == output


def test_every_file_it_names_exists() -> None:
    """Its table of rooms names no room that is not there."""
    here = Path(supervisors.__file__).parent
    for name in re.findall(r"`(\w+\.py)`", README):
        assert (here / name).exists(), name


def test_the_library_stands_alone() -> None:
    """Importing it brings in neither JagaWarga nor any optional dependency."""
    root = str(Path(supervisors.__file__).parents[1])
    code = "import sys, supervisors; print([m for m in ('jagawarga','opentelemetry','structlog','hypothesis') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": root}, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
