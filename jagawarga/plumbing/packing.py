"""Several events in one message of the broker, and the place of each in the order of all.

To store a message costs the broker, and to hand it out costs us, ten times what an event costs. So events of one
subject that are published together travel in one message: lines, each an id, a space and the payload. An event that
is alone, or has a line break in it, is a message as it is.

A place is the message's sequence and the event's number within it, as one growing number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

PACK: Final = 64
"""Events in a message, at most."""
ROOM: Final = 32_768
"""Bytes of payloads in a message, at most; an event that is longer travels alone."""
LONGEST: Final = 60_000
"""Bytes of an event, at most."""
LONGEST_SUBJECT: Final = 200
_SUBJECT: Final = re.compile(r"jagawarga\.events(?:\.[A-Za-z0-9_\-]+)+")
HEADER: Final = "Packed"
"""The header of a message that holds several events; it says how many."""


class Outgoing(NamedTuple):
    """A message to publish; the broker drops a second one of the same `message_id` within ten minutes.

    `parts` are the ids of the events in it, where it holds several.
    """

    message_id: str
    subject: str
    payload: bytes
    parts: tuple[str, ...] = ()


def unsendable(message: Outgoing) -> str | None:
    """Say why no broker would take a message; `None` for one that can be sent.

    Nobody looks at a subject again behind this: a blank or a line break in it would begin another command.
    """
    if len(message.subject) > LONGEST_SUBJECT or not _SUBJECT.fullmatch(message.subject):
        return "its subject is none"
    if len(message.payload) > LONGEST:
        return f"it has {len(message.payload)} bytes"
    return None


def pack(messages: Iterable[Outgoing]) -> Iterator[Outgoing]:
    """Put neighbours of one subject together; the order stays."""
    for _, run in groupby(messages, key=attrgetter("subject")):
        together: list[Outgoing] = []
        room = ROOM
        for each in run:
            alone = b"\n" in each.payload or len(each.payload) > ROOM
            if together and (alone or len(each.payload) > room or len(together) == PACK):
                yield _packed(together)
                together, room = [], ROOM
            if alone:
                yield each
                continue
            together.append(each)
            room -= len(each.payload)
        if together:
            yield _packed(together)


def _packed(messages: Sequence[Outgoing]) -> Outgoing:
    if len(messages) == 1:
        return messages[0]
    parts = tuple([each.message_id for each in messages])
    payload = b"\n".join([b"%b %b" % (each.message_id.encode(), each.payload) for each in messages])
    return Outgoing(sha256("\n".join(parts).encode()).hexdigest(), messages[0].subject, payload, parts)


def unpack(message_id: str, payload: bytes, packed: str | None) -> list[tuple[str, bytes]]:
    """Give id and payload of each event in a message; `packed` is its header of that name."""
    if packed is None:
        return [(message_id, payload)]
    lines = [line.partition(b" ") for line in payload.split(b"\n")]
    return [(identity.decode("ascii", "replace"), part) for identity, _, part in lines[:PACK]]


def place_of(sequence: int, number: int = 0) -> int:
    """The place of an event: its message's sequence in the stream, and its number there."""
    return sequence * PACK + number


def sequence_of(place: int) -> int:
    """The sequence of the message that has this place."""
    return place // PACK


def next_message(place: int) -> int:
    """The first place behind the message that has this one."""
    return (sequence_of(place) + 1) * PACK
