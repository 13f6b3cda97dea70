"""Families of tokens, remembered as long as an access token of theirs could still be shown.

One set holds those that were ended: they are refused at once. Another holds those that this process knows to be open;
of a token from before its start, or from another process, the database is asked once.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST: Final = 50_000


class Families:
    """A set in memory that forgets by itself; bounded, the oldest goes first. `now` is in seconds, of one clock."""

    def __init__(self, remember_seconds: float, most: int = MOST) -> None:
        self._remember = remember_seconds
        self._most = most
        self._until: OrderedDict[str, float] = OrderedDict()

    def add(self, families: Iterable[str], now: float) -> None:
        """Remember families from now on."""
        for each in families:
            self._until[each] = now + self._remember
            self._until.move_to_end(each)
        while self._until and (len(self._until) > self._most or next(iter(self._until.values())) <= now):
            self._until.popitem(last=False)

    def has(self, family: str) -> bool:
        """Whether the family was added of late."""
        return family in self._until
