"""Events that travel together: what may, how much, and that all come out as they went in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jagawarga.plumbing.packing import PACK, ROOM, Outgoing, next_message, pack, place_of, sequence_of, unpack

PAYLOADS = st.binary(max_size=40) | st.integers(ROOM // 3, ROOM + 9).map(lambda size: b"x" * size)


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), PAYLOADS), max_size=200))
def test_all_come_out_as_they_went_in(events: list[tuple[str, bytes]]) -> None:
    """In order, with their ids, whatever is in them; and no message has too many or too much."""
    sent = [Outgoing(f"id-{n}", subject, payload) for n, (subject, payload) in enumerate(events)]
    messages = list(pack(sent))
    found = [
        (identity, each.subject, payload)
        for each in messages
        for identity, payload in unpack(each.message_id, each.payload, str(len(each.parts)) if each.parts else None)
    ]
    assert found == [(each.message_id, each.subject, each.payload) for each in sent]
    for each in messages:
        assert each.parts == () or 2 <= len(each.parts) <= PACK
        assert each.parts == () or sum(len(payload) for _, payload in unpack("", each.payload, "")) <= ROOM


def test_neighbours_of_one_subject_travel_together() -> None:
    """As many as there is room for; a message of the same events has the same id."""
    sent = [Outgoing(f"id-{n}", "a", b"{}") for n in range(PACK + 1)]
    first, last = pack(sent)
    assert len(first.parts) == PACK
    assert last == sent[-1]
    assert next(pack(sent)).message_id == first.message_id != next(pack(sent[:5])).message_id


def test_places() -> None:
    """They grow with the sequence and within a message."""
    assert place_of(3) < place_of(3, 1) < place_of(3, PACK - 1) < place_of(4) == next_message(place_of(3, 7))
    assert sequence_of(place_of(7, 5)) == 7
