"""Admission: how the limit is found, who is turned away, and what they are told."""

from __future__ import annotations

from collections import deque

import pytest

from jagawarga.edge.admission import (
    CEILING,
    FIRST,
    INTERVAL,
    LEAST,
    LONGEST,
    SHORTEST,
    STANDSTILL,
    STUCK,
    TARGET,
    Admission,
    Place,
)


class Server:
    """Answers one submission after the other, each taking `seconds`, in simulated time."""

    def __init__(self, admission: Admission, seconds: float) -> None:
        self.admission = admission
        self.seconds = seconds
        self.queue: deque[tuple[float, Place]] = deque()
        self.free = 0.0
        self.latencies: list[float] = []

    def run(self, begin: float, until: float, per_second: float) -> int:
        """Submissions arrive evenly; return how many were turned away."""
        shed, at, number = 0, begin, 0
        while at < until:
            while self.queue and self.queue[0][0] <= at:
                end, place = self.queue.popleft()
                self.latencies.append(end - place.since)
                self.admission.leave(place, end, counts=True)
            place_now = self.admission.enter(at)
            if place_now is None:
                shed += 1
            else:
                self.free = max(self.free, at) + self.seconds
                self.queue.append((self.free, place_now))
            number += 1
            at = begin + number / per_second
        return shed


def test_below_capacity_nobody_is_turned_away() -> None:
    """A steady load that can be met is met, for as long as you like."""
    server = Server(Admission(), 1 / 1000)
    assert server.run(0.0, 20.0, 900) == 0
    assert max(server.latencies) < TARGET


@pytest.mark.parametrize("capacity", [100, 400, 2_000])
def test_overload_keeps_the_delay_near_the_target(capacity: int) -> None:
    """Whatever the capacity, twenty times as much is cut to it: it stays in use, and who is let in waits little."""
    server = Server(Admission(), 1 / capacity)
    server.run(0.0, 10.0, capacity * 20)
    server.latencies.clear()
    server.run(10.0, 30.0, capacity * 20)
    assert max(server.latencies) < 4 * TARGET
    assert len(server.latencies) > 0.9 * capacity * 20


def test_after_the_surge_all_come_in_again() -> None:
    """Nothing of a surge is left in the limit that a normal load would feel."""
    server = Server(Admission(), 1 / 500)
    server.run(0.0, 10.0, 10_000)
    assert server.run(12.0, 30.0, 400) == 0


def test_a_burst_that_drains_is_no_overload() -> None:
    """Only a delay that stands for a whole interval counts."""
    admission = Admission()
    for round_ in range(20):
        begin = round_ * INTERVAL
        slow, quick = admission.enter(begin), admission.enter(begin)
        assert slow is not None
        assert quick is not None
        admission.leave(quick, begin + TARGET / 10, counts=True)
        admission.leave(slow, begin + TARGET * 0.99, counts=True)
    assert admission.limit == FIRST


def test_a_late_loop_is_overload_too() -> None:
    """Even when nothing is answered at all, what is late is seen."""
    admission = Admission()
    for number in range(1, 100):
        admission.lagged(number * INTERVAL, TARGET * 2)
    assert admission.limit == LEAST


def test_a_standstill_is_no_overload() -> None:
    """When nothing is answered, the database is away, and whoever comes may wait with the broker; up to the ceiling."""
    admission = Admission(LEAST)
    while admission.enter(0.0) is not None:
        pass
    assert admission.under_way == LEAST
    for look in range(STANDSTILL):
        assert admission.enter(0.1 * look) is None
        admission.lagged(0.1 * look, 0.001)
    while admission.enter(0.1 * STANDSTILL) is not None:
        pass
    assert admission.under_way == CEILING


def test_a_loop_that_is_late_is_no_standstill() -> None:
    """It answers nobody because too many have come, and more would make it worse."""
    admission = Admission(LEAST)
    while admission.enter(0.0) is not None:
        pass
    for look in range(1, 20):
        admission.lagged(float(look), TARGET * 2)
        assert admission.enter(float(look)) is None
    assert admission.under_way == LEAST


def test_places_held_for_long_do_not_count() -> None:
    """Those who wait out a database that is away leave room for those who go past it; the ceiling counts them."""
    admission = Admission(LEAST)
    held = [admission.enter(0.0) for _ in range(int(LEAST))]
    assert None not in held
    assert admission.enter(0.1) is None
    fresh = admission.enter(STUCK)
    assert fresh is not None
    admission.leave(fresh, STUCK + 0.01, counts=False)
    assert admission.enter(STUCK + 0.02) is not None
    assert admission.under_way == LEAST + 1
    for place in held:
        assert place is not None
        admission.leave(place, STUCK + 0.03, counts=False)
    assert admission.under_way == 1


def test_refusals_say_nothing_of_the_pace() -> None:
    """A slow 422, of a client that sends its body by drops, makes nobody else wait outside."""
    admission = Admission()
    for number in range(100):
        place = admission.enter(number * 1.0)
        assert place is not None
        admission.leave(place, number * 1.0 + 0.9, counts=False)
    assert admission.limit == FIRST


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_retry_after_is_bounded(chance: float) -> None:
    """At least a second, never more than half a minute, and longer the more are turned away."""
    calm, stormy = Admission(), Admission(LEAST)
    Server(stormy, 1 / 20).run(0.0, 5.0, 20_000)
    assert calm.retry_after(chance) >= SHORTEST
    assert calm.retry_after(chance) <= stormy.retry_after(chance) <= LONGEST


def test_retry_after_differs() -> None:
    """They do not all come back in the same second."""
    stormy = Admission(LEAST)
    Server(stormy, 1 / 100).run(0.0, 5.0, 1_000)
    assert len({stormy.retry_after(chance / 100) for chance in range(100)}) > 3


def test_the_facts_are_told() -> None:
    """What an operator sees adds up."""
    admission = Admission()
    shed = Server(admission, 1 / 100).run(0.0, 10.0, 2_000)
    facts = admission.facts()
    assert facts["shed"] == shed > 0
    assert facts["admitted"] + facts["shed"] == 20_000
    assert facts["answered_per_second"] == pytest.approx(100, rel=0.3)
    assert facts["estimated_wait"] == pytest.approx(facts["under_way"] / facts["answered_per_second"], rel=0.1)
