"""The whole way: very many submissions in flight, each from its token and its bytes to the promise that it is durable.

A round ends when every event of its reports is with the broker, so that what the relay and the consumers do in the
same process is counted, and no debt is carried over to the next round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

from jagawarga.edge.api.citizen import ReportBody
from jagawarga.edge.bodies import read_body
from jagawarga.plumbing.writer import GroupCommit
from scripts.bench.pipeline_rows.cpu import Used, used

if TYPE_CHECKING:
    from jagawarga.app import House

TEXT_LIMIT = 10_000
RELAYED_WITHIN = 60.0


@dataclass(slots=True)
class Round:
    """What one round has shown; latencies in seconds, as each submitter saw them."""

    answers: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    relayed: float = 0.0
    batches: int = 0
    cpu: Used = field(default_factory=lambda: Used(0.0, 0.0, 0.0))

    @property
    def durable(self) -> int:
        """Submissions whose promise was given."""
        return self.answers["201"] + self.answers["202"]


async def submit(house: House, token: str, body: bytes) -> str:
    """Do what the HTTP server does with one request behind its socket; return the class of the answer."""
    principal = await house.identity.authenticate(token)
    command = read_body(ReportBody, body).command(TEXT_LIMIT)
    receipt = await house.intake.submit(principal, command)
    return "202" if receipt.waiting else "201"


async def round_of(house: House, tokens: Sequence[str], bodies: Sequence[bytes], in_flight: int) -> Round:
    """Send all bodies, `in_flight` at a time, and wait until their events are with the broker."""
    found = Round()
    pending = iter(range(len(bodies)))

    async def submitter() -> None:
        for number in pending:
            begun = trio.current_time()
            try:
                answer = await submit(house, tokens[number % len(tokens)], bodies[number])
            except Exception as error:  # noqa: BLE001 - counted by its kind, and told
                answer = type(error).__name__
            found.answers[answer] += 1
            found.latencies.append(trio.current_time() - begun)

    batches, cpu, begun = _batches(house), used(), trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(in_flight):
            nursery.start_soon(submitter)
    found.seconds = trio.current_time() - begun
    await relayed(house)
    found.relayed = trio.current_time() - begun
    found.cpu = used().since(cpu)
    found.batches = _batches(house) - batches
    return found


async def relayed(house: House) -> None:
    """Wait until the outbox is empty."""
    with trio.fail_after(RELAYED_WITHIN):
        while await house.reports.store.count():  # noqa: ASYNC110 - the relay sets no event
            await trio.sleep(0.02)


def _batches(house: House) -> int:
    process = house.reports.writer.whereis()
    return process.actor.batches if process is not None and isinstance(process.actor, GroupCommit) else 0
