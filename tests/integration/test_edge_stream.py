"""The agency's event stream on a real connection."""

from __future__ import annotations

import pytest
import trio

from tests.integration.edge_server import OFFICER, Edge, edge, read_all, read_until, until


async def listen(house: Edge, last: str | None = None) -> trio.SocketStream:
    stream = await house.connect()
    extra = "" if last is None else f"Last-Event-ID: {last}\r\n"
    request = f"GET /v1/agency/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {OFFICER['Authorization']}\r\n{extra}\r\n"
    await stream.send_all(request.encode())
    return stream


async def test_events_arrive_as_they_happen() -> None:
    """Type, number and data of each event, with the headers a proxy needs to let them through."""
    async with edge() as house:
        stream = await listen(house)
        head = (await read_until(stream, b"retry: 2000\n\n")).lower()
        assert b"content-type: text/event-stream" in head
        assert b"x-accel-buffering: no" in head
        assert b"cache-control: no-store" in head
        assert b"content-length" not in head
        await until(lambda: house.house.notification.subscribers == 1)
        house.house.notification.publish('{"a":1}')
        await read_until(stream, b'id: 1\nevent: report.received\ndata: {"a":1}\n\n')


async def test_a_listener_resumes_behind_the_last_event_it_saw() -> None:
    """`Last-Event-ID` continues the stream without a gap and without a repetition."""
    async with edge() as house:
        for number in range(1, 6):
            house.house.notification.publish(f'{{"n":{number}}}')
        stream = await listen(house, "3")
        seen = await read_until(stream, b'data: {"n":5}\n\n')
        assert b'{"n":4}' in seen
        assert b'{"n":3}' not in seen


async def test_data_of_several_lines_stays_one_event() -> None:
    """Line ends in data can not forge fields or events; other separators are left alone."""
    async with edge() as house:
        house.house.notification.publish("a\nid: 9\r\n\rb\u2028c")
        stream = await listen(house, "0")
        await read_until(stream, "data: a\ndata: id: 9\ndata: \ndata: b\u2028c\n\n".encode())


async def test_silence_is_filled_with_heartbeats() -> None:
    """A comment tells client and proxies that the stream lives."""
    async with edge(heartbeat_seconds=0.1) as house:
        stream = await listen(house)
        data = b""
        with trio.fail_after(5):
            while data.count(b": still here\n\n") < 3:
                data += await stream.receive_some()
        house.house.notification.publish("{}")
        await read_until(stream, b"data: {}\n\n")


@pytest.mark.parametrize("how", ["drain", "subscription ends", "time is over"])
async def test_a_stream_ends_with_a_goodbye(how: str) -> None:
    """Whatever ends it in order, the client is told when to come back, and the connection is closed."""
    async with edge(stream_seconds=0.5 if how == "time is over" else 60) as house:
        stream = await listen(house)
        await read_until(stream, b"retry: 2000\n\n")
        await until(lambda: house.house.notification.subscribers == 1)
        if how == "drain":
            began = trio.current_time()
            await house.front.drain()
            assert trio.current_time() - began < 2.0
        elif how == "subscription ends":
            house.house.notification.end()
        rest = await read_until(stream, b"0\r\n\r\n")
        assert b"retry: 1000\n" in rest
        await until(lambda: house.house.notification.subscribers == 0)


async def test_a_listener_that_hangs_up_is_unsubscribed() -> None:
    """The subscription and its place end with the connection."""
    async with edge(streams=1) as house:
        for _ in range(3):
            stream = await listen(house)
            await read_until(stream, b"retry: 2000\n\n")
            await until(lambda: house.house.notification.subscribers == 1)
            await stream.aclose()
            await until(lambda: house.house.notification.subscribers == 0)


async def test_streams_are_bounded() -> None:
    """The one too many is told to come back later."""
    async with edge(streams=1) as house:
        stream = await listen(house)
        await read_until(stream, b"retry: 2000\n\n")
        answer = await house.client.get("/v1/agency/stream", headers=OFFICER)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_listener_that_stops_reading_is_cut_off_and_unsubscribed() -> None:
    """A reader too slow for the limit costs a bounded amount of memory and time."""
    async with edge(send_seconds=0.3) as house:
        stream = await listen(house)
        await read_until(stream, b"retry: 2000\n\n")
        await until(lambda: house.house.notification.subscribers == 1)
        big = "x" * 1_000_000
        for _ in range(20):
            house.house.notification.publish(big)
        await until(lambda: house.house.notification.subscribers == 0, within=8.0)
        await stream.aclose()


async def test_a_kill_ends_streams_at_once() -> None:
    """No goodbye is promised, only the end."""
    async with edge() as house:
        stream = await listen(house)
        await read_until(stream, b"retry: 2000\n\n")
        house.kill()
        await read_all(stream, within=1.0)
        assert house.house.notification.subscribers == 0


async def test_head_opens_no_stream() -> None:
    """HEAD answers the headers and is done."""
    async with edge() as house:
        answer = await house.client.head("/v1/agency/stream", headers=OFFICER)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
        assert house.house.notification.subscribers == 0
