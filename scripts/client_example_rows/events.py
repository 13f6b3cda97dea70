"""Server-sent events, as the WHATWG's HTML standard describes them: lines in, events out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """One event: its number, which is where to go on behind, what happened, and to which report."""

    number: str
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Pause:
    """What the server wants to be waited before a new connection, in seconds; also its first word."""

    seconds: float


class Beat:
    """A sign of life, every fifteen seconds."""


Said = Event | Pause | Beat


def read(lines: Iterable[str]) -> Iterator[Said]:
    """Yield what the lines of a stream say, as they come."""
    number, kind, data = "", "", list[str]()
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line.startswith(":"):
            yield Beat()
        elif name == "id":
            number = value
        elif name == "event":
            kind = value
        elif name == "data":
            data.append(value)
        elif name == "retry" and value.isdecimal():
            yield Pause(int(value) / 1000)
        elif not line and data:
            yield Event(number, kind, json.loads("\n".join(data)))
            kind, data = "", []
