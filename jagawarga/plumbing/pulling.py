"""Pulling from a durable consumer of JetStream with one subscription for everything that comes.

nats-py's own `fetch` makes a task, a timer and a random id for each message, which costs more than what is done with
it. Here a message is a callback, and a request ends once.
Source: a pull is a request to the consumer, which sends the messages themselves and at last a status (NATS ADR-13).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import nats.errors
from nats.js.api import Header, StatusCode
from pydantic_core import to_json

if TYPE_CHECKING:
    from nats.aio.msg import Msg

_NOTHING_LEFT: Final = frozenset({StatusCode.NO_MESSAGES, StatusCode.REQUEST_TIMEOUT})
_NANOSECONDS: Final = 1_000_000_000


class Pulling:
    """The pulls of one durable consumer over one connection; used in its loop only."""

    def __init__(self, client: Any, stream: str, durable: str) -> None:
        self.client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._prefix = f"{client.new_inbox()}."
        self._number = 0
        self._subscription: Any = None
        self._turn = asyncio.Lock()
        # What came behind the end of a request, after a timeout or a cancellation, is the next one's.
        self._arrived: list[Msg] = []
        self._wanted = 0
        self._reply = ""
        self._ended = asyncio.Event()
        self._refusal: str | None = None

    async def pull(self, batch: int, wait: float) -> list[Msg]:
        """Give up to `batch` messages that are there, or else the first one that comes `wait` seconds from now.

        Raises `TimeoutError` when there is none, and nats-py's errors when the consumer can not be asked.
        """
        async with self._turn, asyncio.timeout(wait) as limit:
            if self._subscription is None:
                self._subscription = await self.client.subscribe(f"{self._prefix}*", cb=self._take)
            if not self._arrived:
                await self._request(batch, {"batch": batch, "no_wait": True})
            while not self._arrived:
                left = (limit.when() or 0.0) - asyncio.get_running_loop().time()
                await self._request(1, {"batch": 1, "expires": max(1, int(left * _NANOSECONDS))})
        taken, self._arrived = self._arrived[:batch], self._arrived[batch:]
        return taken

    def interrupt(self) -> None:
        """Have the request under way fail: the connection it went out by is gone, and nobody will answer."""
        self._refusal = "the connection broke"
        self._ended.set()

    async def close(self) -> None:
        """Want nothing more."""
        if self._subscription is not None:
            await self._subscription.unsubscribe()

    async def _request(self, wanted: int, request: dict[str, Any]) -> None:
        self._number += 1
        self._reply = f"{self._prefix}{self._number}"
        self._wanted = wanted
        self._refusal = None
        self._ended.clear()
        await self.client.publish(self._subject, to_json(request), self._reply)
        await self._ended.wait()
        if self._refusal is not None:
            raise nats.errors.Error(self._refusal)

    async def _take(self, message: Msg) -> None:
        status = (message.headers or {}).get(Header.STATUS)
        if status is None:
            self._arrived.append(message)
            if len(self._arrived) >= self._wanted:
                self._ended.set()
        elif message.subject == self._reply:
            if status not in _NOTHING_LEFT:
                self._refusal = f"the consumer refused with status {status}"
            self._ended.set()
