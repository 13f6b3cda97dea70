"""What is declared of streams and consumers, brought about without losing a message.

At every connect what the broker has is compared with what the code declares. What can be changed in place is changed.
What would cost stored messages is refused before anything is touched: the operator gets one line and decides. A
consumer the broker refuses to change is made anew where its acknowledgements end: some messages come twice, none is
skipped, and twice is once by the consumers' memory of event ids.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, Final

import nats.js.errors
import structlog
from nats.js.api import ConsumerConfig, ConsumerInfo, DeliverPolicy, RetentionPolicy, StreamConfig, StreamInfo

from jagawarga.errors import StartupError

_FIXED: Final = ("storage", "retention")
"""What makes the messages' home: the broker changes it for no stream, and only a new stream could have another."""
_UNLIMITED: Final = {"max_msgs": -1, "max_bytes": -1, "max_age": 0.0, "max_msgs_per_subject": -1, "max_msg_size": -1}
_OF_THE_BROKER: Final = frozenset({"metadata", "name"})
_ITS_CHOICE: Final = {"duplicate_window": 0}
"""What the client sends for "as the broker likes"."""
_WHERE_IT_BEGINS: Final = ("deliver_policy", "opt_start_seq", "opt_start_time")
"""Said once, when a consumer is made; from then on it goes on from where it is."""

log = structlog.get_logger()


async def declare(js: Any, streams: Sequence[StreamConfig], consumers: Iterable[tuple[str, ConsumerConfig]]) -> None:
    """Bring about streams, and consumers each with its stream's name; runs in asyncio.

    Killed in the middle, it is done by the next one. Raises `StartupError` for a change that would lose messages,
    nothing having been changed, and for one the broker refuses.
    """
    there = [await _stream(js, declared.name) for declared in streams]
    for declared, info in zip(streams, there, strict=True):
        if info is not None:
            await _refuse_losses(js, declared, info)
    for declared, info in zip(streams, there, strict=True):
        await _bring_about_stream(js, declared, info)
    for stream, consumer in consumers:
        await _bring_about_consumer(js, stream, consumer)


def changes(declared: Any, there: Any) -> dict[str, tuple[Any, Any]]:
    """The settings that differ, each with what is there and what is declared.

    What is not declared may be as the broker has it, but a limit that is no longer declared is none.
    """
    found = {}
    for each in fields(declared):
        wanted, got = getattr(declared, each.name), getattr(there, each.name)
        if wanted is None:
            wanted = _UNLIMITED.get(each.name)
        if wanted is None or each.name in _OF_THE_BROKER or wanted == _ITS_CHOICE.get(each.name):
            continue
        # The broker does not tell a flag that is off.
        if wanted != (False if got is None else got):
            found[each.name] = (got, wanted)
    return found


# --- streams


async def _stream(js: Any, name: str | None) -> StreamInfo | None:
    try:
        info: StreamInfo = await js.stream_info(name)
    except nats.js.errors.NotFoundError:
        return None
    return info


async def _refuse_losses(js: Any, declared: StreamConfig, info: StreamInfo) -> None:
    async for setting, lost in _losses(js, declared, info):
        before, wanted = changes(declared, info.config)[setting]
        msg = (
            f"stream {declared.name}: {setting} can not go from {_shown(before)} to {_shown(wanted)}: {lost}; "
            "nothing was changed"
        )
        raise StartupError(msg)


async def _losses(js: Any, declared: StreamConfig, info: StreamInfo) -> AsyncIterator[tuple[str, str]]:
    """The settings that would cost messages, each with what would be lost."""
    changed = changes(declared, info.config)
    state = info.state
    for setting in _FIXED:
        if setting in changed:
            yield setting, f"a stream keeps its {setting} for life, and {state.messages} messages lie in it"
    if "max_msgs" in changed and _exceeds(state.messages, declared.max_msgs):
        yield "max_msgs", f"{state.messages} messages lie there"
    if "max_bytes" in changed and _exceeds(state.bytes, declared.max_bytes):
        yield "max_bytes", f"{state.bytes} bytes lie there"
    if "max_age" in changed and declared.max_age and state.messages:
        oldest = (await js.get_msg(declared.name, seq=state.first_seq)).time
        age = (datetime.now(UTC) - oldest).total_seconds()
        if age > declared.max_age:
            yield "max_age", f"the oldest message there is {age:.0f} seconds old"
    if state.messages and {"max_msgs_per_subject", "subjects"} & changed.keys():
        under = (await js.stream_info(declared.name, subjects_filter=">")).state.subjects or {}
        most = max(under.values(), default=0)
        if "max_msgs_per_subject" in changed and _exceeds(most, declared.max_msgs_per_subject):
            yield "max_msgs_per_subject", f"{most} messages lie under one subject"
        homeless = sum(count for subject, count in under.items() if not _covered(subject, declared.subjects or ()))
        if "subjects" in changed and homeless:
            yield "subjects", f"{homeless} messages lie under what is no longer there"


