"""The broker's streams and durable consumers, declared as data; `bus` brings them about at every connect.

A stream refuses new messages when it is full (`discard: new`): nothing unread is ever dropped for newer, and whoever
publishes keeps what the broker can not take.
"""

from __future__ import annotations

from typing import Final

from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

SUBJECTS: Final = "jagawarga.events"
WAITING: Final = "jagawarga.waiting"
EVENTS: Final = "EVENTS"
WAITING_ROOM: Final = "WAITING"
DEADLETTERS: Final = "DEADLETTERS"
BURIED: Final = "jagawarga.dlq"
"""A dead letter's subject begins with this, and goes on with the one it had."""

_DAY = 24 * 3600.0

STREAMS: Final = (
    StreamConfig(
        name=EVENTS,
        subjects=[f"{SUBJECTS}.>"],
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        max_age=365 * _DAY,
        max_bytes=8 * 1024**3,
        max_msg_size=65_536,
        duplicate_window=600,
        allow_direct=True,
    ),
    # Sealed filings that wait for the database. Each goes when it is acknowledged: nothing of it stays here.
    StreamConfig(
        name=WAITING_ROOM,
        subjects=[f"{WAITING}.>"],
        storage=StorageType.FILE,
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.NEW,
        max_bytes=8 * 1024**3,
        max_msg_size=131_072,
        duplicate_window=600,
        allow_direct=True,
    ),
    StreamConfig(
        name=DEADLETTERS,
        subjects=[f"{BURIED}.>"],
        allow_direct=True,
        storage=StorageType.FILE,
        max_age=365 * _DAY,
        max_bytes=1024**3,
        discard=DiscardPolicy.NEW,
    ),
)
CONSUMERS: Final = (
    ConsumerConfig(
        durable_name="drain",
        filter_subject=f"{WAITING}.>",
        ack_policy=AckPolicy.EXPLICIT,
        # What a killed drain had fetched comes again after this. Twice is once, so it may be shorter than a slow write.
        ack_wait=2,
        max_ack_pending=1024,
        max_deliver=-1,
    ),
    ConsumerConfig(
        durable_name="notification",
        filter_subject=f"{SUBJECTS}.>",
        ack_policy=AckPolicy.EXPLICIT,
        # What a killed consumer had fetched comes again after this; a batch takes milliseconds.
        ack_wait=10,
        max_ack_pending=2048,
        max_deliver=-1,
    ),
    # The feed reads all reports when it starts, so events from before there was a feed say nothing new to it.
    ConsumerConfig(
        durable_name="feed",
        deliver_policy=DeliverPolicy.NEW,
        filter_subject=f"{SUBJECTS}.>",
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=10,
        max_ack_pending=2048,
        max_deliver=-1,
    ),
)


def stream_of(consumer: ConsumerConfig) -> str:
    """The stream a consumer reads."""
    return WAITING_ROOM if (consumer.filter_subject or "").startswith(WAITING) else EVENTS
