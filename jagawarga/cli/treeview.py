"""Drawing a snapshot of the actor tree: state, restarts, mailbox and age of each; what is collapsed, as counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

STYLES = {
    "running": "green",
    "starting": "yellow",
    "suspended": "yellow",
    "stopping": "yellow",
    "restarting": "red",
    "failed": "red",
    "zombie": "bold red",
    "hibernated": "dim",
    "stopped": "dim",
}
HEADS = ("actor", "state", "restarts", "mailbox", "age", "")
TWO_DIGITS = 10
LIMITS = ((60.0, 1.0, "s"), (3600.0, 60.0, "m"), (86_400.0, 3600.0, "h"))


Cells = tuple[str, str, str, str, str, str]


class Branch(NamedTuple):
    """One line of the drawn tree: an actor, or with `counts` what is collapsed under it."""

    node: dict[str, Any]
    cells: Cells
    counts: bool = False


def draw(node: dict[str, Any]) -> Table:
    """Return the whole tree as a table, one actor a line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in HEADS:
        table.add_column(
            head, no_wrap=head != "", overflow="ellipsis", justify="right" if head in HEADS[2:5] else "left"
        )
    for line in lines(node):
        table.add_row(*(Text(cell) for cell in line[:1]), Text(line[1], STYLES.get(line[1], "")), *line[2:])
    return table


def lines(node: dict[str, Any]) -> Iterator[Cells]:
    """Give the cells of each line, parents first, with branches drawn before the names."""
    return (each.cells for each in branches(node))


def branches(node: dict[str, Any]) -> Iterator[Branch]:
    """Give each line with the actor it tells of."""
    yield from _branch(node, "", "")


def duration(seconds: float) -> str:
    """Show seconds as people say them: 0.4s, 12s, 3.5m, 2.1h, 4.0d."""
    for below, unit, name in LIMITS:
        if seconds < below:
            digits = 0 if name == "s" and seconds >= TWO_DIGITS else 1
            return f"{seconds / unit:.{digits}f}{name}"
    return f"{seconds / 86_400:.1f}d"


def _branch(node: dict[str, Any], first: str, rest: str) -> Iterator[Branch]:
    cells = (
        first + str(node["id"]),
        str(node["state"]),
        str(node.get("restarts", 0)),
        str(node.get("mailbox", 0)),
        duration(float(node.get("age") or 0)),
        _remarks(node),
    )
    yield Branch(node, cells)
    children = list(node.get("children") or ())
    collapsed = node.get("collapsed")
    for number, child in enumerate(children):
        last = number == len(children) - 1 and not collapsed
        yield from _branch(child, rest + ("└── " if last else "├── "), rest + ("    " if last else "│   "))
    if collapsed:
        yield Branch(node, _collapsed(node, collapsed, rest + "└── "), counts=True)


def _collapsed(node: dict[str, Any], counts: dict[str, int], first: str) -> Cells:
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
    restarts, mailbox = node.get("collapsed_restarts", ""), node.get("collapsed_mailbox", "")
    return (f"{first}({states})", "", str(restarts), str(mailbox), "", "")


def _remarks(node: dict[str, Any]) -> str:
    remarks: list[str] = []
    if node.get("strategy"):
        remarks.append(str(node["strategy"]))
    window = node.get("intensity")
    if window:
        remarks.append(f"{window['used']}/{window['limit']} in {window['period']:g}s")
    if node.get("last_reason"):
        remarks.append(f"last: {node['last_reason']}")
    if node.get("blocked_by"):
        remarks.append(f"loop blocked by {node['blocked_by']}")
    return " · ".join(remarks)
