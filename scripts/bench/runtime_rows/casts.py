"""How many casts are handled in a second: many to one actor, and one to each of many."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import trio

from scripts.bench.runtime_rows import bare
from scripts.bench.runtime_rows.population import WAVE, Ticket, everyone_has_run, populated
from scripts.bench.runtime_rows.row import Figure, Figures, Row
from supervisors.governor import settle

ROUNDS = 5
"""Casts to each of many, one a round; all are handled before the next."""

Send = Callable[[Any], Any]


async def batched(size: int) -> Figures:
    """Cast to one actor."""
    async with populated() as population:
        process = population.start(0)
        await everyone_has_run()
        figures = await _batches(process.cast, size)
        assert isinstance(process.actor, Ticket)
        assert process.actor.touched == size
        return figures


async def batched_box(size: int) -> Figures:
    """Append to a list that a parked task empties."""
    async with bare.block() as nursery:
        box = bare.Box()
        nursery.start_soon(box.serve)
        await everyone_has_run()
        figures = await _batches(box.put, size)
        assert box.handled == size
        return figures


async def batched_channel(size: int) -> Figures:
    """Send to a task over a memory channel, without waiting."""
    async with bare.block() as nursery:
        send, receive = trio.open_memory_channel[Any](math.inf)
        box = bare.Box()
        nursery.start_soon(_drain, receive, box)
        await everyone_has_run()
        figures = await _batches(send.send_nowait, size)
        assert box.handled == size
        return figures


async def _drain(receive: trio.MemoryReceiveChannel[Any], box: bare.Box) -> None:
    while True:
        box.handle(await receive.receive())
        try:
            while True:
                box.handle(receive.receive_nowait())
        except trio.WouldBlock:
            continue


async def _batches(send: Send, size: int) -> Figures:
    settle()
    began = trio.current_time()
    for first in range(0, size, WAVE):
        for number in range(first, min(first + WAVE, size)):
            send(number)
        await trio.lowlevel.checkpoint()
    await everyone_has_run()
    return {"handled": size / (trio.current_time() - began)}


async def spread(size: int) -> Figures:
    """Cast to each of many idle actors."""
    async with populated() as population:
        await population.spawn(size)
        everyone = [population.find(number) for number in range(size)]
        figures = await _rounds([process.cast for process in everyone])
        assert all(process.handled == ROUNDS for process in everyone)
        return figures


async def spread_boxes(size: int) -> Figures:
    """Append to a list for each of many parked tasks."""
    async with bare.block() as nursery:
        boxes = [bare.Box() for _ in range(size)]
        for box in boxes:
            nursery.start_soon(box.serve)
        await everyone_has_run()
        figures = await _rounds([box.put for box in boxes])
        assert all(box.handled == ROUNDS for box in boxes)
        return figures


async def spread_channels(size: int) -> Figures:
    """Send to each of many tasks over a memory channel of its own, without waiting."""
    async with bare.block() as nursery:
        boxes = [bare.Box() for _ in range(size)]
        sends: list[Send] = []
        for box in boxes:
            send, receive = trio.open_memory_channel[Any](1)
            nursery.start_soon(_drain, receive, box)
            sends.append(send.send_nowait)
        await everyone_has_run()
        figures = await _rounds(sends)
        assert all(box.handled == ROUNDS for box in boxes)
        return figures


async def _rounds(sends: list[Send]) -> Figures:
    settle()
    began = trio.current_time()
    for number in range(ROUNDS):
        for first in range(0, len(sends), WAVE):
            for send in sends[first : first + WAVE]:
                send(number)
            await trio.lowlevel.checkpoint()
        await everyone_has_run()
    return {"handled": ROUNDS * len(sends) / (trio.current_time() - began)}


ROWS = (
    Row(
        name="cast_batched",
        about="casts to one actor, 1,000 at a time, until all are handled",
        figures=(Figure("handled", "/s", 4e6, "more"),),
        ours=batched,
        bare={"list and parked task": batched_box, "memory channel": batched_channel},
        size=2_000_000,
        quick=200_000,
    ),
    Row(
        name="cast_spread",
        about="one cast to each of 100,000 idle actors, until all are handled",
        figures=(Figure("handled", "/s", 0.25e6, "more"),),
        ours=spread,
        bare={"list and parked task": spread_boxes, "memory channel": spread_channels},
        size=100_000,
        quick=100_000,
    ),
)
