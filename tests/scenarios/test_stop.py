"""A stop that meets something that hangs: bounded, and at once for who says it twice."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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


@pytest.mark.parametrize("under_way", [0, 10])
def test_a_stop_is_bounded_whatever_hangs(house: House, under_way: int) -> None:
    """Database and broker give no sign of life any more, and reports are on their way to them."""
    citizen = house.sign_in_as("citizen")
    body = {
        "privacy": "private",
        "category": "jalan-rusak",
        "text": "Jalan berlubang",
        "latitude": -6.9,
        "longitude": 107.6,
    }
    for each in servers_of(house):
        os.kill(each, signal.SIGSTOP)
    with ThreadPoolExecutor(max(1, under_way)) as waiting:
        for _ in range(under_way):
            waiting.submit(house.http.post, "/v1/reports", json=body, headers=citizen, timeout=30)
        time.sleep(0.7)
        began = time.monotonic()
        house.stop()
        took = time.monotonic() - began
    assert took < BOUND
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
