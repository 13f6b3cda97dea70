"""Publishing by the window on a real broker."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import nats
import nats.errors
import pytest
from nats.js.api import StreamConfig

from jagawarga.plumbing.packing import Outgoing
from jagawarga.plumbing.publishing import Publishing

SECONDS = 5.0


def test_what_is_stored_is_told(nats_url: str) -> None:
    """In order and once, a repeated id included; a refusal of the stream's counts as not stored."""

    async def run() -> None:
        client = await nats.connect(nats_url)
        js = client.jetstream()
        name = f"T{uuid4().hex}"
        await js.add_stream(StreamConfig(name=name, subjects=[f"{name}.*"], max_msg_size=100))
        try:
            publishing = Publishing(client)
            window = [Outgoing(f"id-{number}", f"{name}.a", str(number).encode()) for number in range(300)]
            big = Outgoing("big", f"{name}.a", bytes(1000))
            stored = await publishing.publish([*window[:150], big, *window[150:], window[0]], SECONDS)
            assert stored == {each.message_id for each in window}
            state = (await js.stream_info(name)).state
            assert state.messages == 300
            assert [(await js.get_msg(name, seq)).data for seq in (1, 150, 300)] == [b"0", b"149", b"299"]
            with pytest.raises(nats.errors.Error, match="refused"):
                await publishing.publish([big], SECONDS)
        finally:
            await js.delete_stream(name)
            await client.close()

    asyncio.run(run())


def test_nobody_listens(nats_url: str) -> None:
    """A subject of no stream is told at once, not when the time is over."""

    async def run() -> None:
        client = await nats.connect(nats_url)
        try:
            with pytest.raises(nats.errors.Error, match="no stream"):
                await asyncio.wait_for(
                    Publishing(client).publish([Outgoing("x", f"nobody.{uuid4().hex}", b"")], 60.0), SECONDS
                )
        finally:
            await client.close()

    asyncio.run(run())
