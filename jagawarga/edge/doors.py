"""All the edge may ask of the rest of the house, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jagawarga.anonymizer.messages import IntakeDoor
    from jagawarga.canned.messages import CannedDoor
    from jagawarga.catalogue.messages import CatalogueDoor
    from jagawarga.feed.messages import FeedDoor
    from jagawarga.identity.messages import IdentityDoor
    from jagawarga.media.messages import MediaDoor
    from jagawarga.notification.messages import NotificationDoor
    from jagawarga.reports.messages import ReportsDoor


def unobserved(route: str, status: str, seconds: float) -> None:
    """Observe nothing."""
    del route, status, seconds


@dataclass(frozen=True, slots=True)
class Doors:
    """The doors of the contexts, and three functions of the process as a whole."""

    identity: IdentityDoor
    intake: IntakeDoor
    reports: ReportsDoor
    catalogue: CatalogueDoor
    notification: NotificationDoor
    media: MediaDoor
    feed: FeedDoor
    canned: CannedDoor
    health: Callable[[], Mapping[str, str]]
    """Component → `"ok"` or what is wrong with it."""
    metrics: Callable[[], bytes]
    """The exposition text of Prometheus."""
    observe: Callable[[str, str, float], None] = unobserved
    """Takes route template, status class (`"2xx"`) and seconds of each request: nothing that names anybody."""
