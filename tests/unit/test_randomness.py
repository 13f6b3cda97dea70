"""Random bytes by the page."""

from __future__ import annotations

import os
import threading

import pytest

from jagawarga.plumbing.randomness import PAGE, random_bytes
from jagawarga.plumbing.uuids import random_uuid


@pytest.mark.parametrize("number", [0, 1, 16, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE])
def test_as_many_as_asked_for(number: int) -> None:
    """However much is left of the page."""
    random_bytes(5)
    assert len(random_bytes(number)) == number


def test_nothing_is_given_twice() -> None:
    """Neither within a page nor across pages."""
    found = [random_bytes(12) for _ in range(5_000)]
    assert len(set(found)) == len(found)


def test_uuids_are_version_4() -> None:
    """As RFC 9562 has them, all different."""
    found = {random_uuid() for _ in range(1_000)}
    assert len(found) == 1_000
    assert {(each.version, each.variant) for each in found} == {(4, "specified in RFC 4122")}


def test_threads_share_no_page() -> None:
    """What one thread gets no other gets."""
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.extend(random_bytes(16) for _ in range(500))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(set(found)) == 2_000


def test_a_forked_child_goes_its_own_way() -> None:
    """It does not repeat what its parent will give."""
    random_bytes(1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, random_bytes(16))
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    theirs = os.read(reading, 16)
    os.close(reading)
    assert len(theirs) == 16
    assert theirs != random_bytes(16)
