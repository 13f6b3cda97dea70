"""What a replay did, in figures. Rows are named by number, never by what they say."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ROWS_SHOWN = 5


@dataclass(slots=True)
class Summary:
    """Grows while the replay runs."""

    rows: int = 0
    with_text: int = 0
    accepted: int = 0
    rejected: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Rows nobody accepted or rejected: the server did not answer, or not usefully."""
    doubtful: int = 0
    """Tries that were repeated though the first may have been filed: at most so many reports are double."""
    latencies: list[float] = field(default_factory=list)
    escalated: int | None = None
    lost: int | None = None
    verified: int = 0
    answers_due: int = 0
    answers_given: int = 0
    answers_failed: Counter[str] = field(default_factory=Counter)
    throttled: int = 0
    citizens: int = 0
    agencies_created: int = 0
    categories_created: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Nothing failed and nothing accepted was lost."""
        return not self.failed and not self.lost

    def as_json(self) -> dict[str, Any]:
        """Return everything, rows as ranges like "3-7"."""
        return {
            "rows": self.rows,
            "with_text": self.with_text,
            "accepted": self.accepted,
            "rejected": _reasons(self.rejected),
            "failed": _reasons(self.failed),
            "in_doubt": self.doubtful,
            "verified": self.verified,
            "lost": self.lost,
            "escalated": self.escalated,
            "answers": {
                "due": self.answers_due,
                "given": self.answers_given,
                "failed": dict(self.answers_failed.most_common()),
            },
            "p50_ms": _milliseconds(percentile(self.latencies, 50)),
            "p99_ms": _milliseconds(percentile(self.latencies, 99)),
            "seconds": round(self.seconds, 2),
            "throttled": self.throttled,
            "citizens": self.citizens,
            "agencies_created": self.agencies_created,
            "categories_created": self.categories_created,
        }

    def lines(self) -> Iterator[str]:
        """Say the same in words."""
        yield f"{self.rows:,} rows, {self.with_text:,} with text, {self.accepted:,} accepted in {self.seconds:.1f} s"
        for title, reasons in (("rejected", self.rejected), ("failed", self.failed)):
            for reason, rows in sorted(reasons.items(), key=lambda each: -len(each[1])):
                found = ranges(rows)
                more = ", …" if len(found) > ROWS_SHOWN else ""
                yield f"{title}: {reason}: {len(rows):,} (rows {', '.join(found[:ROWS_SHOWN])}{more})"
        if self.doubtful:
            yield f"in doubt: {self.doubtful:,} repeated tries may have been filed, too"
        if self.latencies:
            p50, p99 = (_milliseconds(percentile(self.latencies, each)) for each in (50, 99))
            yield f"time to answer: p50 {p50} ms, p99 {p99} ms; told to wait {self.throttled:,} times"
        if self.answers_due:
            yield f"agencies' answers: {self.answers_given:,} of {self.answers_due:,} given"
            yield from (f"answer failed: {why}: {count:,}" for why, count in self.answers_failed.most_common())
        if self.lost is not None:
            yield f"verified {self.verified:,}: {self.lost:,} lost, {self.escalated:,} escalated"


def percentile(values: Sequence[float], rank: float) -> float | None:
    """Return the nearest-rank percentile; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * rank / 100) - 1)]


def ranges(rows: Iterable[int]) -> list[str]:
    """Write row numbers shortly: 3, 4, 5, 9 become "3-5" and "9"."""
    found: list[list[int]] = []
    for row in sorted(set(rows)):
        if found and row == found[-1][1] + 1:
            found[-1][1] = row
        else:
            found.append([row, row])
    return [str(first) if first == last else f"{first}-{last}" for first, last in found]


def _reasons(reasons: dict[str, list[int]]) -> dict[str, Any]:
    return {
        "total": sum(len(rows) for rows in reasons.values()),
        "reasons": {reason: {"count": len(rows), "rows": ranges(rows)} for reason, rows in sorted(reasons.items())},
    }


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
