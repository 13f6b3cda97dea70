"""The bus: NATS JetStream behind the door to asyncio.

Streams and durable consumers are declared in `streams` and brought about at every connect by `declaring`. Delivery is
at least once: a message is gone from a consumer only when it was acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import nats
import nats.errors
import nats.js.errors
import structlog
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, StreamState

from jagawarga.errors import StartupError, Unavailable
from jagawarga.plumbing.aio import DEADLINE, AioDoor, at_close
from jagawarga.plumbing.declaring import declare
from jagawarga.plumbing.packing import HEADER, ROOM, Outgoing, next_message, pack, place_of, sequence_of, unpack
from jagawarga.plumbing.publishing import MESSAGE_ID, Publishing
from jagawarga.plumbing.pulling import Pulling
from jagawarga.plumbing.streams import BURIED, CONSUMERS, EVENTS, STREAMS, SUBJECTS, stream_of
from supervisors import Actor

CONNECT_SECONDS = 5.0
PUBLISH_SECONDS = 5.0
IN_FLIGHT = 256
GIVE_UP_FETCHING_AFTER = 3
DOUBT_SECONDS = 1.0
"""For one question about a consumer: in a waiting room somebody's clock runs."""
CHECK_EVERY = 1.0
UNSENDABLE = "unsendable"
"""The kind of event that a dead letter has which could not even be published."""
RECENT_AT_ONCE = 32

_SHORT_REPLY = 9

_DOWN = (OSError, asyncio.TimeoutError, nats.errors.Error)

T = TypeVar("T")

log = structlog.get_logger()


class Carried:
    """A message of the broker's on its way through a consumer: done when all of its events are."""

    __slots__ = ("left", "message")

    def __init__(self, message: Msg, events: int) -> None:
        self.message = message
        self.left = events


class Delivery(NamedTuple):
    """An event from the stream; `sequence` is its place there, `deliveries` counts the times it was handed out."""

    sequence: int
    subject: str
    payload: bytes
    message_id: str
    deliveries: int
    carried: Carried | None = None


