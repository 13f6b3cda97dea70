"""How a snapshot of the tree is drawn."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from jagawarga.cli.details import aligned, shown
from jagawarga.cli.treeview import draw, duration, lines


def node(path: str, **more: Any) -> dict[str, Any]:
    return {
        "path": path,
        "id": path.rsplit("/", 1)[-1],
        "type": "worker",
        "kind": "Writer",
        "state": "running",
        "restarts": 0,
        "mailbox": 0,
        "age": 1.0,
        "handled": 0,
    } | more


TREE = node(
    "jagawarga",
    type="supervisor",
    strategy="one_for_one",
    intensity={"used": 1, "limit": 20, "period": 5.0},
    children=[
        node("jagawarga/writer", restarts=3, mailbox=7, last_reason="killed"),
        node(
            "jagawarga/partition-0",
            type="supervisor",
            collapsed={"running": 12_345, "restarting": 2},
            collapsed_mailbox=9,
            collapsed_restarts=4,
        ),
    ],
)


def test_each_actor_is_a_line_under_its_supervisor() -> None:
    """Parents come first, and branches show who belongs to whom."""
    drawn = [line[0] for line in lines(TREE)]
    assert drawn[:3] == ["jagawarga", "├── writer", "└── partition-0"]


def test_thousands_of_children_are_one_line_of_counts() -> None:
    """A collapsed supervisor tells how many of its children are in which state, and their sums."""
    assert list(lines(TREE))[-1] == ("    └── (2 restarting, 12,345 running)", "", "4", "9", "", "")


def test_restarts_mailbox_and_the_last_reason_are_shown() -> None:
    """What an operator looks for first is in the line."""
    assert list(lines(TREE))[1] == ("├── writer", "running", "3", "7", "1.0s", "last: killed")


def test_a_supervisor_shows_how_much_of_its_intensity_is_used() -> None:
    """Strategy and window are remarks of a supervisor."""
    assert next(lines(TREE))[-1] == "one_for_one · 1/20 in 5s"


def test_a_blocked_loop_is_named() -> None:
    """When the loop did not answer, the tree says who blocks it."""
    assert "loop blocked by <Writer>" in next(lines(TREE | {"blocked_by": "<Writer>"}))[-1]


def test_a_plain_stream_gets_no_colours_and_no_ellipsis() -> None:
    """Written to a file the tree is text, each actor whole in its line."""
    output = io.StringIO()
    long = node("jagawarga/" + "x" * 300)
    Console(file=output, width=10_000, highlight=False).print(draw(TREE | {"children": [long]}))
    assert "x" * 300 in output.getvalue()
    assert "\x1b" not in output.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0s"), (9.94, "9.9s"), (12.0, "12s"), (90, "1.5m"), (7200, "2.0h"), (200_000, "2.3d")],
)
def test_ages_are_shown_as_people_say_them(seconds: float, text: str) -> None:
    """One unit, at most one decimal."""
    assert duration(seconds) == text


def test_details_are_aligned_whatever_the_keys() -> None:
    """Names are padded to the longest; a value is always one line."""
    assert list(aligned({"path": "a/b", "mailbox_limit": 10_000, "current": None})) == [
        "path           a/b",
        "mailbox_limit  10,000",
        "current        -",
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(True, "yes"), (1.5, "1.5"), (2.0, "2"), ({"a": 1}, '{"a": 1}'), ("two\nlines", "two lines")]
)
def test_a_value_is_shown_in_one_line(value: object, text: str) -> None:
    """Numbers as people write them, structures as JSON, line ends as spaces."""
    assert shown(value) == text
