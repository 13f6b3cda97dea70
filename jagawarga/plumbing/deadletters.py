"""Dead letters: messages that a consumer could not take, kept with the reason until an operator has looked at them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import nats.js.errors

from jagawarga.errors import NotFound
from jagawarga.plumbing.streams import BURIED, DEADLETTERS

if TYPE_CHECKING:
    from jagawarga.plumbing.bus import Bus

MOST: Final = 1_000
LONGEST_NUMBER: Final = 19
PUBLISH_SECONDS: Final = 5.0
MESSAGE_ID: Final = "Nats-Msg-Id"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message: where it was, why it could not be taken, and how long it is."""

    number: int
    """Its place among the dead letters: what the other commands take."""
    subject: str
    """The subject it came under."""
    reason: str
    sequence: int
    """Its place in the stream it came from."""
    bytes: int

    def shown(self) -> dict[str, Any]:
        """As an operator sees it."""
        return asdict(self)


class DeadLetters:
    """What an operator may do with them. A handle."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus

    async def oldest(self, limit: int = 100) -> list[DeadLetter]:
        """The oldest dead letters, at most `limit`."""
        return await self.bus.with_streams(_oldest, max(1, min(limit, MOST)))

    async def show(self, number: int) -> tuple[DeadLetter, Any]:
        """One dead letter, and what it says if it is JSON; `NotFound`. Sealed ones stay sealed."""
        raw = await self.bus.with_streams(_get, number)
        return _letter(number, raw), _said(raw.data or b"")

    async def retry(self, number: int) -> DeadLetter:
        """Send it the way it came once more, and forget it here; consumers take what they know already for done."""
        return await self.bus.with_streams(_retry, number)

    async def drop(self, number: int) -> DeadLetter:
        """Forget it for good."""
        return await self.bus.with_streams(_drop, number)


async def _oldest(js: Any, limit: int) -> list[DeadLetter]:
    state = (await js.stream_info(DEADLETTERS)).state
    found: list[DeadLetter] = []
    # A stream that never had one begins with 0, which is no number of a message.
    for number in range(max(1, state.first_seq), state.last_seq + 1):
        if len(found) == limit:
            break
        try:
            found.append(_letter(number, await _get(js, number)))
        except NotFound:
            continue  # retried or dropped
    return found


async def _get(js: Any, number: int) -> Any:
    try:
        return await js.get_msg(DEADLETTERS, seq=number)
    except nats.js.errors.NotFoundError:
        msg = f"no dead letter has the number {number}"
        raise NotFound(msg) from None


async def _retry(js: Any, number: int) -> DeadLetter:
    raw = await _get(js, number)
    letter = _letter(number, raw)
    # An id of its own, or the stream would take it for the one it has dropped.
    await js.publish(letter.subject, raw.data or b"", PUBLISH_SECONDS, headers={MESSAGE_ID: f"retry-{number}"})
    await js.delete_msg(DEADLETTERS, number)
    return letter


async def _drop(js: Any, number: int) -> DeadLetter:
    letter = _letter(number, await _get(js, number))
    await js.delete_msg(DEADLETTERS, number)
    return letter


def _letter(number: int, raw: Any) -> DeadLetter:
    headers = raw.headers or {}
    return DeadLetter(
        number,
        (raw.subject or "").removeprefix(f"{BURIED}."),
        headers.get("Reason", "not said"),
        _number(headers.get("Sequence", "")),
        len(raw.data or b""),
    )


def _number(text: str) -> int:
    """What the header says, or 0: a letter written by hand may say anything."""
    return int(text) if text.isdecimal() and len(text) < LONGEST_NUMBER else 0


def _said(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