class Bus:
    """A handle that outlives its connections; open while a `BusActor` holds it open."""

    def __init__(self, door: AioDoor, url: str, *, durables: Sequence[ConsumerConfig] = CONSUMERS) -> None:
        self.door = door
        self.url = url
        self.durables = tuple(durables)
        self._streams = {each.durable_name: stream_of(each) for each in self.durables}
        self._client: Any = None
        self._js: Any = None
        # A connection belongs to the loop that opened it, and may be touched in no other.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._publishing: Publishing | None = None
        self._pulling: dict[str, Pulling] = {}
        self._failures: dict[str, int] = {}
        self._undeclared = False

    @property
    def is_open(self) -> bool:
        """True while the broker is connected."""
        return self._client is not None and bool(self._client.is_connected)

    @property
    def is_closed(self) -> bool:
        """True when the connection is gone for good, or leads to a broker that is not as it was declared."""
        return self._client is not None and (self._undeclared or bool(self._client.is_closed))

    async def publish(self, messages: Sequence[Outgoing], *, deadline: float = DEADLINE) -> set[str]:
        """Publish in order, many in flight, and return the ids of those the broker has stored.

        Raises `Unavailable` when not even the first could be stored.
        """
        return await self.door.run(self._publish, messages, deadline=deadline)

    async def publish_packed(self, messages: Sequence[Outgoing], *, deadline: float = DEADLINE) -> set[str]:
        """Publish as `publish` does, neighbours of one subject in one message; see `packing`."""
        return await self.door.run(self._publish, list(pack(messages)), deadline=deadline)

    async def recent(self, limit: int) -> set[str]:
        """The ids of the newest `limit` stored events or a few more: a publisher in doubt looks there for its own.

        What a publisher of this connection left on its way, cancelled, is in it or never will be stored.
        """
        return await self.door.run(self._recent, limit)

    async def fetch(self, durable: str, batch: int, wait: float) -> list[Delivery]:
        """Take up to `batch` messages of a durable consumer, waiting at most `wait` seconds for the first.

        Packed ones are several events each. Their message is done when all of them are; asked for again, all come.
        """
        return await self.door.run(self._fetch, durable, batch, wait, deadline=wait + DEADLINE)

    async def ack(self, deliveries: Iterable[Delivery]) -> None:
        """Tell the broker that these are done; an acknowledgement that gets lost means one more delivery."""
        await self.door.run(self._ack, list(deliveries))

    async def retry(self, delivery: Delivery, delay: float) -> None:
        """Ask for the message again after `delay` seconds."""
        await self.door.run(self._retry, delivery, delay)

    async def bury(self, message: Outgoing, reason: str) -> None:
        """Put a message that can not be published among the dead letters, as much of it as there is room for."""
        await self.door.run(self._bury, message, reason)

    async def park(self, delivery: Delivery, reason: str) -> None:
        """Put the message among the dead letters with the reason, then take it off its consumer."""
        await self.door.run(self._park, delivery, reason)

    async def read_from(self, sequence: int, limit: int) -> list[Delivery]:
        """Read up to `limit` stored messages from the place `sequence` on; leaves no state in the broker."""
        return await self.door.run(self._read_from, sequence, limit)

    async def find(self, stream: str, subject: str) -> bytes | None:
        """Give the newest message that lies in `stream` under exactly this subject, `None` when there is none."""
        return await self.door.run(self._find, stream, subject)

    async def with_streams(self, work: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Do one unit of work with the broker's JetStream context; raises `Unavailable`."""
        return await self.door.run(self._with_streams, work, args)

    async def last_sequence(self) -> int:
        """A place that is behind the newest stored event, and before the next one."""
        return await self.door.run(self._last_sequence)

    # --- in the asyncio loop

    def _stream(self) -> Any:
        if not self.is_open or self._loop is not asyncio.get_running_loop():
            msg = "the broker is out of reach"
            raise Unavailable(msg)
        return self._js

    def _message(self, delivery: Delivery) -> Msg | None:
        """The message to answer, if it came over this very connection."""
        if delivery.carried is None:
            return None
        message = delivery.carried.message
        if message._client is not self._client:  # noqa: SLF001 - no public way
            msg = "the message came over a connection that is gone"
            raise Unavailable(msg)
        return message

    def _publisher(self) -> Publishing:
        publishing = self._publishing
        if publishing is None or publishing.client is not self._client:
            publishing = self._publishing = Publishing(self._client)
        return publishing

    async def _publish(self, messages: Sequence[Outgoing]) -> set[str]:
        self._stream()
        publishing = self._publisher()
        stored: set[str] = set()
        for start in range(0, len(messages), IN_FLIGHT):
            window = messages[start : start + IN_FLIGHT]
            try:
                taken = await publishing.publish(window, PUBLISH_SECONDS)
            except _DOWN as error:
                if stored:
                    break
                msg = f"the broker took nothing ({type(error).__name__})"
                raise Unavailable(msg) from error
            stored |= taken
            if len(taken) < sum(len(each.parts) or 1 for each in window):
                break
        return stored

    async def _fetch(self, durable: str, batch: int, wait: float) -> list[Delivery]:
        self._stream()
        try:
            pulling = self._pulling.get(durable)
            if pulling is None:
                pulling = self._pulling[durable] = Pulling(self._client, self._streams[durable], durable)
            messages = await pulling.pull(batch, wait)
        except TimeoutError:
            await self._doubt(durable)
            return []
        except _DOWN as error:
            await self._forget(durable)
            msg = f"the broker is out of reach ({type(error).__name__})"
            raise Unavailable(msg) from error
        self._failures[durable] = 0
        return [each for message in messages for each in _deliveries(message)]

    async def _doubt(self, durable: str) -> None:
        """An empty fetch may be silence or a subscription lost in a restart of the broker: look now and then."""
        self._failures[durable] = self._failures.get(durable, 0) + 1
        if self._failures[durable] < GIVE_UP_FETCHING_AFTER:
            return
        self._failures[durable] = 0
        try:
            await self._js.consumer_info(self._streams[durable], durable, timeout=DOUBT_SECONDS)
        except _DOWN as error:
            await self._forget(durable)
            msg = f"the consumer {durable} is out of reach ({type(error).__name__})"
            raise Unavailable(msg) from error

    async def _forget(self, durable: str) -> None:
        old = self._pulling.pop(durable, None)
        if old is not None:
            await _quietly(old.close())

    async def _ack(self, deliveries: Sequence[Delivery]) -> None:
        self._stream()
        try:
            for each in deliveries:
                message = self._message(each)
                if message is not None and _last_of(each):
                    await message.ack()
        except _DOWN as error:
            msg = f"the broker is out of reach ({type(error).__name__})"
            raise Unavailable(msg) from error

    async def _retry(self, delivery: Delivery, delay: float) -> None:
        self._stream()
        message = self._message(delivery)
        if message is not None:
            try:
                await message.nak(delay=delay)
            except _DOWN as error:
                msg = f"the broker is out of reach ({type(error).__name__})"
                raise Unavailable(msg) from error

    async def _park(self, delivery: Delivery, reason: str) -> None:
        stream = self._stream()
        message = self._message(delivery)
        # By subject and place: two streams have a fifth message each, and both may have to be kept.
        identity = f"dlq-{delivery.subject}-{delivery.sequence}"
        headers = {MESSAGE_ID: identity, "Reason": reason, "Sequence": str(sequence_of(delivery.sequence))}
        try:
            await stream.publish(f"{BURIED}.{delivery.subject}", delivery.payload, PUBLISH_SECONDS, headers=headers)
            if message is not None and _last_of(delivery):
                await (message.ack() if HEADER in (message.headers or {}) else message.term())
        except _DOWN as error:
            msg = f"the broker is out of reach ({type(error).__name__})"
            raise Unavailable(msg) from error

    async def _bury(self, message: Outgoing, reason: str) -> None:
        stream = self._stream()
        headers = {MESSAGE_ID: f"dlq-{message.message_id}", "Reason": reason}
        subject = f"{BURIED}.{SUBJECTS}.{UNSENDABLE}"
        try:
            await stream.publish(subject, message.payload[:ROOM], PUBLISH_SECONDS, headers=headers)
        except _DOWN as error:
            msg = f"the broker is out of reach ({type(error).__name__})"
            raise Unavailable(msg) from error

    async def _find(self, stream: str, subject: str) -> bytes | None:
        try:
            found = await self._stream().get_last_msg(stream, subject, direct=True)
        except nats.js.errors.NotFoundError:
            return None
        except _DOWN as error:
            msg = f"the broker is out of reach ({type(error).__name__})"
            raise Unavailable(msg) from error
        return bytes(found.data or b"")

    async def _with_streams(self, work: Callable[..., Awaitable[T]], args: tuple[Any, ...]) -> T:
        try:
            return await work(self._stream(), *args)
        except _DOWN as error:
            msg = f"the broker is out of reach ({type(error).__name__})"
            raise Unavailable(msg) from error

    async def _last_sequence(self) -> int:
        return next_message(place_of((await self._events_state()).last_seq)) - 1

    async def _events_state(self) -> StreamState:
        try:
            return (await self._stream().stream_info(EVENTS)).state  # type: ignore[no-any-return]
        except _DOWN as error:
            msg = f"the broker is out of reach ({type(error).__name__})"
            raise Unavailable(msg) from error

    async def _read_from(self, place: int, limit: int) -> list[Delivery]:
        state = await self._events_state()
        first = max(sequence_of(place), state.first_seq)
        found: list[Delivery] = []
        # A place may be the last of its message, and whole stretches may have been deleted.
        while not found and first <= state.last_seq:
            behind = min(state.last_seq + 1, first + limit)
            found = [each for each in await self._stored(range(first, behind)) if each.sequence >= place]
            first = behind
        return found

    async def _recent(self, limit: int) -> set[str]:
        self._stream()
        try:
            await self._publisher().settled(f"{SUBJECTS}.settled", PUBLISH_SECONDS)
        except _DOWN as error:
            msg = f"the broker is out of reach ({type(error).__name__})"
            raise Unavailable(msg) from error
        state = await self._events_state()
        found: set[str] = set()
        until = state.last_seq
        while len(found) < limit and until >= max(1, state.first_seq):
            since = max(1, state.first_seq, until - RECENT_AT_ONCE + 1)
            found |= {each.message_id for each in await self._stored(range(since, until + 1))}
            until = since - 1
        return found

    async def _stored(self, wanted: Iterable[int]) -> list[Delivery]:
        stream = self._stream()
        answers = await asyncio.gather(
            *(stream.get_msg(EVENTS, seq=each, direct=True) for each in wanted), return_exceptions=True
        )
        found: list[Delivery] = []
        for answer in answers:
            if isinstance(answer, nats.js.errors.NotFoundError):
                continue
            if isinstance(answer, _DOWN):
                msg = f"the broker is out of reach ({type(answer).__name__})"
                raise Unavailable(msg) from answer
            if isinstance(answer, BaseException):
                raise answer
            headers = answer.headers or {}
            events = unpack(headers.get(MESSAGE_ID, ""), answer.data or b"", headers.get(HEADER))
            found += [
                Delivery(place_of(int(answer.seq or 0), number), answer.subject or "", payload, identity, 1)
                for number, (identity, payload) in enumerate(events)
            ]
        return found

    async def _open(self) -> None:
        await self._close()
        # nats-py tries the first connection as often as any other: for ever. The supervisor does that better.
        client = await asyncio.wait_for(self._connect(), CONNECT_SECONDS)
        try:
            js = client.jetstream(timeout=PUBLISH_SECONDS)
            await self._declare(js)
        except BaseException:
            await _quietly(client.close())
            raise
        at_close(lambda: _quietly(client.close()))
        self._client, self._js, self._loop = client, js, asyncio.get_running_loop()
        self._undeclared = False

    async def _declare(self, js: Any) -> None:
        await declare(js, STREAMS, [(stream_of(durable), durable) for durable in self.durables])

    async def _reconnected(self) -> None:
        """Declare again: the broker may have come back empty, or as another one."""
        if self._js is None:
            return
        try:
            await self._declare(self._js)
        except (*_DOWN, StartupError) as error:
            # The actor makes a connection of its own, and says what is wrong if that is no better.
            log.warning("bus.undeclared", error=type(error).__name__)
            self._undeclared = True

    async def _connect(self) -> Any:
        return await nats.connect(
            self.url,
            connect_timeout=CONNECT_SECONDS,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,
            ping_interval=10,
            max_outstanding_pings=2,
            # Publishing while the broker is away fails at once instead of piling up in the client.
            pending_size=-1,
            # Ours are constants, kinds of events and ids: looking at them again costs more than sending.
            skip_subject_validation=True,
            error_cb=_report,
            disconnected_cb=self._interrupted,
            reconnected_cb=self._reconnected,
            name="jagawarga",
        )

    async def _interrupted(self) -> None:
        for each in self._pulling.values():
            each.interrupt()

    async def _close(self) -> None:
        client, self._client, self._js = self._client, None, None
        self._pulling.clear()
        if client is not None and self._loop is asyncio.get_running_loop():
            await _quietly(client.close())


async def _quietly(work: Any) -> None:
    """Wait a little for a farewell; whatever goes wrong with one is no longer our business."""
    try:
        await asyncio.wait_for(work, 1.0)
    except Exception as error:  # noqa: BLE001 - nats-py raises many things while closing
        log.debug("bus.farewell", error=type(error).__name__)


async def _report(error: Exception) -> None:
    # Several a second while the broker is away: /readyz and the relay say so once.
    log.debug("bus.error", error=type(error).__name__)


def _deliveries(message: Msg) -> list[Delivery]:
    # "$JS.ACK.stream.consumer.deliveries.sequence…", or with a domain and an account before the stream (NATS ADR-15).
    places = message.reply.split(".")
    deliveries, sequence = places[4:6] if len(places) == _SHORT_REPLY else places[6:8]
    headers = message.headers or {}
    events = unpack(headers.get(MESSAGE_ID, ""), message.data, headers.get(HEADER))
    first, times, carried = place_of(int(sequence)), int(deliveries), Carried(message, len(events))
    return [
        Delivery(first + number, message.subject, payload, identity, times, carried)
        for number, (identity, payload) in enumerate(events)
    ]


def _last_of(delivery: Delivery) -> bool:
    """Count the event as done; True if it was the last of its message."""
    assert delivery.carried is not None
    delivery.carried.left -= 1
    return delivery.carried.left == 0


class ConnectionClosed(Exception):
    """nats-py has given its connection up for good: the actor crashes with this and makes another."""


class BusActor(Actor):
    """Connects the handle, declares streams and consumers, closes it; crashes when the client has closed itself.

    nats-py reconnects by itself, but not after every error that a server may say.
    """

    async def init(self, bus: Bus) -> None:
        """Connect; a broker that is not there fails the start, and the supervisor tries again."""
        self.bus = bus
        try:
            await bus.door.run(bus._open, deadline=30.0)  # noqa: SLF001 - the handle's other half
        except _DOWN as error:
            msg = f"the broker is out of reach ({type(error).__name__})"
            raise Unavailable(msg) from error
        self.send_after(CHECK_EVERY, "check")

    def handle_info(self, message: Any) -> None:
        """Look whether the client still means to be connected."""
        del message
        if self.bus.is_closed:
            raise ConnectionClosed
        self.send_after(CHECK_EVERY, "check")

    async def terminate(self, reason: Any) -> None:
        """Disconnect."""
        del reason
        if self.bus.door.is_open:
            await self.bus.door.run(self.bus._close, deadline=3.0)  # noqa: SLF001 - the handle's other half

    def describe(self) -> dict[str, Any]:
        """Tell whether the broker is there."""
        return {"connected": self.bus.is_open}
