"""What a caller sees of clocks: how fast a category must be seen to, by privacy, and in which hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jagawarga.calendars.shelf import ALWAYS, key_of
from jagawarga.edge.views import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagawarga.catalogue.messages import CatalogueDoor, Clocks
    from jagawarga.edge import shapes

AROUND_THE_CLOCK: Final = "around-the-clock"


def of_category(catalogue: CatalogueDoor, key: str) -> shapes.ClocksByPrivacy:
    """Show a category's clocks, limits in hours of their calendar for each level; the last one repeats."""
    levels = _longest_ladder(catalogue)
    return {
        "public": _shown(catalogue.clocks(key, "public", levels)),
        "private": _shown(catalogue.clocks(key, "private", levels)),
        "anonymous": _shown(catalogue.clocks(key, "anonymous", levels)),
    }


def _shown(clocks: Clocks) -> shapes.Clocks:
    return {
        "respond_hours": _hours(clocks.respond_within),
        "resolve_hours": _hours(clocks.resolve_within),
        "calendars": [_name(each) for each in clocks.calendars or (ALWAYS,)],
        "warn_respond_hours": _hours(clocks.warn_respond),
        "warn_resolve_hours": _hours(clocks.warn_resolve),
        "remind_hours": clocks.remind_every / SECONDS_PER_HOUR or None,
    }


def _hours(limits: tuple[float, ...]) -> list[float]:
    return [seconds / SECONDS_PER_HOUR for seconds in limits]


def _name(reference: str) -> str:
    return AROUND_THE_CLOCK if reference == ALWAYS else key_of(reference)


def _longest_ladder(catalogue: CatalogueDoor) -> int:
    above = {each.key: each.parent for each in catalogue.agencies()}
    return max((_steps(above, key) for key in above), default=1)


def _steps(above: Mapping[str, str | None], key: str | None) -> int:
    steps = 0
    # Ladders have no rings; the bound is for whoever looks at agencies while they are changed.
    while key is not None and steps <= len(above):
        steps, key = steps + 1, above.get(key)
    return steps
