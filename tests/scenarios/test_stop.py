"""A stop that meets something that hangs: bounded, and at once for who says it twice."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.scenarios.house import House

BOUND = 20.0
"""Seconds, as README and `docs/durability.md` say."""


@pytest.fixture
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="jw-", ignore_cleanup_errors=True) as place:
        made = House(Path(place) / "var", Path(place) / "log.txt", {})
        made.start()
        try:
            yield made
        finally:
            for each in servers_of(made):
                os.kill(each, signal.SIGCONT)
            made.stop(signal.SIGKILL)
            for each in servers_of(made):
                os.kill(each, signal.SIGKILL)
            made.http.close()


def servers_of(house: House) -> list[int]:
    """The embedded servers' own processes, by the directory they were started with."""
    mine = house.process.pid if house.process else None
    place = str(house.data.resolve())
    running = ((each.pid, each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"]))
    return [pid for pid, command in running if pid != mine and any(place in word for word in command)]


def test_a_stop_is_bounded_whatever_hangs(house: House) -> None:
    """Database and broker give no sign of life any more."""
    for each in servers_of(house):
        os.kill(each, signal.SIGSTOP)
    began = time.monotonic()
    house.stop()
    assert time.monotonic() - began < BOUND
    assert "Traceback" not in house.log.read_text()


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_whoever_says_it_twice_means_it(house: House, how: signal.Signals, code: int) -> None:
    """One line, the signal's exit code, and a start that finds its way."""
    for each in servers_of(house):
        os.kill(each, signal.SIGSTOP)
    assert house.process is not None
    house.process.send_signal(how)
    time.sleep(0.5)
    began = time.monotonic()
    assert house.stop(how) == code
    assert time.monotonic() - began < 2
    said = house.log.read_text()
    assert "Traceback" not in said
    assert said.rstrip().endswith("what was running is ended by the next start")
    house.start()
    assert house.stop() == 0
