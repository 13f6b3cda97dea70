"""What a policy would have done to many complaints, in figures. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from statistics import median
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagawarga.simulation.run import Outcome

HOUR: Final = 3600.0
_ROUND: Final = 2


@dataclass(slots=True)
class Figures:
    """The outcomes of one category, of one agency, or of all."""

    outcomes: list[Outcome] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Counts, and hours of the clocks that ran; `None` where nothing was answered or was late."""
        outcomes = self.outcomes
        responses = sorted(each.response for each in outcomes if each.response is not None)
        late = sorted(each.late for each in outcomes if each.late)
        return {
            "n": len(outcomes),
            "answered": len(responses),
            "within_limit": sum(each.response is not None and each.levels == 0 for each in outcomes),
            "warned": sum(each.warnings > 0 for each in outcomes),
            "escalated": sum(each.levels > 0 for each in outcomes),
            "escalated_twice": sum(each.levels > 1 for each in outcomes),
            "to_the_top": sum(each.top for each in outcomes),
            "limit_hours": _hours(median([each.limit for each in outcomes]) if outcomes else None),
            "response_hours_median": _hours(quantile(responses, 0.5)),
            "response_hours_p90": _hours(quantile(responses, 0.9)),
            "late_hours_median": _hours(quantile(late, 0.5)),
            "late_hours_total": _hours(sum(late)),
        }


def quantile(values: Sequence[float], part: float) -> float | None:
    """The least of the sorted values that at least this part of them does not exceed; `None` of nothing."""
    return values[max(0, ceil(part * len(values)) - 1)] if values else None


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / HOUR, _ROUND)
