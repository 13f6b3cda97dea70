"""Every way of breaking a house, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scripts.chaos.clock import Clock
from scripts.chaos.disk import Disk
from scripts.chaos.hole import Hole
from scripts.chaos.strikes import Actors, House, Ports, Restart, Servers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scripts.chaos.trial import Scenario

SCENARIOS: Final[Mapping[str, Callable[[], Scenario]]] = {
    "actors": Actors,
    "ports": Ports,
    "database": lambda: Servers("database", "kills PostgreSQL, or makes it hang", ("database",)),
    "broker": lambda: Servers("broker", "kills the broker, or makes it hang", ("broker",)),
    "both": lambda: Servers(
        "both", "kills PostgreSQL and the broker at once, or makes them hang", ("database", "broker")
    ),
    "process": House,
    "restart": Restart,
    "hole": Hole,
    "disk": Disk,
    "clock": Clock,
}
