"""Connections on real sockets: the mends, the limits, draining and killing."""

from __future__ import annotations

from contextlib import suppress

import pytest
import trio

from jagawarga.edge import server
from jagawarga.edge.admission import Admission
from jagawarga.edge.server import Front
from jagawarga.edge.tree import edge_children
from jagawarga.errors import StartupError
from supervisors import StartFailed, supervisor
from supervisors.testing import running
from tests.integration.edge_server import CITIZEN, Edge, edge, read_all, read_until, serve, until

ASK = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
POST = (
    b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer citizen-token\r\nContent-Type: application/json\r\n"
)
REPORT = {"privacy": "private", "category": "pothole", "text": "A hole.", "address": "Jl. Melati"}


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /healthz HTTP/1.0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
)
async def test_a_connection_to_be_closed_is_closed(request_: bytes) -> None:
    """HTTP/1.0 and `Connection: close` get the whole answer and then the end, at once."""
    async with edge() as house:
        stream = await house.connect()
        await stream.send_all(request_)
        answer = await read_all(stream, within=2.0)
        assert answer.startswith(b"HTTP/1.1 ")
        assert b"connection: close" in answer.lower()
        assert answer.endswith(b"}") or request_.startswith(b"HEAD")


async def test_a_connection_serves_one_request_after_another() -> None:
    """Keep-alive is the default, also for requests sent before the answer came."""
    async with edge() as house:
        stream = await house.connect()
        for _ in range(3):
            await stream.send_all(ASK)
            assert await read_until(stream, b'{"status":"ok"}')
        await stream.send_all(ASK + ASK)
        data = b""
        with trio.fail_after(5):
            while data.count(b'{"status":"ok"}') < 2:
                data += await stream.receive_some()


async def _stop_reading(house: Edge) -> trio.SocketStream:
    stream = await house.connect()
    await stream.send_all(b"GET /v1/categories HTTP/1.1\r\nHost: x\r\n\r\n")
    await read_until(stream, b"HTTP/1.1 200")
    return stream


def _swell(house: Edge) -> None:
    """Make one answer far larger than the buffers between server and client."""
    catalogue = house.house.catalogue
    name = "x" * 30_000_000
    category = catalogue.known_categories["pothole"]
    catalogue.known_categories["pothole"] = type(category)("pothole", name, (1.0,), (1.0,))


async def test_a_client_that_stops_reading_is_cut_off() -> None:
    """A slice that is not taken within the limit ends the connection."""
    async with edge(send_seconds=0.3) as house:
        _swell(house)
        stream = await _stop_reading(house)
        await until(lambda: house.front.connections == 0, within=5.0)
        await stream.aclose()


async def test_a_client_that_stops_reading_does_not_hold_up_a_kill() -> None:
    """Killed with an answer stuck in the middle, the server is gone at once."""
    async with edge(send_seconds=60) as house:
        _swell(house)
        await _stop_reading(house)
        began = trio.current_time()
        house.kill()
        await until(lambda: house.front._run is None)
        assert trio.current_time() - began < 1.0


async def test_a_client_that_stops_reading_does_not_hold_up_a_drain() -> None:
    """Draining takes no longer than its limit."""
    async with edge(send_seconds=60, drain_seconds=0.5) as house:
        _swell(house)
        await _stop_reading(house)
        began = trio.current_time()
        await house.front.drain()
        assert trio.current_time() - began < 1.5


