"""What the chaos scenarios break things with: a proxy that swallows, a clock that jumps, a disk that fills."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
import pytest
import trio

from scripts.chaos.clock import ShiftedClock
from scripts.chaos.hole import LOOPBACK, Proxy
from scripts.chaos.main import run
from scripts.chaos.scenarios import SCENARIOS


async def echo(stream: trio.SocketStream) -> None:
    async for chunk in stream:
        await stream.send_all(chunk.upper())


@asynccontextmanager
async def proxied() -> AsyncIterator[Proxy]:
    """A proxy before a server that answers in capitals."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, echo, 0, host=LOOPBACK))
        proxy = Proxy(partial(trio.open_tcp_stream, LOOPBACK, listeners[0].socket.getsockname()[1]))
        await nursery.start(proxy.run)
        yield proxy
        nursery.cancel_scope.cancel()


async def answer(stream: trio.SocketStream, within: float) -> bytes | None:
    with trio.move_on_after(within):
        return bytes(await stream.receive_some())
    return None


async def test_a_hole_accepts_and_never_answers() -> None:
    """Connections that were there and new ones are silent alike; what was said meanwhile arrives afterwards."""
    async with proxied() as proxy:
        old = await trio.open_tcp_stream(LOOPBACK, proxy.port)
        await old.send_all(b"a")
        assert await answer(old, 5.0) == b"A"
        proxy.swallow()
        new = await trio.open_tcp_stream(LOOPBACK, proxy.port)
        for stream in (old, new):
            await stream.send_all(b"b")
            assert await answer(stream, 0.2) is None
        proxy.pass_on(cut=False)
        assert [await answer(stream, 5.0) for stream in (old, new)] == [b"B", b"B"]
        await old.aclose()
        await new.aclose()


async def test_a_hole_that_closes_may_cut_what_was_under_way() -> None:
    """The old connection ends, a new one works."""
    async with proxied() as proxy:
        old = await trio.open_tcp_stream(LOOPBACK, proxy.port)
        await old.send_all(b"a")
        assert await answer(old, 5.0) == b"A"
        proxy.swallow()
        proxy.pass_on(cut=True)
        assert await answer(old, 5.0) == b""
        new = await trio.open_tcp_stream(LOOPBACK, proxy.port)
        await new.send_all(b"b")
        assert await answer(new, 5.0) == b"B"
        await old.aclose()
        await new.aclose()


def test_a_clock_of_our_own_jumps(tmp_path: Path) -> None:
    """For whoever reads the same file; the machine's own goes on."""
    ours, theirs = ShiftedClock(tmp_path / "offset"), ShiftedClock(tmp_path / "offset")
    for offset in (0.0, 120.5, -8.0):
        ours.set(offset)
        assert theirs.offset == offset
        assert abs((theirs() - datetime.now(UTC)).total_seconds() - offset) < 1.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a scenario, or --all"),
        (["flood"], "there is no scenario 'flood'; there are actors"),
        (["actors", "--seconds", "0"], "0.0 is not in the range"),
    ],
)
def test_what_can_not_be_tried_is_said(arguments: list[str], said: str) -> None:
    """Before anything is started."""
    with pytest.raises(click.ClickException) as refused:
        run.main(arguments, standalone_mode=False)
    assert said in refused.value.format_message()


def test_scenarios_say_what_they_break(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each."""
    assert run.main(["--list"], standalone_mode=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(SCENARIOS)
    assert all(len(line.split()) > 3 for line in lines)
