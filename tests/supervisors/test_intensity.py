"""The restart window, against OTP's rule written out naively."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervisors.backoff import delay
from supervisors.intensity import RestartWindow
from supervisors.specs import Backoff


@given(
    intensity=st.integers(0, 6),
    period=st.integers(1, 10),
    gaps=st.lists(st.floats(min_value=0, max_value=12), max_size=60),
)
def test_same_as_otp(intensity: int, period: int, gaps: list[float]) -> None:
    """Each attempt is recorded first; allowed while at most `intensity` stamps are `period` old or younger."""
    window = RestartWindow(intensity, period)
    stamps: list[int] = []
    now = 1000.0
    for gap in gaps:
        now += gap
        stamps = [stamp for stamp in [*stamps, int(now)] if stamp >= int(now) - period]
        assert window.allow(now) == (len(stamps) <= intensity)
        if len(stamps) > intensity:
            break


@given(tries=st.integers(0, 10_000), chance=st.floats(0, 1))
def test_backoff_is_bounded(tries: int, chance: float) -> None:
    """The first restart never waits; later ones wait at least half their full delay and never beyond the limit."""
    wait = delay(Backoff(0.1, 30.0), tries, chance)
    if tries <= 1:
        assert wait == 0
    else:
        assert 0.05 <= wait <= 30
