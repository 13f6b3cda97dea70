"""The streams, copied out up to a place and in again at the same places.

A message is copied as a line: its sequence, subject, headers and payload, and not the time at which it arrived (ADR 5).
Sequences stay, because the agencies' live streams go on from them. Consumers are not copied: they begin from the first
message again, and remember by event what they have done.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Final, TypeAlias

import nats
import nats.errors
import nats.js.errors

from jagawarga.errors import BackupError
from jagawarga.plumbing.bus import CONNECT_SECONDS, PUBLISH_SECONDS
from jagawarga.plumbing.publishing import MESSAGE_ID
from jagawarga.plumbing.streams import STREAMS

WINDOW: Final = 256
"""Messages in flight."""
MEMORY: Final = 0.25
"""Seconds for which a stream that is filled remembers message ids; the server's least is 0.1."""

_DOWN = (OSError, asyncio.TimeoutError, nats.errors.Error)
_Message: TypeAlias = tuple[int, str, dict[str, str], bytes]
_KNOWN: Final = {stream.name: stream for stream in STREAMS}


@dataclass(frozen=True, slots=True)
class Extent:
    """A stream from its first sequence to its last one; `last` is `first - 1` when it is empty."""

    name: str
    first: int
    last: int


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """Give a JetStream context for the block; `BackupError` when the broker is not there, or goes away meanwhile."""
    try:
        client = await asyncio.wait_for(
            nats.connect(url, connect_timeout=CONNECT_SECONDS, allow_reconnect=False, error_cb=_silent), CONNECT_SECONDS
        )
        try:
            yield client.jetstream(timeout=PUBLISH_SECONDS)
        finally:
            await client.close()
    except _DOWN as error:
        raise BackupError(f"the broker is out of reach ({type(error).__name__})") from error


async def extents(js: Any) -> list[Extent]:
    """Every stream as it is now."""
    found: list[Extent] = []
    while page := await js.streams_info(offset=len(found)):
        found += [Extent(each.config.name, each.state.first_seq, each.state.last_seq) for each in page]
    # An empty stream that never had a message says first 0.
    return [replace(each, first=max(1, each.first)) for each in sorted(found, key=lambda each: each.name)]


async def length(js: Any, name: str) -> int:
    """How many messages lie in a stream; none in one that is not there."""
    try:
        return int((await js.stream_info(name)).state.messages)
    except nats.js.errors.NotFoundError:
        return 0


@asynccontextmanager
async def emptied(js: Any, name: str, within: float) -> AsyncIterator[None]:
    """Begin the block when the stream is empty, or after `within` seconds all the same."""
    end = monotonic() + within
    while await length(js, name) and monotonic() < end:  # noqa: ASYNC110 - the broker sets no event
        await asyncio.sleep(0.1)
    yield


async def copy_out(js: Any, extent: Extent) -> AsyncGenerator[bytes, None]:
    """Give the messages of the extent in order, a line each."""
    for start in range(extent.first, extent.last + 1, WINDOW):
        wanted = range(start, min(start + WINDOW, extent.last + 1))
        answers = await asyncio.gather(*(js.get_msg(extent.name, seq=each) for each in wanted), return_exceptions=True)
        for message in answers:
            if isinstance(message, nats.js.errors.NotFoundError):
                continue  # taken out by age or by hand
            if isinstance(message, BaseException):
                raise message
            payload = base64.b64encode(message.data or b"").decode()
            line = [int(message.seq), message.subject, _headers(message.hdrs), payload]
            yield json.dumps(line, separators=(",", ":")).encode() + b"\n"


async def create(js: Any, extent: Extent) -> None:
    """Make the stream so that its next message gets the extent's first sequence."""
    config = _KNOWN.get(extent.name)
    if config is None:
        raise BackupError(f"the stream {extent.name} is unknown to this version")
    # One id may be twice in a stream, far apart: it must not remember for long while it is filled in seconds.
    await js.add_stream(replace(config, first_seq=extent.first, duplicate_window=MEMORY))


async def settle(js: Any, name: str) -> None:
    """Give a stream that has been filled its own settings."""
    await js.update_stream(_KNOWN[name])


class Filler:
    """Puts lines of `copy_out` into a stream just created, each at its sequence."""

    def __init__(self, js: Any, extent: Extent) -> None:
        self.js = js
        self.extent = extent
        self.next = extent.first
        self.count = 0
        self._gaps: list[int] = []
        (subject, *_) = _KNOWN[extent.name].subjects or [""]
        self._filling = subject.replace(">", "gap")
        self._lately: dict[str, float] = {}

    async def put(self, lines: Iterable[bytes]) -> None:
        """Put in the next lines."""
        window: list[_Message] = []
        for line in lines:
            sequence, subject, headers, payload = json.loads(line)
            self.count += 1
            await self._skip_to(sequence, window)
            if self._seen(headers.get(MESSAGE_ID)):
                await self._publish(window)
                await asyncio.sleep(2 * MEMORY)
            window.append((sequence, subject, headers, base64.b64decode(payload)))
            self.next = sequence + 1
            if len(window) >= WINDOW:
                await self._publish(window)
        await self._publish(window)

    async def finish(self) -> None:
        """Take out what stood in for gaps, and come to the extent's end."""
        if self.next <= self.extent.last:
            window: list[_Message] = []
            await self._skip_to(self.extent.last + 1, window)
            await self._publish(window)
        for sequence in self._gaps:
            await self.js.delete_msg(self.extent.name, sequence)

    async def _skip_to(self, sequence: int, window: list[_Message]) -> None:
        for missing in range(self.next, sequence):
            self._gaps.append(missing)
            window.append((missing, self._filling, {}, b""))
            if len(window) >= WINDOW:
                await self._publish(window)
        self.next = max(self.next, sequence)

    async def _publish(self, window: list[_Message]) -> None:
        answers = await asyncio.gather(
            *(
                self.js.publish(subject, payload, PUBLISH_SECONDS, headers=headers or None)
                for _, subject, headers, payload in window
            )
        )
        for (sequence, *_), answer in zip(window, answers, strict=True):
            if answer.seq != sequence:
                raise BackupError(f"the stream {self.extent.name} did not take message {sequence} in its place")
        window.clear()

    def _seen(self, message_id: str | None) -> bool:
        if message_id is None:
            return False
        now = monotonic()
        if len(self._lately) > 64 * WINDOW:
            self._lately = {each: at for each, at in self._lately.items() if now - at < 2 * MEMORY}
        before, self._lately[message_id] = self._lately.get(message_id), now
        return before is not None and now - before < 2 * MEMORY


def _headers(raw: str | None) -> dict[str, str]:
    # By hand: the client's own parser is one of e-mail and makes objects of what is not ASCII.
    lines = base64.b64decode(raw or "").decode("utf-8", "replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return {name: value.strip() for name, _, value in pairs}


async def _silent(_error: Exception) -> None:
    """Say nothing: what fails is raised where it was asked for."""
