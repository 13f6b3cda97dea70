"""How long a client waits when the server says "later", and when it gives up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """At most `tries` of one request; waits of at most `longest` seconds each.

    `busy`, `unavailable` and `silence` say whether to try again at all after 429, after 503, and when no answer came.
    After the last two the request may have been carried out: whoever must not do a thing twice leaves them out.
    """

    tries: int = 30
    longest: float = 20.0
    first: float = 0.2
    busy: bool = True
    unavailable: bool = True
    silence: bool = True

    def wait(self, tried: int, retry_after: float | None, chance: float) -> float | None:
        """Return the seconds to wait after try number `tried` (from 1), or None to give up.

        `Retry-After` is a floor, with up to a quarter on top so that waiting clients do not come back together;
        without it the wait doubles each time, with jitter. `chance` is a random number in [0, 1).
        """
        if tried >= self.tries:
            return None
        if retry_after is not None:
            return None if retry_after > self.longest else retry_after * (1 + chance / 4)
        doubled = self.first * float(1 << min(tried - 1, 16))
        return min(self.longest, doubled) * (0.5 + chance / 2)


def parse_retry_after(value: str | None) -> float | None:
    """Read the seconds of a `Retry-After` header; a date, or nonsense, counts as none."""
    if value is None or not value.strip().isdecimal():
        return None
    return float(value)
