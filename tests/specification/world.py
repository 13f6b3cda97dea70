"""The small city of the model, said once more: who is above whom, who answers for what, how fast; and who asks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

LADDERS: Final = {
    "jalan": ("jalan", "sekda", "wali"),
    "air": ("air", "sekda", "wali"),
    "sekda": ("sekda", "wali"),
    "wali": ("wali",),
}
SCALE: Final = 60
"""How many times faster clocks run: an hour of the files is a minute."""
RESPOND: Final = {"lubang": (24, 24, 48), "jembatan": (6, 12), "pipa": (12, 24)}
RESOLVE: Final = {"lubang": (168, 120, 72), "jembatan": (48, 36), "pipa": (96, 72)}
ANSWER: Final = timedelta(days=7) / SCALE
CONFIRM: Final = timedelta(days=14) / SCALE
GRAIN: Final = timedelta(minutes=1)
"""To which an anonymous reporter's times are told; the scale leaves it alone."""


class Spot(NamedTuple):
    """A place, and what it is called. To three decimals: of an anonymous report no more is kept."""

    latitude: float
    longitude: float
    area: str
    kelurahan: str


WEST: Final = Spot(-6.85, 107.55, "kota.barat", "Barat")
EAST: Final = Spot(-6.85, 107.65, "kota.timur", "Timur")


class Actor(NamedTuple):
    """Somebody who asks: a citizen by name, an officer or head of an agency, or nobody."""

    role: str
    name: str


ANI, BUDI = Actor("citizen", "ani"), Actor("citizen", "budi")
CITIZENS: Final = (ANI, BUDI)
OFFICERS: Final = {agency: Actor("officer", agency) for agency in LADDERS}
HEADS: Final = {agency: Actor("agency_head", agency) for agency in LADDERS}


def agency_for(category: str, spot: Spot) -> str:
    """Who answers for it there."""
    return "air" if category == "pipa" or (category == "lubang" and spot == EAST) else "jalan"


def limit(table: dict[str, tuple[int, ...]], category: str, level: int) -> timedelta:
    """How long the holder of a level has; the last one repeats."""
    hours = table[category]
    return timedelta(hours=hours[min(level, len(hours) - 1)]) / SCALE


def floor(at: datetime) -> datetime:
    """The whole grain before."""
    return at.replace(second=0, microsecond=0)


def ceil(at: datetime) -> datetime:
    """The whole grain behind."""
    return at if at == floor(at) else floor(at) + GRAIN
