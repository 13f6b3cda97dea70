"""Publishing to JetStream with many messages in flight over one subscription for all acknowledgements.

nats-py's own `publish` makes a timer, a task and two random tokens for each message, which costs as much as the whole
rest of a report's way. Here a window has one timer, and a message is known by its number.
Source: JetStream publishes by request and reply, the reply being a `PubAck` in JSON (NATS ADR-8, ADR-22).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import nats.errors
from pydantic_core import from_json

from jagawarga.plumbing.packing import HEADER

if TYPE_CHECKING:
    from nats.aio.msg import Msg

    from jagawarga.plumbing.packing import Outgoing

MESSAGE_ID = "Nats-Msg-Id"
NEVER_YET = {"Nats-Expected-Last-Sequence": str(10**18)}
"""A stream that has not come so far, as none has, refuses the message, in its turn."""


class Window:
    """Messages on their way together; `stored` are the ids of the events that the broker has.

    `done` is set at the last answer.
    `refusal` is the first refusal of the broker's, if any.
    """

    def __init__(self, number: int) -> None:
        self.left = number
        self.stored: set[str] = set()
        self.refusal: str | None = None
        self.done = asyncio.Event()

    def settle(self, message: Outgoing, refusal: str | None) -> None:
        """Take one answer."""
        if refusal is None:
            self.stored.update(message.parts or (message.message_id,))
        else:
            self.refusal = self.refusal or refusal
        self.left -= 1
        if not self.left:
            self.done.set()


class Publishing:
    """The publishing side of one connection; used in its loop only."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._prefix = f"{client.new_inbox()}."
        self._number = 0
        self._flying: dict[str, tuple[Outgoing, Window]] = {}
        self._subscribed = False

    async def publish(self, messages: Sequence[Outgoing], within: float) -> set[str]:
        """Publish in order and return the ids of the events the broker has stored `within` so many seconds.

        What has no answer by then may or may not be stored. Raises nats-py's errors when nothing was stored.
        """
        if not self._subscribed:
            await self.client.subscribe(f"{self._prefix}*", cb=self._answer)
            self._subscribed = True
        window, sent = Window(len(messages)), list[str]()
        try:
            for each in messages:
                self._number += 1
                reply = f"{self._prefix}{self._number}"
                self._flying[reply] = (each, window)
                sent.append(reply)
                headers = {MESSAGE_ID: each.message_id}
                if each.parts:
                    headers[HEADER] = str(len(each.parts))
                await self.client.publish(each.subject, each.payload, reply, headers=headers)
            await asyncio.wait_for(window.done.wait(), within)
        except (TimeoutError, OSError, nats.errors.Error):
            if not window.stored:
                raise
        finally:
            for reply in sent:
                self._flying.pop(reply, None)
        if not window.stored and window.refusal is not None:
            raise nats.errors.Error(window.refusal)
        return window.stored

    async def settled(self, subject: str, within: float) -> None:
        """Return when everything published here before, by whomever, is either stored or never will be.

        A publisher that was cancelled leaves messages on their way. The stream takes one after the other, so its
        refusal of one that it can not take comes when it is through with those before. Raises nats-py's errors.
        """
        answer = await self.client.request(subject, b"", within, headers=NEVER_YET)
        if _refusal(answer.data) is None:
            msg = "the stream took a message that only asked how far it is"
            raise nats.errors.Error(msg)

    async def _answer(self, message: Msg) -> None:
        found = self._flying.pop(message.subject, None)
        if found is not None:
            sent, window = found
            window.settle(sent, _refusal(message.data))


def _refusal(data: bytes) -> str | None:
    """Say why an answer is no `PubAck`: an error of the stream's, or nobody there at all (an empty message)."""
    try:
        answer = from_json(data)
        if "error" in answer:
            return f"refused with code {int(answer['error']['code'])}"
    except (ValueError, TypeError, KeyError):
        return "no stream answers"
    return None if "stream" in answer and "seq" in answer else "no stream answers"
