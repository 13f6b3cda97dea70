"""Descriptors: as many as we may have, and some of them for other things than connections."""

from __future__ import annotations

import subprocess
import sys

from jagawarga.edge.descriptors import KEPT, room_for_connections

LOOK = "from jagawarga.edge.descriptors import *; import resource as r; {} ; print(room_for_connections())"


def of_another(before: str) -> int:
    done = subprocess.run([sys.executable, "-c", LOOK.format(before)], capture_output=True, check=True, text=True)
    return int(done.stdout)


def test_some_are_kept() -> None:
    """However few there are, there is room for some connections."""
    assert of_another("r.setrlimit(r.RLIMIT_NOFILE, (1024, 4096))") == 1024 - KEPT
    assert of_another("r.setrlimit(r.RLIMIT_NOFILE, (64, 64))") > 0
    assert room_for_connections() > 0


def test_the_limit_is_raised_to_what_we_may_have() -> None:
    """Not beyond it, and never lowered."""
    assert of_another("r.setrlimit(r.RLIMIT_NOFILE, (1024, 4096)); raise_limit()") == 4096 - KEPT
    assert of_another("r.setrlimit(r.RLIMIT_NOFILE, (4096, 4096)); raise_limit()") == 4096 - KEPT
