"""Context that travels with messages: the sender's span and log context reach the handler, and go no further."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog.contextvars
import trio
from opentelemetry import context as otel
from opentelemetry import trace

from supervisors import NO_REPLY, Actor, Continue, Down, Registry, Reply, Sender, propagation, system, worker
from supervisors.messages import Carried
from supervisors.testing import running

names = Registry("propagation")
ACTOR = names.name("actor")
OTHER = names.name("other")

BOTH = pytest.mark.parametrize("direct", [False, True], ids=["queued", "direct"])


@contextmanager
def span(number: int) -> Iterator[None]:
    """Be inside a span of that number, as with any OpenTelemetry implementation."""
    parent = trace.SpanContext(number, number, is_remote=False, trace_flags=trace.TraceFlags(1))
    token = otel.attach(trace.set_span_in_context(trace.NonRecordingSpan(parent)))
    try:
        yield
    finally:
        otel.detach(token)


@contextmanager
def logging_as(who: str) -> Iterator[None]:
    with structlog.contextvars.bound_contextvars(who=who):
        yield


def here() -> tuple[int, dict[str, Any]]:
    """What a span begun here would have as its parent, and what a log line would wear."""
    return trace.get_current_span().get_span_context().span_id, structlog.contextvars.get_contextvars()


NOTHING: tuple[int, dict[str, Any]] = (0, {})


async def here_later() -> tuple[int, dict[str, Any]]:
    before = here()
    await trio.sleep(0.1)
    assert here() == before
    return before


class Told(Actor):
    def init(self) -> None:
        self.seen: list[Any] = []

    def handle_call(self, message: Any, sender: Sender) -> Any:
        return message(self, sender) if callable(message) else here()

    def handle_cast(self, message: Any) -> Any:
        if callable(message):
            return message(self)
        self.seen.append(here())
        return None

    def handle_info(self, message: Any) -> None:
        self.seen.append(here())

    def handle_continue(self, message: Any) -> Any:
        self.seen.append(here())


class Coroutine(Actor):
    """The same with coroutine callbacks, as far as they differ."""

    def init(self) -> None:
        self.seen: list[Any] = []

    async def handle_call(self, message: Any, sender: Sender) -> Any:
        return await here_later()

    async def handle_cast(self, message: Any) -> None:
        self.seen.append(await here_later())


class DirectTold(Told):
    direct = True


class DirectCoroutine(Coroutine):
    direct = True


ACTORS = pytest.mark.parametrize("actor", [Told, Coroutine, DirectTold, DirectCoroutine])


@pytest.fixture
def carried() -> Iterator[None]:
    end = propagation.carry(propagation.opentelemetry(), propagation.structlog_context())
    yield
    end()
    assert propagation.carriers == []


def kind(direct: bool) -> type[Told]:
    return DirectTold if direct else Told


def seen() -> list[Any]:
    process: Any = ACTOR.whereis()
    return process.actor.seen  # type: ignore[no-any-return]


@ACTORS
async def test_calls_carry(actor: type[Actor], carried: None, autojump_clock: Any) -> None:
    """The handler of a call runs in its caller's span and log context."""
    async with running(worker("told", actor, name=ACTOR)):
        await trio.sleep(1)
        with span(7), logging_as("ani"):
            assert await ACTOR.call("hello") == (7, {"who": "ani"})


@ACTORS
async def test_casts_carry(actor: type[Actor], carried: None, autojump_clock: Any) -> None:
    """So does that of a cast, however long it has lain in the mailbox."""
    async with running(worker("told", actor, name=ACTOR)):
        await system.suspend(ACTOR)
        for number in (1, 2):
            with span(number), logging_as(f"who {number}"):
                ACTOR.cast("hello")
        await trio.sleep(10)
        await system.resume(ACTOR)
        await trio.sleep(1)
        assert seen() == [(1, {"who": "who 1"}), (2, {"who": "who 2"})]


async def test_casts_that_may_wait_carry(carried: None, autojump_clock: Any) -> None:
    """And that of `cast_within`."""
    async with running(worker("told", Told, name=ACTOR)):
        process: Any = ACTOR.whereis()
        with span(7), logging_as("ani"):
            await process.cast_within("hello")
        await trio.sleep(1)
        assert seen() == [(7, {"who": "ani"})]


@ACTORS
async def test_nothing_leaks_into_the_next_message(actor: type[Actor], carried: None, autojump_clock: Any) -> None:
    """The next message, from a sender without context, is handled without."""
    async with running(worker("told", actor, name=ACTOR)):
        await trio.sleep(1)
        with span(7), logging_as("ani"):
            await ACTOR.call("hello")
            ACTOR.cast("hello")
        ACTOR.cast("hello")
        assert await ACTOR.call("hello") == NOTHING
        assert seen() == [(7, {"who": "ani"}), NOTHING]


@BOTH
async def test_nothing_leaks_into_a_timer(direct: bool, carried: None, autojump_clock: Any) -> None:
    """A timer that the handler sets is nobody's message."""

    def set_timer(actor: Told, sender: Sender) -> None:
        actor.send_after(1, "timer")

    async with running(worker("told", kind(direct), name=ACTOR)):
        await trio.sleep(1)
        with span(7), logging_as("ani"):
            await ACTOR.call(set_timer)
        await trio.sleep(2)
        assert seen() == [NOTHING]


@BOTH
async def test_nothing_leaks_after_an_answer_put_off(direct: bool, carried: None, autojump_clock: Any) -> None:
    """Nor does what is left when an answer is put off."""

    def put_off(actor: Told, sender: Sender) -> Any:
        actor.process.cast(lambda _: sender.reply("later"))
        return NO_REPLY

    async with running(worker("told", kind(direct), name=ACTOR)):
        await trio.sleep(1)
        with span(7), logging_as("ani"):
            assert await ACTOR.call(put_off) == "later"
        assert await ACTOR.call("hello") == NOTHING


