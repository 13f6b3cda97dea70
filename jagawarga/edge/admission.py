"""How many submissions may be under way: as many as are answered in time, found out by trying.

The limit grows by a step while it is used and answers come in time, and shrinks by a share when they do not (AIMD;
Chiu and Jain 1989, as in Netflix's concurrency-limits). "Not in time" is CoDel's rule (RFC 8289): the *least* delay of
a whole interval was above the target, so that a burst that drains by itself is no overload. A submission above the
limit is turned away at once, which costs little, instead of waiting for an answer nobody waits for any more.

A database that is away is no overload: those reports go to the waiting room and are answered 202. So places held for
longer than `STUCK` do not count, nor does the limit while nothing at all is answered; the ceiling holds always.
Pure: time and chance are passed in.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

TARGET: Final = 0.25
"""Seconds a submission may take, the quickest of an interval."""
INTERVAL: Final = 0.25
FIRST: Final = 256.0
LEAST: Final = 16.0
CEILING: Final = 1_500
"""Below the writer's queue (2,000): what is admitted must find room there."""
STEP: Final = 8.0
SHARE: Final = 0.8
STUCK: Final = 1.0
STANDSTILL: Final = 3
"""Looks at a loop that is in time, without an answer to anybody between them."""
LATE: Final = 0.1
SHORTEST, LONGEST = 1, 30
"""Seconds, of `Retry-After`."""
_KEEP: Final = 0.7
"""Of a moving average, for each interval."""


@dataclass(frozen=True, slots=True)
class Place:
    """The right to be under way, given back by `Admission.leave`."""

    number: int
    since: float


class Admission:
    """Who comes in. Not for several threads; forgets everything with its process."""

    def __init__(self, limit: float = FIRST) -> None:
        self.limit = limit
        self.admitted = 0
        self.shed = 0
        self.rate = 0.0
        """Submissions answered a second, of late."""
        self._places: OrderedDict[int, float] = OrderedDict()
        self._stuck = 0
        self._quiet = 0
        self._punctual = True
        self._since: float | None = None
        self._least: float | None = None
        self._lag: float | None = None
        self._busiest = 0
        self._answered = 0
        self._turned_away = 0
        self._shed_rate = 0.0

    @property
    def under_way(self) -> int:
        """Submissions that hold a place, stuck ones too."""
        return len(self._places) + self._stuck

    @property
    def estimated_wait(self) -> float:
        """Seconds until all that is under way is answered, at the present pace (Little's law); 0 when idle."""
        return self.under_way / self.rate if self.under_way and self.rate > 0 else 0.0

    def enter(self, now: float) -> Place | None:
        """Take a place, `None` when there is none for this submission."""
        if self.turns_away(now):
            return None
        self.admitted += 1
        self._places[self.admitted] = now
        self._busiest = max(self._busiest, len(self._places))
        return Place(self.admitted, now)

    def turns_away(self, now: float) -> bool:
        """Tell whether there is no place; whoever asks and hears so is counted as turned away."""
        self._turn(now)
        self._set_aside(now)
        full = self.under_way >= CEILING or (self._quiet < STANDSTILL and len(self._places) >= self.limit)
        self.shed += full
        self._turned_away += full
        return full

    def leave(self, place: Place, now: float, *, counts: bool) -> None:
        """Give the place back; `counts` is false for an answer that says nothing of the pace, such as a refusal."""
        if self._places.pop(place.number, None) is None:
            self._stuck -= 1
        self._quiet = 0
        if counts:
            self._answered += 1
            self._least = _less(self._least, now - place.since)
        self._turn(now)

    def lagged(self, now: float, seconds: float) -> None:
        """Note by how much the loop was late for something it was to do."""
        self._lag = _less(self._lag, seconds)
        # A loop that is late answers nobody either; that is a crowd and no standstill.
        self._punctual = seconds < LATE
        self._quiet = self._quiet + 1 if self._punctual and self._places else 0
        self._turn(now)

    def retry_after(self, chance: float) -> int:
        """Whole seconds to tell who was turned away; `chance` in [0, 1) keeps them from coming back together.

        Those turned away within a second come on top of everybody else; at the pace of answers they need so long.
        """
        wait = 1.0 + self._shed_rate / max(self.rate, 1.0)
        return max(SHORTEST, min(LONGEST, ceil(wait * (0.5 + chance))))

    def facts(self) -> dict[str, Any]:
        """What an operator wants to see."""
        return {
            "limit": round(self.limit),
            "under_way": self.under_way,
            "admitted": self.admitted,
            "shed": self.shed,
            "answered_per_second": round(self.rate, 1),
            "estimated_wait": round(self.estimated_wait, 3),
        }

    def _set_aside(self, now: float) -> None:
        """Count places held for too long no more: whatever keeps them, it is not the crowd."""
        while self._places and self._punctual:
            number, since = next(iter(self._places.items()))
            if now - since < STUCK:
                return
            del self._places[number]
            self._stuck += 1

    def _turn(self, now: float) -> None:
        """At the end of an interval, let it decide for the next."""
        if self._since is None:
            self._since = now
        seconds = now - self._since
        if seconds < INTERVAL:
            return
        delays = [each for each in (self._least, self._lag) if each is not None]
        if delays and max(delays) > TARGET:
            self.limit = max(LEAST, min(self.limit, self._busiest) * SHARE)
        elif delays and self._busiest >= self.limit / 2:
            self.limit = min(float(CEILING), self.limit + STEP)
        self.rate = _KEEP * self.rate + (1 - _KEEP) * self._answered / seconds
        self._shed_rate = _KEEP * self._shed_rate + (1 - _KEEP) * self._turned_away / seconds
        self._since, self._least, self._lag = now, None, None
        self._busiest, self._answered, self._turned_away = len(self._places), 0, 0


def _less(known: float | None, seconds: float) -> float:
    return seconds if known is None else min(known, seconds)