@pytest.mark.parametrize("half", [b"GET /hea", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\r\n", b""])
async def test_half_a_request_is_timed_out(half: bytes) -> None:
    """Headers that do not arrive whole within the limit end the connection, however they trickle."""
    async with edge(idle_seconds=0.5) as house:
        stream = await house.connect()
        began = trio.current_time()
        async with trio.open_nursery() as nursery:

            async def trickle() -> None:
                await stream.send_all(half)
                while half:
                    await trio.sleep(0.1)
                    await stream.send_all(b"X-C: d\r\n" if b"Host" in half else b"x")

            async def ended() -> None:
                await read_all(stream)
                nursery.cancel_scope.cancel()

            nursery.start_soon(ended)
            with suppress(trio.BrokenResourceError):
                await trickle()
            await trio.sleep(5)
        assert 0.4 < trio.current_time() - began < 2.0


async def test_half_a_body_is_408() -> None:
    """A body that does not arrive within the limit is a problem, and the connection ends."""
    async with edge(body_seconds=0.3) as house:
        stream = await house.connect()
        await stream.send_all(POST + b"Content-Length: 100\r\n\r\n{")
        answer = await read_all(stream)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"urn:jagawarga:problem:request-timeout" in answer


async def test_an_idle_connection_is_closed() -> None:
    """After an answer the next request has its time, and no more."""
    async with edge(idle_seconds=0.3) as house:
        stream = await house.connect()
        await stream.send_all(ASK)
        await read_until(stream, b'{"status":"ok"}')
        assert await read_all(stream, within=2.0) == b""


async def test_headers_over_the_limit_are_431() -> None:
    """Endless headers end with an answer, not with memory."""
    async with edge() as house:
        stream = await house.connect()
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000)
        answer = await read_all(stream)
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert b"application/problem+json" in answer


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"HELLO\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
async def test_what_is_no_http_is_400(junk: bytes) -> None:
    """TLS to the wrong port, other protocols, and a request without `Host`."""
    async with edge() as house:
        stream = await house.connect()
        await stream.send_all(junk)
        assert (await read_all(stream)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("target", [b"http://x/healthz", b"HTTPS://x:8000/v1/reports?limit=1", b"/healthz"])
async def test_a_target_may_be_absolute(target: bytes) -> None:
    """A server has to take it (RFC 9112, 3.2.2), whoever is said to be there."""
    async with edge() as house:
        stream = await house.connect()
        await stream.send_all(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await read_until(stream, b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "odd",
    [
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET ?a=b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://[bad/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/reports?%ff=%ff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/nothing HTTP/1.1\r\nHost: a b<>/@:99999\r\n\r\n",
        b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        (
            b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
        ),
        (
            b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ),
        (
            b"POST /v1/citizens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; charset=nonsense\r\n"
            b"Content-Length: 2\r\n\r\n{}"
        ),
        b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\nCookie: \xff\xfe=;;;\r\nAuthorization: \xff\r\n\r\n",
    ],
    ids=lambda value: value.split(b"\r\n")[0].decode(),
)
async def test_odd_requests_are_the_callers_fault_and_upgrades_are_not_taken(odd: bytes) -> None:
    """Whatever is asked, the answer is in the 400s, or 200 to a bare OPTIONS, and the server goes on."""
    async with edge() as house:
        stream = await house.connect()
        await stream.send_all(odd)
        answer = await read_until(stream, b"\r\n\r\n")
        status = int(answer.split()[1])
        assert 400 <= status < 500 or odd.startswith(b"OPTIONS"), answer
        assert (await house.client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_over_the_limit_is_413_however_it_is_sent(*, chunked: bool) -> None:
    """The answer arrives although the client is still sending, the connection ends, and no task stays behind."""
    async with edge() as house:
        stream = await house.connect()
        frame = b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"Content-Length: 3000000\r\n\r\n"
        await stream.send_all(POST + frame)
        piece = b"x" * 30_000
        sent = (b"%x\r\n%s\r\n" % (len(piece), piece)) if chunked else piece
        for _ in range(100):
            await stream.send_all(sent)
        answer = await read_all(stream)
        assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]
        assert b"urn:jagawarga:problem:body-too-large" in answer
        assert b"<reset>" not in answer
        await stream.aclose()
        await until(lambda: house.front.connections <= 1)


async def test_connections_beyond_the_bound_are_turned_away() -> None:
    """The one too many is closed at once, the others live on."""
    async with edge(connections=1) as house:
        first = await house.connect()
        await first.send_all(ASK)
        await read_until(first, b'{"status":"ok"}')
        assert await read_all(await house.connect(), within=2.0) == b""
        await first.send_all(ASK)
        await read_until(first, b'{"status":"ok"}')


async def test_one_address_can_not_have_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its share it is turned away, and has its share again when one of its connections ends."""
    monkeypatch.setattr(server, "_whose", lambda stream, limits: "somebody")
    async with edge(connections_of_one=2) as house:
        first, second = await house.connect(), await house.connect()
        for each in (first, second):
            await each.send_all(ASK)
            assert await read_until(each, b'{"status":"ok"}')
        third = await house.connect()
        assert await read_all(third, within=2.0) == b""
        await first.aclose()
        await until(lambda: house.front.connections == 1)
        fourth = await house.connect()
        await fourth.send_all(ASK)
        assert await read_until(fourth, b'{"status":"ok"}')


async def test_a_request_of_two_lengths_is_refused() -> None:
    """A proxy before us may have believed the other one: the connection ends with the answer."""
    async with edge() as house:
        stream = await house.connect()
        head = b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
        await stream.send_all(head + b"0\r\n\r\n" + ASK)
        answer = await read_all(stream, within=3.0)
        assert answer.startswith(b"HTTP/1.1 400")
        assert answer.count(b"HTTP/1.1") == 1


async def test_draining_lets_the_request_in_flight_finish_and_takes_no_new_ones() -> None:
    """The answer on its way arrives; idle connections end; the port is free."""
    async with edge(drain_seconds=5) as house:
        idle = await house.connect()
        await idle.send_all(ASK)
        await read_until(idle, b'{"status":"ok"}')
        house.house.reports.delay = 0.5
        answers = []

        async def submit() -> None:
            answers.append(await house.client.post("/v1/reports", json=REPORT, headers=CITIZEN))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(submit)
            await trio.sleep(0.2)
            began = trio.current_time()
            await house.front.drain()
            assert trio.current_time() - began < 2.0
        assert answers[0].status_code == 201
        assert await read_all(idle, within=1.0) == b""
        with pytest.raises(OSError, match=r"."):
            await house.connect()


async def test_draining_cuts_off_what_takes_too_long() -> None:
    """After the limit the remaining connections are closed."""
    async with edge(drain_seconds=0.3) as house:
        house.house.reports.delay = 60
        stream = await house.connect()
        body = b'{"privacy":"private","category":"pothole","text":"A hole.","address":"Jl. Melati"}'
        await stream.send_all(POST + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        await trio.sleep(0.2)
        began = trio.current_time()
        await house.front.drain()
        assert trio.current_time() - began < 1.3
        await read_all(stream, within=1.0)


@pytest.mark.parametrize("rude", ["half a request", "never reads"])
async def test_draining_does_not_wait_for_who_keeps_us_waiting(rude: str) -> None:
    """The rest of their request may never come, and what they do not read can not be sent."""
    async with edge(drain_seconds=10, linger_seconds=0.2, send_seconds=60) as house:
        stream = await house.connect()
        if rude == "half a request":
            await stream.send_all(POST + b"Content-Length: 1000\r\n\r\nhalf")
        else:
            with trio.move_on_after(1.0):
                while True:
                    await stream.send_all(b"GET /v1/categories HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        await until(lambda: house.front.connections > 0)
        await trio.sleep(0.2)
        began = trio.current_time()
        await house.front.drain()
        assert trio.current_time() - began < 3.0


async def test_a_killed_front_leaves_nothing_and_its_restart_serves_those_who_waited() -> None:
    """All connections end with the task; a client that connects between two lives is served by the next."""
    async with edge() as house:
        old = await house.connect()
        await old.send_all(ASK)
        await read_until(old, b'{"status":"ok"}')
        house.kill()
        await read_all(old, within=1.0)
        await until(lambda: house.front.connections == 0)
        waiting = await house.connect()
        await waiting.send_all(ASK)
        async with trio.open_nursery() as nursery:
            await nursery.start(serve, house.front, trio.CancelScope())
            await read_until(waiting, b'{"status":"ok"}')
            nursery.cancel_scope.cancel()


async def test_in_the_tree_an_orderly_stop_drains_and_a_kill_does_not() -> None:
    """Supervised: killed, the front comes back on the same port; stopped, the request in flight ends well."""
    async with edge() as unused:
        front, house = unused.front, unused.house
        unused.kill()
        await until(lambda: front._run is None)
        answers = []

        async def submit() -> None:
            answers.append(await unused.client.post("/v1/reports", json=REPORT, headers=CITIZEN))

        async with trio.open_nursery() as nursery:  # noqa: SIM117 - the submission outlives the tree
            async with running(supervisor("edge", edge_children(front, Admission()), strategy="rest_for_one")):
                first = front._run
                assert (await unused.client.get("/healthz")).status_code == 200
                assert first is not None
                first.everything.cancel()
                await until(lambda: front._run not in (None, first))
                assert (await unused.client.get("/healthz")).status_code == 200
                house.reports.delay = 0.4
                nursery.start_soon(submit)
                await trio.sleep(0.2)
        assert answers[0].status_code == 201


async def test_a_taken_port_is_the_root_cause_of_a_failed_start() -> None:
    """The tree does not start, and the reason at the bottom is the one line for the operator."""
    async with edge() as house:
        second = Front(house.front.app, "127.0.0.1", house.front.port, house.front.limits)
        with pytest.raises(StartFailed) as failed:
            async with running(*edge_children(second, Admission())):
                pass
        cause = failed.value.root_cause()
        assert isinstance(cause, StartupError)
        assert str(cause) == f"cannot listen on 127.0.0.1:{house.front.port}: the port is already in use"
