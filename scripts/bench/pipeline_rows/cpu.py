"""Who has used the processors: this process with its threads, and the servers that are its children."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")
_PPID, _FIRST_TIME = 1, 11
"""Places in `proc(5)` stat behind the name: parent; utime, stime, cutime, cstime."""


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds of processor time; of the servers with all their processes, ended ones too."""

    ours: float
    postgres: float
    nats: float

    def since(self, before: Used) -> Used:
        """What was used between two looks."""
        return Used(self.ours - before.ours, self.postgres - before.postgres, self.nats - before.nats)


def used() -> Used:
    """Look now. Of the servers in ticks of the kernel's clock, so over short times they are rough."""
    stats = _stats()
    servers = {"postgres": 0.0, "nats-server": 0.0}
    for pid, (name, _, seconds) in stats.items():
        if name in servers and os.getpid() in _ancestors(pid, stats):
            servers[name] += seconds
    return Used(time.process_time(), servers["postgres"], servers["nats-server"])


def _stats() -> dict[int, tuple[str, int, float]]:
    found: dict[int, tuple[str, int, float]] = {}
    for directory in Path("/proc").iterdir():
        if directory.name.isdecimal():
            try:
                text = (directory / "stat").read_text("utf-8", "replace")
            except OSError:
                continue  # it has just ended
            head, _, tail = text.rpartition(")")
            fields = tail.split()
            ticks = sum(int(each) for each in fields[_FIRST_TIME : _FIRST_TIME + 4])
            found[int(directory.name)] = (head.partition("(")[2], int(fields[_PPID]), ticks * TICK)
    return found


def _ancestors(pid: int, stats: dict[int, tuple[str, int, float]]) -> set[int]:
    above: set[int] = set()
    while pid in stats and pid not in above:
        above.add(pid)
        pid = stats[pid][1]
    return above
