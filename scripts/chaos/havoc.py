"""Killing actors at random: which, when, and what became of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import trio

from supervisors.control import ControlError, NotRunning

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from random import Random

ROOT_RESERVE = 4
"""Restarts of its own children the root must have left: beyond its limit the whole process ends, by design."""
CHILDREN_SHOWN = 500
PATIENCE = 5.0
DYNAMIC = "dynamic_supervisor"


@dataclass(frozen=True, slots=True)
class Victim:
    """An actor that may be killed."""

    path: str
    kind: str
    group: str
    """Its own path; for one of many alike, that of their supervisor."""


@dataclass(slots=True)
class Toll:
    """What was killed, and what could not be."""

    kills: list[dict[str, Any]] = field(default_factory=list)
    missed: Counter[str] = field(default_factory=Counter)
    spared: int = 0
    begun: float = field(default_factory=trio.current_time)

    def note(self, kind: str, whom: str) -> None:
        """Add a blow that was not one of `Havoc`'s."""
        self.kills.append({"at": round(trio.current_time() - self.begun, 3), "kind": kind, "path": whom})

    def by_kind(self) -> dict[str, int]:
        """Count the kills by kind of actor."""
        return dict(Counter(str(kill["kind"]) for kill in self.kills).most_common())


class Havoc:
    """Kills `rate` actors a second through the control socket; every random choice comes from `rng`."""

    def __init__(
        self, ask: Callable[..., Awaitable[Any]], rng: Random, rate: float, toll: Toll, only: str | None = None
    ) -> None:
        self.ask = ask
        self.rng = rng
        self.rate = rate
        self.only = only
        self.toll = toll

    async def run(self, seconds: float) -> None:
        """Go on for so long; the toll says what was done."""
        begun = trio.current_time()
        at = begun
        while True:
            at += self.rng.expovariate(self.rate)
            if at > begun + seconds:
                return
            await trio.sleep_until(at)
            await self._strike(trio.current_time() - begun)

    async def _strike(self, elapsed: float) -> None:
        try:
            tree = await self.ask("tree", PATIENCE)
            found = [*candidates(tree), *await self._many(tree)]
            victim = choose(found, self.rng, self.only)
            if victim is None or (is_child_of_root(victim) and not has_reserve(tree)):
                self.toll.spared += 1
                return
            await self.ask("kill", PATIENCE, actor=victim.path)
        except (NotRunning, ControlError) as error:
            # The control socket's own actor may just have been the victim, or the victim is gone already.
            self.toll.missed[type(error).__name__] += 1
            return
        self.toll.kills.append({"at": round(elapsed, 3), "kind": victim.kind, "path": victim.path})

    async def _many(self, tree: dict[str, Any]) -> list[Victim]:
        """Look into one of the supervisors whose children the tree shows as counts."""
        collapsed = [node for node in walk(tree) if node.get("collapsed")]
        if not collapsed:
            return []
        path = self.rng.choice(collapsed)["path"]
        children = await self.ask("children", PATIENCE, path=path, limit=CHILDREN_SHOWN)
        return [Victim(child["path"], child["kind"], path) for child in children]


def candidates(tree: dict[str, Any]) -> list[Victim]:
    """Return every running actor the snapshot shows, but for the root."""
    found: list[Victim] = []
    for parent in walk(tree):
        alike = parent["kind"] == DYNAMIC
        found += [
            Victim(child["path"], child["kind"], parent["path"] if alike else child["path"])
            for child in parent.get("children") or ()
            if child["state"] == "running"
        ]
    return found


def choose(found: list[Victim], rng: Random, only: str | None) -> Victim | None:
    """Choose a group first and then one of it, so that thousands of reports do not hide the few others."""
    groups: dict[str, list[Victim]] = defaultdict(list)
    for victim in found:
        if only is None or any(fnmatch(name, only) for name in (victim.path, victim.kind, _last(victim.path))):
            groups[victim.group].append(victim)
    if not groups:
        return None
    return rng.choice(groups[rng.choice(sorted(groups))])


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the node and all below it."""
    yield node
    for child in node.get("children") or ():
        yield from walk(child)


def is_child_of_root(victim: Victim) -> bool:
    """Tell whether the root itself has to restart it."""
    return victim.path.count("/") == 1


def has_reserve(tree: dict[str, Any]) -> bool:
    """Tell whether the root may restart a few more children before it gives up."""
    window = tree.get("intensity")
    return not window or window["limit"] - window["used"] > ROOT_RESERVE


def restarts_by(tree: dict[str, Any]) -> dict[str, int]:
    """Count them by actor; those of many alike by their supervisor."""
    found: Counter[str] = Counter()
    for node in walk(tree):
        found[_last(node["path"])] += int(node.get("restarts") or 0) + int(node.get("collapsed_restarts") or 0)
    return {name: count for name, count in found.most_common() if count}


def restarts(tree: dict[str, Any]) -> int:
    """Count the restarts the snapshot knows of; a supervisor that was restarted forgot those below it."""
    return sum(int(node.get("restarts") or 0) + int(node.get("collapsed_restarts") or 0) for node in walk(tree))
