"""The figures for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

HEADING = ("row", "figure", "reach", "", "bare Trio", "ours/bare")
VERDICT = {True: "met", False: "MISSED", None: ""}


def heading(machine: dict[str, Any]) -> str:
    """Say in one line where the figures come from."""
    changed = " with uncommitted changes" if machine["uncommitted_changes"] else ""
    return (
        f"{machine['cores']} cores of {machine['model']}, {machine['ram_bytes'] / 2**30:.0f} GiB, "
        f"Linux {machine['kernel']}, {machine['python']}, trio {machine['trio']}, {machine['commit']}{changed}, "
        f"load before {machine['load']:.2f}"
    )


def table(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Lay the entries out in columns, a further line for each further thing compared with."""
    lines = [HEADING, *(line for entry in entries for line in _lines(entry))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADING))]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _lines(entry: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    if entry["figure"] is None:
        yield (entry["name"], "not measured", "", "", entry["error"], "")
        return
    unit = entry["unit"]
    bare = [(f"{_short(each['figure'])} {unit} ({each['what']})", _ratio(each["ratio"])) for each in entry["bare"]]
    sign = "≤" if entry["better"] == "less" else "≥"
    reach = "" if entry["reach"] is None else f"{sign} {_short(entry['reach'])}"
    first, *others = bare or [("", "")]
    yield (entry["name"], f"{_short(entry['figure'])} {unit}", reach, VERDICT[entry["met"]], *first)
    for other in others:
        yield ("", "", "", "", *other)


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def _short(value: float) -> str:
    """Give three digits that matter, thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
