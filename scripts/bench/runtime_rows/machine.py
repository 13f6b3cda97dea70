"""Where the figures come from: the machine, its software, and the version of the code."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import trio

ROOT = Path(__file__).resolve().parents[3]


def resident() -> int:
    """Bytes of memory this process has in use now (Linux: `proc(5)`, statm)."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def facts() -> dict[str, Any]:
    """Say what others need to know to judge a figure."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "model": _first("/proc/cpuinfo", "model name"),
        "ram_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "load": os.getloadavg()[0],
        "kernel": platform.release(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "trio": trio.__version__,
        "commit": _git("rev-parse", "--short=12", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain")),
    }


def _first(path: str, field: str) -> str | None:
    """Find the first line `field : value` of a file of the kernel's."""
    for line in Path(path).read_text("utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip()
    return None


def _git(*words: str) -> str | None:
    """Ask git; `None` where there is none, as in an installed copy."""
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603, S607
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
