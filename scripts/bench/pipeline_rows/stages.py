"""Where a submission's microseconds go: each stage done by itself in the running house, by processor time.

Stages that wait for the other thread or a server are measured over many rows at once, as they are done under load.
What the sum lacks of the whole is the price of doing it all at once: switching tasks and threads, colder caches.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jagawarga.anonymizer.actor import cut_report
from jagawarga.edge.api.citizen import ReportBody
from jagawarga.edge.bodies import read_body
from jagawarga.plumbing.packing import Outgoing
from jagawarga.reports.messages import decode_event, encode_event
from jagawarga.reports.model import event_of, filed, fold_state, shared_terms
from jagawarga.reports.store import SUBJECT, Filing
from jagawarga.reports.tracking import PURPOSE, new_code
from scripts.bench.pipeline_rows.whole import TEXT_LIMIT

if TYPE_CHECKING:
    from jagawarga.app import House
    from jagawarga.identity.messages import PersonalFacts
    from jagawarga.reports.messages import SubmitReport

BATCH = 256


@dataclass(frozen=True, slots=True)
class Stage:
    """Processor time of our process for one report; `share` of the reports go through it."""

    name: str
    microseconds: float
    share: float = 1.0

    @property
    def weighted(self) -> float:
        """What it adds to the average report."""
        return self.microseconds * self.share


async def stages(house: House, token: str, bodies: Sequence[bytes]) -> list[Stage]:
    """Measure every stage over these bodies."""
    principal = await house.identity.authenticate(token)
    commands = [read_body(ReportBody, each).command(TEXT_LIMIT) for each in bodies]
    anonymous = [each for each in commands if each.privacy == "anonymous"]
    assert principal.facts is not None
    facts = principal.facts
    filings = [_filing(house, each) for each in commands]
    store = house.reports.store

    async def authenticate() -> None:
        for _ in bodies:
            await house.identity.authenticate(token)

    found = [
        Stage("authenticate", await _each(authenticate, len(bodies))),
        Stage("validate", _loop(lambda each: read_body(ReportBody, each).command(TEXT_LIMIT), bodies)),
        Stage("redact", _loop(lambda each: _cut(each, facts), anonymous), len(anonymous) / len(commands)),
        Stage("route", _loop(lambda each: _assign(house, each), commands)),
        Stage("seal", _loop(lambda each: store.seals.content(uuid4(), each.text, each.place), commands)),
        Stage("tracking code", _loop(lambda _: _code(house), commands)),
        Stage("first step", _loop(lambda each: _filing(house, each, sealed=b""), commands)),
    ]

    async def write() -> None:
        for start in range(0, len(filings), BATCH):
            await store.write(filings[start : start + BATCH])

    # Straight to the store: no report of these gets an actor, and nobody wakes the relay.
    found.append(Stage("write", await _each(write, len(filings))))
    states = [each.step.state for each in filings]

    async def start() -> None:
        for state in states:
            house.reports.directory.start_asleep(state.report_id, fold_state(state), 3600.0)

    found.append(Stage("actor", await _each(start, len(states))))
    messages = [_event(each) for each in filings]

    async def publish() -> None:
        await house.bus.publish_packed(messages)

    found.append(Stage("publish", await _each(publish, len(messages))))
    found.append(Stage("consume", _loop(decode_event, [each.payload for each in messages])))
    return found


def filings_of(house: House, bodies: Sequence[bytes]) -> list[Filing]:
    """Make new filings, ready to be written, of these bodies."""
    return [_filing(house, read_body(ReportBody, each).command(TEXT_LIMIT)) for each in bodies]


def _event(filing: Filing) -> Outgoing:
    event_id = uuid4()
    return Outgoing(str(event_id), SUBJECT + filing.step.event, encode_event(event_of(filing.step, event_id)))


def _cut(command: SubmitReport, facts: PersonalFacts) -> None:
    cut_report(command, facts)


def _assign(house: House, command: SubmitReport) -> Any:
    return house.catalogue.assign(
        command.category, command.place.latitude, command.place.longitude, command.place.address
    )


def _code(house: House) -> bytes:
    return house.keyring.digest(PURPOSE, new_code().replace("-", "").encode())


def _filing(house: House, command: SubmitReport, sealed: bytes | None = None) -> Filing:
    assigned = _assign(house, command) if sealed is None else None
    ladder = assigned.ladder if assigned is not None else ("dinas", "wali-kota")
    step = filed(
        uuid4(),
        privacy=command.privacy,
        category=command.category,
        reporter=None,
        terms=shared_terms(ladder, (3600.0,), (7200.0,)),
        now=house.reports.clock(),
        grain=house.reports.grain,
    )
    if sealed is None:
        sealed = house.reports.store.seals.content(step.state.report_id, command.text, command.place)
    return Filing(step, None, house.keyring.digest(PURPOSE, step.state.report_id.bytes), sealed)


def _loop(work: Callable[[Any], Any], items: Sequence[Any]) -> float:
    begun = time.process_time()
    for each in items:
        work(each)
    return (time.process_time() - begun) / max(1, len(items)) * 1e6


async def _each(work: Callable[[], Awaitable[None]], number: int) -> float:
    begun = time.process_time()
    await work()
    return (time.process_time() - begun) / max(1, number) * 1e6
