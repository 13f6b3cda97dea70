"""Server-sent events: an agency's live stream as a response body that opens, beats, says goodbye and closes.

A class and not an async generator: it holds a nursery and a subscription, which Trio allows across the steps of a
context manager but not across a `yield`.
"""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import trio
from quart.wrappers.response import ResponseBody

from jagawarga.errors import Unavailable
from supervisors import CallError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from types import TracebackType
    from typing import Self

    from jagawarga.edge.limits import EdgeLimits
    from jagawarga.notification.messages import StreamEvent

HELLO = b"retry: 2000\n\n"
HEARTBEAT = b": still here\n\n"
GOODBYE = b"retry: 1000\n: the server closes the stream; come back\n\n"
BUFFER = 16
LINE_END = re.compile(r"\r\n|\r|\n")


def encode_event(event: StreamEvent, name: Callable[[int], str] = str) -> bytes:
    """Return one event on the wire under the id that `name` gives it; data of several lines becomes several fields."""
    data = "".join(f"data: {line}\n" for line in LINE_END.split(event.data))
    kind = LINE_END.sub("", event.type)
    return f"id: {name(event.sequence)}\nevent: {kind}\n{data}\n".encode()


class EventStream(ResponseBody):
    """The events of one subscription, for at most `stream_seconds`.

    Ends with `GOODBYE` when the server drains, when its time is over, and when the subscription ends because the
    reader fell too far behind or its source went away; the client comes back with `Last-Event-ID`. Cancelled, the
    subscription is closed.
    """

    def __init__(
        self,
        subscription: AbstractAsyncContextManager[AsyncIterator[StreamEvent]],
        limits: EdgeLimits,
        draining: Callable[[], Awaitable[object]],
        place: Callable[[], AbstractContextManager[None]],
        name: Callable[[int], str] = str,
    ) -> None:
        """`place` holds one of the places for streams; `name` gives the id of an event by its number."""
        self._subscription = subscription
        self._limits = limits
        self._draining = draining
        self._place = place
        self._name = name
        self._put, self._take = trio.open_memory_channel[bytes](BUFFER)
        self._stack = AsyncExitStack()
        self._reading = trio.CancelScope()
        self._over = False

    async def __aenter__(self) -> Self:
        """Open the subscription and start to read it."""
        self._put.send_nowait(HELLO)
        self._stack.enter_context(self._place())
        self._nursery = await self._stack.enter_async_context(trio.open_nursery())
        self._nursery.start_soon(self._read)
        self._nursery.start_soon(self._end_in_time)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop reading and close the subscription."""
        self._nursery.cancel_scope.cancel()
        await self._stack.__aexit__(kind, error, trace)

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return itself."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next piece: an event, or a heartbeat when there was none for a while."""
        if self._over:
            raise StopAsyncIteration
        try:
            with trio.move_on_after(self._limits.heartbeat_seconds):
                return await self._take.receive()
        except trio.EndOfChannel:
            self._over = True
            return GOODBYE
        return HEARTBEAT

    async def _read(self) -> None:
        try:
            with self._reading:
                async with self._put, self._subscription as events:
                    async for event in events:
                        await self._put.send(encode_event(event, self._name))
        except (Unavailable, CallError):
            pass  # the status line is out: all that is left to say is goodbye, and the client tries again

    async def _end_in_time(self) -> None:
        with trio.move_on_after(self._limits.stream_seconds):
            await self._draining()
        # Ends the reader only: pieces already read are still delivered, then the channel ends.
        self._reading.cancel()
