"""What the screen says in words and cells; the same for a live screen and for a plain one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.text import Text

from jagawarga.cli.details import aligned
from jagawarga.cli.top.feed import Row
from jagawarga.cli.treeview import STYLES, Branch, branches, duration

UNKNOWN = "–"
TEN = 10
SHORT = 36
ALARM = "bold red"


class Column(NamedTuple):
    """A column: its head, its width in cells, and the order it shows."""

    head: str
    width: int
    sort: str = ""


class Line(NamedTuple):
    """One line of a table: `path` is the actor an operator can act on from here, if there is one."""

    key: str
    path: str | None
    cells: tuple[Text, ...]


NUMBERS_FROM = 1
PROCESSES = (
    Column("state", 11),
    Column("mailbox", 9, "mailbox"),
    Column("handled/s", 11, "handled"),
    Column("busy %", 8, "busy"),
    Column("restarts", 10, "restarts"),
    Column("age", 7, "age"),
    Column("actor", 160),
)
TREE = (
    Column("state", 11),
    Column("restarts", 9),
    Column("intensity", 10),
    Column("mailbox", 8),
    Column("age", 7),
    Column("actor", 160),
)


def process_line(row: Row) -> Line:
    """Return the line of an actor; one of several with the same path can be looked at and not acted on."""
    seen = row.seen
    actor = Text("  " + seen.path)
    if row.twin:
        actor.append("  (one of several)", "dim")
    if seen.current:
        actor.append(f"  {seen.current}", "dim")
    numbers = (
        f"{seen.mailbox:,}",
        UNKNOWN if row.rate is None else _rate(row.rate),
        UNKNOWN if row.share is None else f"{100 * row.share:.1f}",
        f"{seen.restarts:,}",
        duration(seen.age),
    )
    key = f"{seen.path}@{seen.started:.3f}" if row.twin else seen.path
    return Line(key, None if row.twin else seen.path, (state(seen.state), *map(_number, numbers), actor))


def tree_lines(root: dict[str, Any]) -> Iterator[Line]:
    """Give the lines of the tree; children that are collapsed to counts are one line, which is no actor."""
    for each in branches(root):
        yield _counts(each) if each.counts else _branch(each)


def process_rows(rows: list[Row]) -> Iterator[tuple[str, ...]]:
    """Give the cells of a plain table."""
    for row in rows:
        yield tuple(cell.plain.strip() for cell in process_line(row).cells)


def state(name: str) -> Text:
    """Return a state in its colour."""
    return Text(name, STYLES.get(name, ""))


def headlines(overview: dict[str, Any]) -> list[Text]:
    """Return what holds for the runtime as a whole: one line for its contents, one for what may stop all of it."""
    due = overview.get("next_due")
    contents = (
        ("JagaWarga", "bold"),
        f" up {duration(float(overview.get('uptime', 0)))}",
        f" · {int(overview.get('actors', 0)):,} actors",
        f" · {int(overview.get('timers', 0)):,} timers" + ("" if due is None else f", next in {duration(float(due))}"),
        " · ",
        _zombies(list(overview.get("zombies") or ())),
    )
    stops = (_loop(overview), " · ", _collector(overview.get("gc") or {}))
    return [Text.assemble(*parts, no_wrap=True, overflow="ellipsis") for parts in (contents, stops)]


def details(answer: dict[str, Any]) -> RenderableType:
    """Return an answer to `inspect`: the short lines in as many columns as there is room for, the long ones below."""
    path = Text(str(answer["path"]), "bold")
    lines = [Text(line) for line in aligned({name: value for name, value in answer.items() if name != "path"})]
    short = [line for line in lines if len(line) <= SHORT]
    return Group(path, Columns(short, column_first=True, equal=True), *(line for line in lines if len(line) > SHORT))


def events(answer: dict[str, Any]) -> Text:
    """Return an answer to `trace`, one event a line."""
    found = answer.get("events") or []
    cut = ", and then no more were taken down" if answer.get("cut") else ""
    shown = Text.assemble((str(answer["path"]), "bold"), (f"\n{len(found)} events{cut}", "dim"))
    for each in found:
        took = each.get("seconds")
        worked = "" if took is None else _took(float(took))
        shown.append(f"\n{float(each['at']):7.3f}s {worked:>12}  {each['what']} {each['type']}")
    return shown


def _rate(value: float) -> str:
    if 0 < value < 1:
        return f"{value:.2f}"
    return f"{value:,.0f}" if value >= TEN else f"{value:.1f}"


def _number(text: str) -> Text:
    return Text(text, justify="right")


def _branch(branch: Branch) -> Line:
    node, (drawn, name, restarts, mailbox, age, remarks) = branch.node, branch.cells
    window = node.get("intensity")
    used = Text("", justify="right")
    if window:
        used = Text(f"{window['used']}/{window['limit']}", "red" if window["used"] >= window["limit"] > 0 else "")
        used.justify = "right"
    actor = Text.assemble("  " + drawn, (f"  {remarks}", "dim"))
    path = str(node["path"])
    cells = (state(name), _number(restarts), used, _number(mailbox), _number(age), actor)
    return Line(path, path, cells)


def _counts(branch: Branch) -> Line:
    drawn, _, restarts, mailbox, _, _ = branch.cells
    cells = (Text(), _number(restarts), Text(), _number(mailbox), Text(), Text("  " + drawn, "dim"))
    return Line(f"{branch.node['path']}/", None, cells)


def _zombies(zombies: list[Any]) -> Text:
    if not zombies:
        return Text("no zombies")
    return Text(f"{len(zombies)} zombies: {', '.join(map(str, zombies))}", ALARM)


def _loop(overview: dict[str, Any]) -> Text:
    loop = overview.get("loop") or {}
    blocker = loop.get("blocked_by") or overview.get("blocked_by")
    if blocker:
        since = loop.get("blocked_for")
        return Text(f"loop blocked by {blocker}" + (f" for {float(since):.1f}s" if since else ""), ALARM)
    if not loop.get("watched", True):
        return Text("loop not watched")
    longest = float(loop.get("longest_block") or 0)
    if not longest:
        return Text("loop free")
    by = loop.get("longest_blocker")
    return Text(f"loop free, longest block {_took(longest)}" + (f" by {by}" if by else ""))


def _collector(gc: dict[str, Any]) -> Text:
    last, longest = float(gc.get("last") or 0), float(gc.get("longest") or 0)
    return Text(
        f"gc {int(gc.get('pauses') or 0):,} pauses, last {_took(last)}, longest {_took(longest)}, "
        f"{int(gc.get('frozen') or 0):,} frozen"
    )


def _took(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms" if seconds < 1 else duration(seconds)
