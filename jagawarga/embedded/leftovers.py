"""Finds and ends servers that an earlier life of ours left behind; never a stranger.

The kernel sends our children their death signal when we are killed, so there is seldom anything to
find: a server that was just ending, or one started on a kernel that did not keep the promise. A
process is ours by what it has open or was told on its command line, not by a pid noted in a file.
"""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def working_in(program: str, directory: Path) -> list[int]:
    """Pids of processes of that program whose working directory it is (each process of a PostgreSQL cluster)."""
    directory = directory.resolve()
    return [
        pid
        for pid in _pids()
        if _link(pid, "cwd") == str(directory) and Path(_link(pid, "exe").removesuffix(" (deleted)")).name == program
    ]


def told(program: str, argument: Path) -> list[int]:
    """Pids of processes of that program that have the path as an argument of their own."""
    found = []
    for pid in _pids():
        with suppress(OSError):
            name, *arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if os.path.basename(name) == program.encode() and os.fsencode(argument) in arguments:  # noqa: PTH119 - bytes
                found.append(pid)
    return found


def end(pids: list[int], stop: signal.Signals, within: float) -> None:
    """Send the signal, wait until all are gone, and kill who is not after `within` seconds."""
    watched = {}
    for pid in pids:
        with suppress(ProcessLookupError):
            watched[os.pidfd_open(pid)] = pid
    try:
        for number, seconds in ((stop, within), (signal.SIGKILL, within)):
            for descriptor in watched:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(descriptor, number)
            _wait(watched, seconds)
    finally:
        for descriptor in watched:
            os.close(descriptor)


def _wait(watched: dict[int, int], seconds: float) -> None:
    until = time.monotonic() + seconds
    while watched and (left := until - time.monotonic()) > 0:
        for descriptor in select.select(list(watched), (), (), left)[0]:
            os.close(descriptor)
            del watched[descriptor]


def _pids() -> Iterator[int]:
    own = os.getpid()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != own:
            yield int(entry.name)


def _link(pid: int, name: str) -> str:
    try:
        return str(Path(f"/proc/{pid}/{name}").readlink())
    except OSError:  # gone, a kernel thread, or another user's
        return ""
