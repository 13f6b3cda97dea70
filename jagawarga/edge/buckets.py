"""Token buckets in a table of fixed size: pure, time is passed in, nothing is written anywhere."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jagawarga.edge.limits import Rate


class Buckets:
    """One bucket per key; the least recently used is forgotten (and with that full again) when the table is full."""

    def __init__(self, rate: Rate, size: int) -> None:
        self.rate = rate
        self.size = size
        self._levels: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        """Count the keys remembered."""
        return len(self._levels)

    def take(self, key: bytes, now: float) -> float:
        """Take one token: 0 when there was one, else the seconds until there is."""
        level = self._level(key, now)
        if level >= 1.0:
            self._put(key, level - 1.0, now)
            return 0.0
        self._put(key, level, now)
        return (1.0 - level) / self.rate.per_second

    def _level(self, key: bytes, now: float) -> float:
        level, at = self._levels.get(key, (float(self.rate.burst), now))
        return min(self.rate.burst, level + (now - at) * self.rate.per_second)

    def _put(self, key: bytes, level: float, now: float) -> None:
        self._levels[key] = (level, now)
        self._levels.move_to_end(key)
        if len(self._levels) > self.size:
            self._levels.popitem(last=False)
