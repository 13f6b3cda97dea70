"""A policy as the house reads it, asked for complaints that a file tells of in names of its own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from jagawarga.calendars.shelf import shelve
from jagawarga.catalogue.config import load_config
from jagawarga.catalogue.messages import Category
from jagawarga.catalogue.model import ladder
from jagawarga.catalogue.policies import clocks_for
from jagawarga.errors import StartupError
from jagawarga.reports.model import Terms, shared_terms

if TYPE_CHECKING:
    from pathlib import Path

    from jagawarga.catalogue.model import Snapshot
    from jagawarga.reports.messages import Privacy


class Policy:
    """Terms for complaints of a file; a category or agency the house does not know is taken as the file names it."""

    def __init__(
        self,
        config: Snapshot,
        *,
        above: str | None,
        respond_within: tuple[float, ...],
        resolve_within: tuple[float, ...],
    ) -> None:
        """`above` is the authority over unknown agencies; the limits are those of unknown categories."""
        for reference, hours in config.calendars.items():
            shelve(reference, hours)
        self.config = config
        self.above = _usual_parent(config) if above is None else above
        if self.above is not None and self.above not in config.agencies:
            msg = f"there is no agency {self.above}"
            raise StartupError(msg)
        self.limits = respond_within, resolve_within
        self._terms: dict[tuple[str, str, Privacy], Terms] = {}

    def terms(self, category: str, agency: str, privacy: Privacy) -> Terms:
        """What such a complaint is filed under."""
        known = self._terms.get((category, agency, privacy))
        if known is not None:
            return known
        steps = self._ladder(agency)
        kind = self.config.categories.get(category) or Category(category, category, *self.limits)
        clocks = clocks_for(self.config.rules, kind, privacy, len(steps))
        made = shared_terms(
            steps,
            clocks.respond_within,
            clocks.resolve_within,
            clocks.calendars,
            clocks.warn_respond,
            clocks.warn_resolve,
            clocks.remind_every,
        )
        self._terms[category, agency, privacy] = made
        return made

    def _ladder(self, agency: str) -> tuple[str, ...]:
        if agency in self.config.agencies:
            return ladder(self.config.agencies, agency)
        return (agency,) if self.above is None else (agency, *ladder(self.config.agencies, self.above))


def load_policy(
    config_dir: Path,
    over: Path | None,
    *,
    above: str | None,
    respond_within: tuple[float, ...],
    resolve_within: tuple[float, ...],
) -> Policy:
    """The policy of `config_dir`, each file that is also in `over` being read there. Raises `StartupError`."""
    if over is not None and not over.is_dir():
        msg = f"{over}: not a directory"
        raise StartupError(msg)
    config = load_config(config_dir, over=over)
    return Policy(config, above=above, respond_within=respond_within, resolve_within=resolve_within)


def _usual_parent(config: Snapshot) -> str | None:
    """The authority that most agencies have above them."""
    parents = Counter(each.parent for each in config.agencies.values() if each.parent is not None)
    return min(parents, key=lambda key: (-parents[key], key), default=None)
