"""Trying policies on a history: the outcomes of every complaint, gathered by category and by agency."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from jagawarga.cli.replay.plan import NO_CATEGORY, TOP_NAME, make_key
from jagawarga.simulation.figures import Figures
from jagawarga.simulation.run import simulate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jagawarga.cli.sla.history import Complaint
    from jagawarga.simulation.policy import Policy

ASSUMED = (
    "an answer is the response, and ends the complaint: nothing is known of resolutions",
    "a complaint never answered climbs to the top",
    "what the policy does not know goes by the file's names, the limits of --respond-hours, the ladder above --parent",
    "hours are those of the calendar at the foot of the ladder",
)


def gather(policy: Policy, complaints: Iterable[Complaint], privacy: Any) -> dict[str, Any]:
    """Run them all; the figures of all, by category and by agency, the largest first."""
    whole = Figures()
    categories: dict[str, Figures] = defaultdict(Figures)
    agencies: dict[str, Figures] = defaultdict(Figures)
    keys: dict[str, str] = {}
    for each in complaints:
        category, agency = each.category or NO_CATEGORY, each.agency or TOP_NAME
        for name in (category, agency):
            if name not in keys:
                keys[name] = make_key(name)
        terms = policy.terms(keys[category], keys[agency], privacy)
        outcome = simulate(terms, each.submitted, each.answered, privacy)
        for figures in (whole, categories[category], agencies[agency]):
            figures.outcomes.append(outcome)
    return {"all": whole.as_json(), "categories": _ordered(categories), "agencies": _ordered(agencies)}


def _ordered(groups: dict[str, Figures]) -> dict[str, Any]:
    names = sorted(groups, key=lambda name: (-len(groups[name].outcomes), name))
    return {name: groups[name].as_json() for name in names}
