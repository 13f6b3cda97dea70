"""What the traffic has shown: answers by class, latencies, and how soon after a surge all is as before. Pure."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scripts.bench.load_rows.traffic import Seen

CLASSES = ("201", "202", "429", "503", "other", "none")
GOOD = frozenset({"201", "202"})
WINDOW = 0.5
NORMAL = 3.0
"""So many times the latency before the surge still counts as normal,"""
AT_LEAST = 0.1
"""and so many seconds do in any case."""


def quantile(sorted_values: Sequence[float], share: float) -> float | None:
    """The value that `share` of them do not exceed (nearest rank); `None` of nothing."""
    if not sorted_values:
        return None
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]


def summary(seconds: Iterable[float]) -> dict[str, Any]:
    """Count and quantiles in milliseconds."""
    ordered = sorted(seconds)
    named = (("p50_ms", 0.5), ("p99_ms", 0.99), ("p999_ms", 0.999))
    figures = {name: quantile(ordered, share) for name, share in named}
    return {"count": len(ordered)} | {name: None if each is None else each * 1e3 for name, each in figures.items()}


def by_class(seen: Iterable[Seen]) -> dict[str, Any]:
    """Summarise submissions by the class of their answer."""
    found: dict[str, list[float]] = {name: [] for name in CLASSES}
    for each in seen:
        if each.kind == "submit":
            found[each.answer if each.answer in found else "other"].append(each.seconds)
    return {name: summary(each) for name, each in found.items()}


def by_kind(seen: Iterable[Seen]) -> dict[str, Any]:
    """Summarise everything but submissions by kind, and say how many of each were not answered well."""
    found: dict[str, list[Seen]] = defaultdict(list)
    for each in seen:
        if each.kind != "submit":
            found[each.kind].append(each)
    return {
        kind: summary(one.seconds for one in each)
        | {"refused": sum(one.answer in {"429", "503", "5xx", "none"} for one in each)}
        for kind, each in sorted(found.items())
    }


def recovery(seen: Iterable[Seen], begin: float, end: float) -> float | None:
    """Seconds after `end` from which on submissions were answered as before `begin`; `None` if never."""
    windows: dict[int, list[Seen]] = defaultdict(list)
    before: list[float] = []
    for each in seen:
        if each.kind == "submit" and each.at < begin:
            before.append(each.seconds)
        elif each.kind == "submit" and each.at >= end:
            windows[int((each.at - end) / WINDOW)].append(each)
    if not before or not windows:
        return None
    normal = max(AT_LEAST, NORMAL * median(before))
    bad = [
        number
        for number, each in windows.items()
        if any(one.answer not in GOOD for one in each) or median(one.seconds for one in each) > normal
    ]
    after = max(bad, default=-1) + 1
    return after * WINDOW if after <= max(windows) else None
