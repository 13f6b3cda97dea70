"""When a supervisor has had enough: OTP's restart intensity, counted by its exact rule in O(1)."""

from __future__ import annotations

from collections import deque


class RestartWindow:
    """Allow `intensity` restarts within `period` seconds; the next one inside the window is one too many.

    OTP's `add_restart/1`: stamps are whole seconds, a stamp exactly `period` old still counts, and each *attempt*
    is recorded before it is judged. Stamps beyond `intensity + 1` can never matter, so the deque is capped there.
    """

    __slots__ = ("_stamps", "intensity", "period")

    def __init__(self, intensity: int, period: float) -> None:
        self.intensity = intensity
        self.period = period
        self._stamps: deque[int] = deque(maxlen=intensity + 1)

    def allow(self, now: float) -> bool:
        """Record one attempt at `now` (monotonic seconds) and tell whether it is still within bounds."""
        self._stamps.append(int(now))
        return self.used(now) <= self.intensity

    def used(self, now: float) -> int:
        """Count the attempts that still lie within the window at `now`."""
        horizon = int(now) - self.period
        while self._stamps and self._stamps[0] < horizon:
            self._stamps.popleft()
        return len(self._stamps)
