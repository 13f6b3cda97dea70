"""The simulated provider over HTTP/1.1: a question a request, signed both ways; switches for what can go wrong."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import h11
import trio

from jagawarga.provider.signing import PATH, SIGNATURE, TIME, TOLERANCE, same, sign_answer, sign_question

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.provider.population import Population

CONNECTIONS: Final = 64
BODY_LIMIT: Final = 4_096
IDLE_SECONDS: Final = 30.0
SLICE: Final = 8_192


@dataclass(slots=True)
class Switches:
    """What goes wrong on purpose; may be turned while it serves. `latency` is seconds before each answer."""

    latency: float = 0.0
    outage: bool = False
    answer: Literal["right", "no", "nonsense", "forged"] = "right"


@dataclass(slots=True)
class SimulatedProvider:
    """Answers questions about `population`; once `serve` has started, `port` is where."""

    population: Population
    secret: bytes = field(repr=False)
    switches: Switches = field(default_factory=Switches)
    host: str = "127.0.0.1"
    port: int = 0
    asked: int = 0
    clock: Callable[[], float] = time.time

    async def serve(self, started: Callable[[], None]) -> None:
        """Serve until cancelled; no more than `CONNECTIONS` at a time, the others wait to be accepted."""
        places = trio.Semaphore(CONNECTIONS)
        (listener,) = await trio.open_tcp_listeners(self.port, host=self.host)
        self.port = listener.socket.getsockname()[1]
        async with listener, trio.open_nursery() as nursery:
            started()
            while True:
                await places.acquire()
                nursery.start_soon(self._connection, await listener.accept(), places)

    async def _connection(self, stream: trio.SocketStream, places: trio.Semaphore) -> None:
        try:
            async with stream:
                with suppress(trio.BrokenResourceError, trio.TooSlowError, h11.RemoteProtocolError):
                    await self._talk(stream, h11.Connection(h11.SERVER))
        finally:
            places.release()

    async def _talk(self, stream: trio.SocketStream, connection: h11.Connection) -> None:
        while True:
            with trio.fail_after(IDLE_SECONDS):
                request, body = await _read(stream, connection)
            if request is None or self.switches.outage:
                return
            status, answer, headers = await self._answer(request, body)
            if self.switches.outage:
                return
            fields = [("Content-Type", "application/json"), ("Content-Length", str(len(answer))), *headers.items()]
            with trio.fail_after(IDLE_SECONDS):
                for event in (h11.Response(status_code=status, headers=fields), h11.Data(answer), h11.EndOfMessage()):
                    await stream.send_all(connection.send(event) or b"")
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()

    async def _answer(self, request: h11.Request, body: bytes | None) -> tuple[int, bytes, dict[str, str]]:
        if (request.method, request.target) != (b"POST", PATH.encode()):
            return 404, b"{}", {}
        if body is None:
            return 413, b"{}", {}
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in request.headers}
        signature = headers.get(SIGNATURE.lower(), "")
        at = headers.get(TIME.lower(), "")
        if not (at.isascii() and at.isdecimal() and abs(self.clock() - int(at)) <= TOLERANCE):
            return 401, b"{}", {}
        if not same(sign_question(self.secret, int(at), body), signature):
            return 401, b"{}", {}
        self.asked += 1
        await trio.sleep(self.switches.latency)
        claim = _claim(body)
        if claim is None:
            return 422, b"{}", {}
        return self._said(claim, signature)

    def _said(self, claim: dict[str, Any], signature: str) -> tuple[int, bytes, dict[str, str]]:
        confirmed = self.population.confirms(claim["nik"], claim["name"], claim["birth_date"])
        answer = json.dumps({"confirmed": confirmed and self.switches.answer != "no"}).encode()
        if self.switches.answer == "nonsense":
            answer = b'{"confirmed": "perhaps"}'
        secret = b"somebody else's" if self.switches.answer == "forged" else self.secret
        return 200, answer, {SIGNATURE: sign_answer(secret, signature, answer)}


async def _read(stream: trio.SocketStream, connection: h11.Connection) -> tuple[h11.Request | None, bytes | None]:
    """Give the next request and its body, `None` for a body too long; no request when the client has gone."""
    request: h11.Request | None = None
    body: bytes | None = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await stream.receive_some(SLICE))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body = None if body is None or len(body) + len(event.data) > BODY_LIMIT else body + bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return request, body
        else:
            return None, None


def _claim(body: bytes) -> dict[str, Any] | None:
    try:
        claim = json.loads(body)
    except ValueError:
        return None
    if not isinstance(claim, dict) or claim.keys() != {"nik", "name", "birth_date"}:
        return None
    texts = isinstance(claim["nik"], str) and isinstance(claim["name"], str)
    return claim if texts and isinstance(claim["birth_date"], str | None) else None
