"""What the screen says."""

from __future__ import annotations

from typing import Any

from rich.style import Style

from jagawarga.cli.top.feed import compare, sample
from jagawarga.cli.top.words import ALARM, details, events, headlines, process_line, tree_lines
from tests.unit.fake_runtime import FakeRuntime, node


def head(**more: Any) -> list[str]:
    return [line.plain for line in headlines(FakeRuntime("a", "b").overview | more)]


def loop(**more: Any) -> dict[str, Any]:
    return {**FakeRuntime().overview["loop"], **more}


def alarmed(line: Any) -> list[str]:
    return [line.plain[span.start : span.end] for span in line.spans if span.style == ALARM]


def test_the_head_is_the_runtime_in_two_lines() -> None:
    """Contents first, then what may stop all of it."""
    assert head() == [
        "JagaWarga up 1.7m · 2 actors · 3 timers, next in 0.5s · no zombies",
        "loop free · gc 2 pauses, last 1.00 ms, longest 2.00 ms, 10 frozen",
    ]


def test_zombies_are_red() -> None:
    """And named."""
    lines = headlines(FakeRuntime().overview | {"zombies": ["<Writer writer>"]})
    assert alarmed(lines[0]) == ["1 zombies: <Writer writer>"]
    assert Style.parse(ALARM).color == Style.parse("red").color


def test_a_blocked_loop_is_red_and_names_who_blocks_it() -> None:
    """Only that part, whatever else stands in the line."""
    lines = headlines(FakeRuntime().overview | {"loop": loop(blocked_by="<Writer writer>", blocked_for=2.13)})
    assert alarmed(lines[1]) == ["loop blocked by <Writer writer> for 2.1s"]


def test_a_blocked_loop_is_seen_without_a_watchdog() -> None:
    """The answer itself says that it came past the loop."""
    assert head(loop={"watched": False}, blocked_by="<Writer writer>")[1].startswith("loop blocked by <Writer writer>")
    assert head(loop={"watched": False})[1].startswith("loop not watched")


def test_the_longest_block_stays_on_record() -> None:
    """With its culprit."""
    line = head(loop=loop(longest_block=0.25, longest_blocker="<Hub hub>"))[1]
    assert line.startswith("loop free, longest block 250.00 ms by <Hub hub>")


def test_unknown_figures_are_dashes() -> None:
    """Not zeros, which would be a claim."""
    now = sample({"at": 1.0, "total": 1, "processes": [node("a", mailbox=1234, current="Writer.handle_call")]}, 1.0)
    (row,) = compare(None, now)
    cells = [cell.plain.strip() for cell in process_line(row).cells]
    assert cells == ["running", "1,234", "–", "–", "0", "1.7m", "a  Writer.handle_call"]


def test_twins_are_shown_and_can_not_be_acted_on() -> None:
    """A path that names several would hit any of them."""
    now = sample({"at": 100.0, "total": 2, "processes": [node("a"), node("a", age=50.0)]}, 100.0)
    lines = [process_line(row) for row in compare(None, now)]
    assert [line.path for line in lines] == [None, None]
    assert len({line.key for line in lines}) == 2


def test_a_supervisor_out_of_restarts_is_red() -> None:
    """One more and it ends."""
    full = node("top", strategy="one_for_one", intensity={"used": 3, "limit": 3, "period": 5.0})
    (line,) = tree_lines(full)
    assert (line.cells[2].plain, line.cells[2].style) == ("3/3", "red")


def test_collapsed_children_are_one_line_that_is_no_actor() -> None:
    """Their counts can be looked at; keys do nothing there."""
    lines = list(tree_lines(node("top", collapsed={"running": 1000}, collapsed_mailbox=7, collapsed_restarts=2)))
    assert [(line.key, line.path) for line in lines] == [("top", "top"), ("top/", None)]
    assert lines[1].cells[-1].plain.strip() == "└── (1,000 running)"


def test_a_trace_lists_types_and_times() -> None:
    """And says when it was cut short."""
    told = events({"path": "a", "cut": True, "events": [{"at": 0.5, "what": "call", "type": "X", "seconds": 0.0015}]})
    assert told.plain.splitlines() == [
        "a",
        "1 events, and then no more were taken down",
        "  0.500s      1.50 ms  call X",
    ]


def test_details_begin_with_the_path() -> None:
    """Whose details they are is read first."""
    from rich.console import Console

    console = Console(width=80)
    with console.capture() as captured:
        console.print(details(node("jagawarga/writer", mailbox=4)))
    lines = captured.get().splitlines()
    assert lines[0].strip() == "jagawarga/writer"
    assert "mailbox      4" in captured.get()
