"""Figures of an interval, out of two samples."""

from __future__ import annotations

from typing import Any

import pytest

from jagawarga.cli.top.feed import SORTS, Feed, Row, compare, ordered, sample


def actor(path: str = "a", **more: Any) -> dict[str, Any]:
    return {
        "path": path,
        "kind": "Writer",
        "state": "running",
        "restarts": 0,
        "mailbox": 0,
        "age": 100.0,
        "handled": 0,
        "busy": 0.0,
        "current": None,
    } | more


def seen(at: float, *actors: dict[str, Any], uptime: float | None = None) -> Any:
    """A sample at a second of the runtime's clock; the runtime began at 0 unless said otherwise."""
    return sample({"at": at, "total": len(actors), "processes": list(actors)}, at if uptime is None else uptime)


def figures(row: Row) -> tuple[float | None, float | None]:
    return row.rate, row.share


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (actor(handled=100, busy=1.0), actor(age=102.0, handled=130, busy=1.5), (15.0, 0.25)),
        (actor(handled=100, busy=1.0), actor(age=102.0, handled=100, busy=1.0), (0.0, 0.0)),
        # Restarted in between: what it has done since, over the whole interval.
        (actor(handled=100, busy=1.0), actor(age=1.0, handled=4, busy=0.5), (2.0, 0.25)),
        # Hibernated in between: its handler time began anew, its count did not.
        (actor(handled=100, busy=8.0), actor(age=102.0, handled=104, busy=0.2), (2.0, 0.1)),
        # Handler time includes waiting, and a clock's grain must not make 101 %.
        (actor(busy=1.0), actor(age=102.0, busy=3.1), (0.0, 1.0)),
        # There all along, but not among those the runtime told of the first time.
        (actor("b"), actor(age=102.0, handled=1_000_000), (None, None)),
        # Restarted, and the new life has already done more than the short one before.
        (actor(age=0.5, handled=7), actor(age=1.9, handled=8), (4.0, 0.0)),
    ],
)
def test_figures_are_differences_in_one_life(
    earlier: dict[str, Any], later: dict[str, Any], expected: tuple[float | None, float | None]
) -> None:
    """Counts are those of the interval, and of the life that now is."""
    (row,) = compare(seen(100.0, earlier), seen(102.0, later))
    assert figures(row) == pytest.approx(expected)


def test_the_first_sample_has_no_figures() -> None:
    """Totals are never shown as if they were those of an interval."""
    assert [figures(row) for row in Feed(2.0).take(seen(100.0, actor(handled=5)))] == [(None, None)]


def test_a_sample_soon_after_the_last_is_compared_with_the_one_before() -> None:
    """A look in between, as after a key, does not make the window so short that one message is a storm."""
    feed = Feed(2.0)
    feed.take(seen(100.0, actor(handled=0)))
    feed.take(seen(102.0, actor(age=102.0, handled=20)))
    (row,) = feed.take(seen(102.1, actor(age=102.1, handled=21)))
    assert row.rate == pytest.approx(10.0)
    (row,) = feed.take(seen(104.1, actor(age=104.1, handled=41)))
    assert row.rate == pytest.approx(10.0)


def test_another_run_of_the_runtime_begins_anew() -> None:
    """Its clock and its counts have nothing to do with those before, though the paths are the same."""
    feed = Feed(2.0)
    feed.take(seen(100.0, actor(handled=5)))
    rows = feed.take(seen(5000.0, actor(age=1.0, handled=9), uptime=1.5))
    assert [figures(row) for row in rows] == [(None, None)]


def test_actors_with_the_same_path_are_told_apart_by_their_start() -> None:
    """Each keeps its own figures, and is marked: its path names several."""
    before = seen(100.0, actor(age=50.0, handled=10), actor(age=60.0, handled=1000))
    after = seen(102.0, actor(age=62.0, handled=1002), actor(age=52.0, handled=20))
    rows = compare(before, after)
    assert [(row.rate, row.twin) for row in rows] == [(1.0, True), (5.0, True)]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("mailbox", ["c", "b", "a"]),
        ("handled", ["a", "b", "c"]),
        ("busy", ["b", "a", "c"]),
        ("restarts", ["b", "a", "c"]),
        ("age", ["a", "b", "c"]),
    ],
)
def test_the_most_come_first(sort: str, expected: list[str]) -> None:
    """By each figure; what is not known yet comes last, equals by path."""
    before = seen(100.0, actor("a"), actor("b", age=60.0))
    after = seen(
        102.0,
        actor("a", age=102.0, mailbox=1, handled=30, busy=0.1),
        actor("b", age=62.0, mailbox=2, handled=20, busy=0.2, restarts=3),
        actor("c", age=50.0, mailbox=3, handled=10**6, busy=10.0),
    )
    assert [row.seen.path for row in ordered(compare(before, after), sort)] == expected


def test_every_order_is_tried_above() -> None:
    """A new one needs its row."""
    assert set(SORTS) == {"mailbox", "handled", "busy", "restarts", "age"}


def test_what_is_no_answer_is_refused() -> None:
    """A process of another kind behind the socket is noticed here."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        sample({"at": 1.0, "total": 1, "processes": [{"path": "a"}]}, 1.0)