@BOTH
async def test_the_caller_keeps_its_own(direct: bool, carried: None, autojump_clock: Any) -> None:
    """What a handler binds stays with the handler."""

    def bind(actor: Told, sender: Sender) -> None:
        structlog.contextvars.bind_contextvars(who="somebody else", more="things")

    async with running(worker("told", kind(direct), name=ACTOR)):
        await trio.sleep(1)
        with span(7), logging_as("ani"):
            await ACTOR.call(bind)
            assert here() == (7, {"who": "ani"})


@BOTH
async def test_continuations_belong_to_the_message(direct: bool, carried: None, autojump_clock: Any) -> None:
    """A continuation is part of the work on its message, and of its span."""
    async with running(worker("told", kind(direct), name=ACTOR)):
        await trio.sleep(1)
        with span(7), logging_as("ani"):
            await ACTOR.call(lambda *_: Reply("answered", Continue("go on")))
            ACTOR.cast(lambda _: Continue("go on"))
        await trio.sleep(1)
        assert seen() == [(7, {"who": "ani"})] * 2


@BOTH
async def test_from_actor_to_actor(direct: bool, carried: None, autojump_clock: Any) -> None:
    """What an actor sends while it handles a message goes on in the same span."""
    async with running(worker("told", kind(direct), name=ACTOR), worker("other", kind(direct), name=OTHER)):
        await trio.sleep(1)
        with span(7), logging_as("ani"):
            await OTHER.call(lambda *_: ACTOR.cast("hello"))

            async def ask(actor: Told, sender: Sender) -> Any:
                return await ACTOR.call("hello")

            assert await OTHER.call(ask) == (7, {"who": "ani"})
        assert seen() == [(7, {"who": "ani"})]


@BOTH
async def test_after_a_refusal(direct: bool, carried: None, autojump_clock: Any) -> None:
    """A call that raises in its caller leaves nothing behind."""

    def refuse(actor: Told, sender: Sender) -> Any:
        sender.error(KeyError())
        return NO_REPLY

    async with running(worker("told", kind(direct), name=ACTOR)):
        await trio.sleep(1)
        with span(7), logging_as("ani"), pytest.raises(KeyError):
            await ACTOR.call(refuse)
        assert await ACTOR.call("hello") == NOTHING


@BOTH
async def test_after_a_crash(direct: bool, carried: None, autojump_clock: Any) -> None:
    """A crash, cleanup and restart neither."""
    ended: list[Any] = []

    class Kind(kind(direct)):  # type: ignore[misc]
        def terminate(self, reason: Any) -> None:
            ended.append(here())

    def crash(actor: Told, sender: Sender) -> None:
        raise KeyError

    async with running(worker("told", Kind, name=ACTOR)):
        await trio.sleep(1)
        with span(7), logging_as("ani"), pytest.raises(Down):
            await ACTOR.call(crash)
        await trio.sleep(1)
        assert ended == [NOTHING]
        assert await ACTOR.call("hello") == NOTHING


async def test_only_what_is_there_is_carried(carried: None, autojump_clock: Any) -> None:
    """A sender without a span but with a log context brings the one alone, and the other way round."""
    async with running(worker("told", Told, name=ACTOR)):
        with logging_as("ani"):
            assert await ACTOR.call("hello") == (0, {"who": "ani"})
        with span(7):
            assert await ACTOR.call("hello") == (7, {})


async def test_traced_actors_hear_the_message(carried: None, autojump_clock: Any) -> None:
    """A debug function sees the message, not what it came in."""
    events: list[Any] = []
    async with running(worker("told", Told, name=ACTOR)):
        await system.install(ACTOR, "look", lambda event: events.append((event.what, event.message)))
        with span(7):
            ACTOR.cast("hello")
            assert await ACTOR.call("hello") == (7, {})
        assert events == [("cast", "hello"), ("call", "hello")]


def _mailbox(send: Callable[[Any], None]) -> list[Any]:
    process: Any = ACTOR.whereis()
    send(process)
    inbox: list[Any] = process.life.inbox
    return inbox


async def test_without_carriers_nothing_is_wrapped(autojump_clock: Any) -> None:
    """As long as nothing is to be carried, a cast lies bare in the mailbox, and a call has no baggage."""
    async with running(worker("told", Told, name=ACTOR)):
        with span(7), logging_as("ani"):
            assert _mailbox(lambda process: process.cast("hello")) == ["hello"]
            await trio.sleep(1)
            assert await ACTOR.call(lambda _, sender: sender.baggage) is None
            assert await ACTOR.call("hello") == NOTHING


async def test_without_context_nothing_is_wrapped(carried: None, autojump_clock: Any) -> None:
    """Nor is a message of a sender that has no context."""
    async with running(worker("told", Told, name=ACTOR)):
        assert _mailbox(lambda process: process.cast("hello")) == ["hello"]
        await trio.sleep(1)
        assert await ACTOR.call(lambda _, sender: sender.baggage) is None
        with span(7):
            assert [type(each) for each in _mailbox(lambda process: process.cast("hello"))] == [Carried]


async def test_carrying_ends(autojump_clock: Any) -> None:
    """What `carry` returned ends it, for what is sent from then on."""
    end = propagation.carry(propagation.opentelemetry())
    async with running(worker("told", Told, name=ACTOR)):
        with span(7):
            assert await ACTOR.call("hello") == (7, {})
            end()
            end()
            assert await ACTOR.call("hello") == NOTHING