def _exceeds(stored: int, limit: int | None) -> bool:
    # Nought and less is no limit.
    return limit is not None and 0 < limit < stored


def _covered(subject: str, patterns: Iterable[str]) -> bool:
    return any(_matches(subject.split("."), pattern.split(".")) for pattern in patterns)


def _matches(subject: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a subject falls under a pattern, by NATS's rules: `*` is one token, `>` is one and all behind it."""
    if pattern[-1] == ">" and len(subject) >= len(pattern):
        subject, pattern = subject[: len(pattern) - 1], pattern[:-1]
    return len(subject) == len(pattern) and all(
        token in {"*", got} for got, token in zip(subject, pattern, strict=True)
    )


async def _bring_about_stream(js: Any, declared: StreamConfig, info: StreamInfo | None) -> None:
    changed = {} if info is None else changes(declared, info.config)
    if info is not None and not changed:
        return
    try:
        await (js.add_stream if info is None else js.update_stream)(declared)
    except nats.js.errors.APIError as error:
        raise _refusal(f"stream {declared.name}", changed, error) from error
    if changed:
        log.info("bus.stream.changed", stream=declared.name, settings=sorted(changed))


# --- consumers


async def _bring_about_consumer(js: Any, stream: str, declared: ConsumerConfig) -> None:
    try:
        info: ConsumerInfo = await js.consumer_info(stream, declared.durable_name)
    except nats.js.errors.NotFoundError:
        await _add(js, stream, declared)
        return
    wanted = replace(declared, **{name: getattr(info.config, name) for name in _WHERE_IT_BEGINS})
    changed = changes(wanted, info.config)
    if not changed:
        return
    try:
        await js.add_consumer(stream, wanted)
    except nats.js.errors.ServiceUnavailableError:
        raise
    except nats.js.errors.APIError:
        await _make_anew(js, stream, declared, info)
    log.info("bus.consumer.changed", consumer=declared.durable_name, settings=sorted(changed))


async def _make_anew(js: Any, stream: str, declared: ConsumerConfig, info: ConsumerInfo) -> None:
    """Take the consumer away and make it again at its floor.

    Killed in between, the next connect finds none and makes one from the beginning: more comes twice, nothing is lost.
    """
    begin = await _begin(js, stream, info)
    await js.delete_consumer(stream, declared.durable_name)
    try:
        await _add(js, stream, replace(declared, **begin))
    except StartupError:
        # As it was, at the same place: who starts the former version again goes on with it.
        await js.add_consumer(stream, replace(info.config, **begin))
        raise


async def _begin(js: Any, stream: str, info: ConsumerInfo) -> dict[str, Any]:
    if (await js.stream_info(stream)).config.retention == RetentionPolicy.WORK_QUEUE:
        # What was acknowledged is gone from the stream, so its beginning is the floor; the broker takes no other.
        return dict.fromkeys(_WHERE_IT_BEGINS) | {"deliver_policy": DeliverPolicy.ALL}
    floor = info.ack_floor.stream_seq if info.ack_floor else 0
    # One that began in the middle and has acknowledged nothing has a floor of nought.
    first = max(floor + 1, info.config.opt_start_seq or 1)
    return {"deliver_policy": DeliverPolicy.BY_START_SEQUENCE, "opt_start_seq": first, "opt_start_time": None}


async def _add(js: Any, stream: str, declared: ConsumerConfig) -> None:
    try:
        await js.add_consumer(stream, declared)
    except nats.js.errors.APIError as error:
        raise _refusal(f"consumer {declared.durable_name} of stream {stream}", {}, error) from error


def _refusal(what: str, changed: dict[str, tuple[Any, Any]], error: nats.js.errors.APIError) -> Exception:
    if isinstance(error, nats.js.errors.ServiceUnavailableError):
        return error  # its own trouble, and not ours: tried again
    settings = ", ".join(f"{name} from {_shown(a)} to {_shown(b)}" for name, (a, b) in changed.items())
    return StartupError(f"{what}: the broker refuses {settings or 'what is declared'}: {error.description}")


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(getattr(value, "value", value))
