"""A channel: a way to reach somebody outside of the inbox."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from jagawarga.notification.messages import Channel as Name
from jagawarga.notification.plan import Due, Outcome
from jagawarga.notification.preferences import Preferences


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one recipient, made of all their claimed deliveries that are due."""

    recipient: str
    preferences: Preferences
    news: tuple[Due, ...]


class Session(Protocol):
    """A channel that is ready to send; no two messages at once."""

    @property
    def usable(self) -> bool:
        """Whether another message can be sent; if not, the channel is to be opened again."""

    async def send(self, letter: Letter) -> Outcome:
        """Send one message and say what became of it; never raises but for a cancellation and our own bugs.

        `again` promises that the other side did not take it. Cancelled, nobody knows. Has a deadline of its own,
        `SEND_WITHIN` seconds.
        """


class Channel(Protocol):
    """What a `Sender` works for."""

    @property
    def name(self) -> Name:
        """Which one it is."""

    def open(self) -> AbstractAsyncContextManager[Session]:
        """Get ready to send a batch; raises `Unavailable` when the other side is out of reach and nothing was sent."""


SEND_WITHIN = 20.0
