"""What an actor did in the last interval, out of two answers to `processes`.

The runtime counts from an actor's start. Here the counts become differences, between two samples of the same life of
the same actor: a restarted one begins at zero, and one that was not in the earlier sample has no figure yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

SORTS = ("mailbox", "handled", "busy", "restarts", "age")
SAME_START = 0.005  # seconds; starts are computed from ages rounded to a millisecond
SAME_RUN = 5.0  # seconds; clock and uptime come from two answers, the second perhaps of a blocked loop


@dataclass(frozen=True, slots=True)
class Seen:
    """One actor at the moment of a sample; `started` is on the runtime's own clock."""

    path: str
    kind: str
    state: str
    restarts: int
    mailbox: int
    age: float
    handled: int
    busy: float
    started: float
    current: str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """The actors of one answer, of `total` there are; `began` tells one run of the runtime from the next."""

    at: float
    began: float
    total: int
    actors: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One actor with its figures of the interval: messages per second, and the share of the time it was at work."""

    seen: Seen
    rate: float | None
    share: float | None
    twin: bool = False
    """Another actor has the same path: neither can be named."""


class Feed:
    """Takes samples one by one and gives rows over about `interval` seconds, however irregular the samples are."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.base: Sample | None = None
        self.last: Sample | None = None

    def take(self, now: Sample) -> list[Row]:
        """Return a row for each actor of `now`; a sample soon after the last is compared with the one before that."""
        if self.last is not None and not _same_run(self.last, now):
            self.forget()
        if self.last is not None and now.at - self.last.at >= self.interval / 2:
            self.base = self.last
        self.last = now
        return compare(self.base, now)

    def forget(self) -> None:
        """Begin anew: what comes next is another runtime."""
        self.base = self.last = None


def sample(answer: dict[str, Any], uptime: float) -> Sample:
    """Read an answer to `processes`; raises `KeyError`, `TypeError` or `ValueError` if it is none."""
    at = float(answer["at"])
    return Sample(at, at - uptime, int(answer["total"]), tuple(_seen(node, at) for node in answer["processes"]))


def compare(before: Sample | None, now: Sample) -> list[Row]:
    """Return the rows of `now`, in its order, with differences to `before` where there are any."""
    paths = Counter(each.path for each in now.actors)
    if before is None:
        return [Row(each, None, None, paths[each.path] > 1) for each in now.actors]
    elapsed = now.at - before.at
    known: dict[str, list[Seen]] = {}
    for each in before.actors:
        known.setdefault(each.path, []).append(each)
    rows: list[Row] = []
    for each in now.actors:
        rate, share = _figures(known.get(each.path, ()), each, elapsed)
        rows.append(Row(each, rate, share, paths[each.path] > 1))
    return rows


def ordered(rows: Iterable[Row], sort: str) -> list[Row]:
    """Sort by one of `SORTS`, the most first, what has no figure last, equals by path."""
    return sorted(rows, key=lambda row: (-figure(row, sort), row.seen.path))


def figure(row: Row, sort: str) -> float:
    """Return the figure that `sort` orders by; -1 where it is not known yet."""
    match sort:
        case "mailbox":
            return row.seen.mailbox
        case "handled":
            return -1.0 if row.rate is None else row.rate
        case "busy":
            return -1.0 if row.share is None else row.share
        case "restarts":
            return row.seen.restarts
    return row.seen.age


def _figures(known: Iterable[Seen], now: Seen, elapsed: float) -> tuple[float | None, float | None]:
    if elapsed <= 0:
        return None, None
    before = next((each for each in known if abs(each.started - now.started) < SAME_START), None)
    if before is not None:
        return _since(before.handled, now.handled) / elapsed, min(1.0, _since(before.busy, now.busy) / elapsed)
    if now.age <= elapsed:  # born or restarted in the interval: all it ever did, it did in it
        return now.handled / elapsed, min(1.0, now.busy / elapsed)
    return None, None


def _since(before: float, now: float) -> float:
    """Return the growth of a count; one that shrank began anew, as handler time does when an actor hibernates."""
    return now - before if now >= before else now


def _same_run(one: Sample, other: Sample) -> bool:
    return abs(one.began - other.began) < SAME_RUN


def _seen(node: dict[str, Any], at: float) -> Seen:
    age = float(node["age"])
    return Seen(
        path=str(node["path"]),
        kind=str(node["kind"]),
        state=str(node["state"]),
        restarts=int(node["restarts"]),
        mailbox=int(node["mailbox"]),
        age=age,
        handled=int(node["handled"]),
        busy=float(node["busy"]),
        started=at - age,
        current=None if node["current"] is None else str(node["current"]),
    )
