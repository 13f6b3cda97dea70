"""Reading server-sent events, as the WHATWG's HTML standard describes them, from lines."""

from __future__ import annotations

import json
from typing import Any

from jagawarga.client.values import Event


class EventReader:
    """Feed it lines without their ends; it returns an event at each blank line that ends one."""

    def __init__(self) -> None:
        self.last_id: str | None = None
        self._type = ""
        self._data: list[str] = []

    def feed(self, line: str) -> Event | None:
        """Take one line; comments and fields nobody knows are passed over."""
        if line:
            name, _, value = line.partition(":")
            self._field(name, value.removeprefix(" "))
            return None
        kind, data = self._type or "message", "\n".join(self._data)
        self._type, self._data = "", []
        if not data:
            return None
        sequence = int(self.last_id) if self.last_id is not None and self.last_id.isdecimal() else None
        return Event(sequence, kind, _object(data))

    def _field(self, name: str, value: str) -> None:
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id":
            self.last_id = value


def _object(data: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
