"""How fast a report must be seen to: rules by category, privacy, severity and level, the first that fits wins. Pure.

For each level of a ladder the rules are read from the top; the first that fits says what holds at this level, as a
whole. What it does not say is the category's. Where none fits, the category's limits hold around the clock, without
warning or reminder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from jagawarga.calendars.shelf import ALWAYS
from jagawarga.catalogue.messages import Clocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagawarga.catalogue.messages import Category

ANY: Final = "*"
TOP: Final = -1
SEVERITIES: Final = ("low", "normal", "high")
NORMAL: Final = "normal"
PRIVACIES: Final = ("public", "private", "anonymous")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Warn:
    """When a holder is warned: when this part of a limit has passed, or so many seconds before its end."""

    part: float | None = None
    before: float | None = None

    def after(self, limit: float) -> float:
        """Seconds of a limit that pass before the warning; 0, never, where the limit is too short for one."""
        if self.part is not None:
            return limit * self.part
        return max(0.0, limit - (self.before or 0.0))


NO_WARNING: Final = Warn(before=float("inf"))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the policy; limits in seconds, of `ANY` level one for each, the last one repeats."""

    name: str
    category: str = ANY
    privacy: str = ANY
    severity: str = ANY
    level: int | None = None
    """`None` for any, `TOP` for the highest, however long the ladder is."""
    respond_within: tuple[float, ...] = ()
    resolve_within: tuple[float, ...] = ()
    calendar: str = ALWAYS
    warning: Warn = NO_WARNING
    remind_every: float = 0.0

    def fits(self, category: Category, privacy: str, level: int, levels: int) -> bool:
        """Tell whether a report of this kind goes by this rule at this level of so many."""
        return (
            self.category in (ANY, category.key)
            and self.privacy in (ANY, privacy)
            and self.severity in (ANY, category.severity)
            and self.level in (None, level, TOP if level + 1 == levels else None)
        )


def clocks_for(rules: Sequence[Rule], category: Category, privacy: str, levels: int) -> Clocks:
    """What holds for a report of this kind on a ladder of so many levels."""
    found = [
        next((rule for rule in rules if rule.fits(category, privacy, level, levels)), None) for level in range(levels)
    ]
    if not any(found):
        return Clocks(category.respond_within, category.resolve_within)
    respond, resolve, warn_respond, warn_resolve = [], [], [], []
    for level, rule in enumerate(found):
        # A rule of one level has one limit, and that is this level's.
        respond.append(_at(rule.respond_within if rule else (), level) or _at(category.respond_within, level))
        resolve.append(_at(rule.resolve_within if rule else (), level) or _at(category.resolve_within, level))
        warning = rule.warning if rule else NO_WARNING
        warn_respond.append(warning.after(respond[-1]))
        warn_resolve.append(warning.after(resolve[-1]))
    top = found[-1]
    return Clocks(
        _short(respond),
        _short(resolve),
        _short([rule.calendar if rule else ALWAYS for rule in found], ALWAYS),
        _short(warn_respond, 0.0),
        _short(warn_resolve, 0.0),
        top.remind_every if top else 0.0,
        tuple(rule.name if rule else "" for rule in found),
    )


def _at(limits: Sequence[float], level: int) -> float:
    return limits[min(level, len(limits) - 1)] if limits else 0.0


def _short(values: list[T], nothing: Any = None) -> tuple[T, ...]:
    """Cut off what the last one's repeating says anyway; empty when all are `nothing`, which goes without saying."""
    end = len(values)
    while end > 1 and values[end - 2] == values[end - 1]:
        end -= 1
    return () if end == 1 and values[0] == nothing else tuple(values[:end])
