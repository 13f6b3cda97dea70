"""One client connection on Hypercorn's HTTP/1.1 protocol, with the mends its Trio worker needs.

What is mended, each with its own regression test:

- a client that stops reading blocks nobody: a send has a limit, and is not shielded against a kill;
- `Connection: close` and HTTP/1.0 connections are closed: the last message goes out after the application has
  returned, out of reach of quart-trio's disconnect watcher, which cancels whoever sends it;
- an answer given before the whole body was read neither leaves a task behind nor is lost to a reset;
- an exception in one connection does not end the server;
- no upgrade to HTTP/2 or WebSocket over a plain connection, and no server header.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import h11
import structlog
import trio
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Response
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr

from jagawarga.edge.problems import PROBLEM_JSON, Problem, encode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hypercorn.config import Config
    from hypercorn.protocol.events import Event as StreamEvent
    from hypercorn.trio.worker_context import WorkerContext
    from hypercorn.typing import ASGIFramework

    from jagawarga.edge.limits import EdgeLimits

SLICE = 16_384
MAX_RECEIVE = 65_536
LINGER_BYTES = 4 * 1024 * 1024

log = structlog.get_logger("jagawarga.edge")


AtTheDoor: TypeAlias = "Callable[[bytes], bytes | None]"
"""Gives the whole answer to received bytes, or `None` for what is to be read as HTTP."""


def goes_in(data: bytes) -> bytes | None:
    """Answer nothing at the door."""
    del data
    return None


class Connection(TCPServer):
    """Serve one accepted stream until either side ends it; cancelled, the stream is closed at once."""

    def __init__(
        self,
        app: ASGIFramework,
        config: Config,
        context: WorkerContext,
        limits: EdgeLimits,
        stream: trio.SocketStream,
        *,
        at_the_door: AtTheDoor = goes_in,
    ) -> None:
        state = ConnectionState({"draining": context.terminated})
        super().__init__(app, config, context, state, stream)  # type: ignore[arg-type]  # only `run` would wrap it
        self.limits = limits
        self.at_the_door = at_the_door
        self.leaving = False
        self.gone = False
        self.reading = trio.CancelScope()
        self._sending_since: float | None = None
        self._http: PlainHttp | None = None
        self._scope = trio.CancelScope()

    @property
    def stalled(self) -> bool:
        """True while it is the client we wait for: the rest of its request, or that it reads on."""
        if self._sending_since is not None:
            return trio.current_time() - self._sending_since > self.limits.linger_seconds
        return self._http is not None and self._http.connection.their_state is h11.SEND_BODY

    def cut(self) -> None:
        """Close the connection at once."""
        self._scope.cancel()

    async def run(self) -> None:
        """Serve the connection; whatever goes wrong with it stays with it."""
        try:
            with self._scope:
                await self._serve()
        except OSError:
            pass  # the client went away before it could be served
        except Exception as failure:  # noqa: BLE001 - one connection's failure must not end the others
            # No traceback: its text may hold what somebody typed.
            log.error("connection failed", error=_kind(failure))  # noqa: TRY400 - see above
        finally:
            await trio.aclose_forcefully(self.stream)

    async def _serve(self) -> None:
        async with ConnectionTasks() as tasks:
            self._task_group = tasks
            socket = self.stream.socket
            self._http = PlainHttp(
                self.app,
                self.config,
                self.context,
                tasks,
                ConnectionState(self.state),
                False,  # noqa: FBT003 - Hypercorn's own signature; TLS ends in the proxy before us
                parse_socket_addr(socket.family, socket.getpeername()),
                parse_socket_addr(socket.family, socket.getsockname()),
                self.protocol_send,
            )
            self.protocol = self._http  # type: ignore[assignment]  # stands in for Hypercorn's protocol switch
            await self.idle_task.restart(tasks, self._idle_timeout)
            await self._read_data()
            # From here on nobody reads, so an answer that just went out must not start to wait for a request.
            self.gone = True
            await self.idle_task.stop()

    async def protocol_send(self, event: Event) -> None:
        """Take what the protocol wants done with the stream."""
        if isinstance(event, RawData):
            if not await self._send(event.data):
                await self.protocol.handle(Closed())
        elif isinstance(event, Closed):
            await self._leave()
        elif not self.gone:
            await super().protocol_send(event)

    async def _send(self, data: bytes) -> bool:
        """Send all of `data`, slice by slice, so that the limit bounds the client's speed and not the answer's size."""
        sent = False
        try:
            async with self.send_lock:
                for start in range(0, len(data), SLICE):
                    self._sending_since = trio.current_time()
                    with trio.fail_after(self.limits.send_seconds):
                        await self.stream.send_all(data[start : start + SLICE])
            sent = True
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            pass
        finally:
            self._sending_since = None
            if not sent:
                # Cancelled or too slow in mid-message: its framing is lost, nothing more may go out.
                await trio.aclose_forcefully(self.stream)
        return sent

    async def _leave(self) -> None:
        """Say goodbye and let the reader wait for the client's: closing over unread data would reset the answer."""
        self.leaving = True
        self.reading.deadline = trio.current_time() + self.limits.linger_seconds
        try:
            await self.stream.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError):
            self.reading.cancel()
        await self.protocol.handle(Closed())

    async def _read_data(self) -> None:
        discarded = 0
        with self.reading:
            while discarded < LINGER_BYTES:
                try:
                    data = bytes(await self.stream.receive_some(MAX_RECEIVE))
                except (trio.ClosedResourceError, trio.BrokenResourceError):
                    break
                if self.leaving:
                    discarded += len(data)
                elif (answer := self._answered_at_the_door(data)) is not None:
                    await self._send(answer)
                    await self.idle_task.restart(self._task_group, self._idle_timeout)
                else:
                    await self.protocol.handle(RawData(data))
                if not data:
                    break
        await self.protocol.handle(Closed())

    def _answered_at_the_door(self, data: bytes) -> bytes | None:
        connection = getattr(self.protocol, "connection", None)
        # Only between requests, and with nothing of a next one behind it: otherwise the order would be lost.
        if not data or connection is None or connection.their_state is not h11.IDLE or connection.trailing_data[0]:
            return None
        return self.at_the_door(data)

    async def _idle_timeout(self) -> None:
        with trio.move_on_after(self.config.keep_alive_timeout):
            await self.context.terminated.wait()
        await trio.aclose_forcefully(self.stream)


class StrictFraming(h11.Connection):
    """Refuses a request that says its length in two ways: a proxy may have believed the other one (RFC 9112 6.1)."""

    def next_event(self) -> Any:
        """Give the next event; raises `RemoteProtocolError`."""
        event = super().next_event()
        if isinstance(event, h11.Request):
            names = {name for name, _ in event.headers}
            if b"transfer-encoding" in names and b"content-length" in names:
                msg = "Transfer-Encoding and Content-Length"
                raise h11.RemoteProtocolError(msg, 400)
        return event


class PlainHttp(H11Protocol):
    """HTTP/1.1 and nothing else, with problems as the bodies of protocol errors."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.connection = StrictFraming(h11.SERVER, max_incomplete_event_size=self.config.h11_max_incomplete_size)

    async def stream_send(self, event: StreamEvent) -> None:
        """Take what the request's stream wants sent; an answer before the end of the body says that it is the last."""
        if isinstance(event, Response) and self.connection.their_state is h11.SEND_BODY:
            event = replace(event, headers=[*event.headers, (b"connection", b"close")])
        await super().stream_send(event)

    async def _check_protocol(self, event: h11.Request) -> None:
        """Take no upgrade to HTTP/2: its own flow control would need mends of its own."""

    async def _create_stream(self, request: h11.Request) -> None:
        headers = [(name, value) for name, value in request.headers if name != b"upgrade"]
        plain = h11.Request(
            method=request.method, headers=headers, target=request.target, http_version=request.http_version
        )
        await super()._create_stream(plain)

    async def _send_error_response(self, status_code: int) -> None:
        problem = Problem(status_code, "malformed-request", "This is not HTTP as the server understands it.")
        body = encode(problem.body())
        headers = [
            (b"content-type", PROBLEM_JSON.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *self.config.response_headers("h11"),
        ]
        await self._send_h11_event(h11.Response(status_code=status_code, headers=headers))
        await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())


class ConnectionTasks(TaskGroup):
    """The tasks of one connection; the application's one is guarded and owns its end of the channel."""

    async def spawn_app(
        self, app: Any, config: Config, scope: Any, send: Callable[[Any], Awaitable[None]]
    ) -> Callable[[Any], Awaitable[None]]:
        """Run the application for one request and return the way to feed it."""
        put, take = trio.open_memory_channel[Any](config.max_app_queue_size)
        assert self._nursery is not None
        self._nursery.start_soon(_run_app, app, scope, take, send)

        async def feed(message: Any) -> None:
            # The application may have answered without reading on; the rest of the body is nobody's.
            with suppress(trio.BrokenResourceError):
                await put.send(message)

        return feed


async def _run_app(
    app: Any, scope: Any, take: trio.MemoryReceiveChannel[Any], send: Callable[[Any], Awaitable[None]]
) -> None:
    last: list[Any] = []

    async def reply(message: Any) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            last.append(message)
        else:
            await send(message)

    if not scope["path"].startswith("/"):
        scope["path"] = _origin_form(scope["path"])
    try:
        async with take:
            await app(scope, take.receive, reply)
    except Exception as failure:  # noqa: BLE001 - a bug in the application costs this request only
        log.error("request failed outside the routes", error=_kind(failure))  # noqa: TRY400 - no text, as above
        last.clear()
    # Sent here, where the application's own cancellation does not reach.
    for message in last:
        await send(message)
    await send(None)


def _origin_form(target: str) -> str:
    """The path of a target that is not in origin form (RFC 9112, 3.2).

    Of an absolute URL, which a server has to take, its path. `OPTIONS *`, or nothing at all, is no route of ours.
    """
    if target[:8].lower().startswith(("http://", "https://")):
        return "/" + target.partition("://")[2].partition("/")[2]
    return "/" + target


def _kind(failure: BaseException) -> str:
    """Name an exception without its text, which may hold what somebody typed."""
    if isinstance(failure, BaseExceptionGroup):
        return "+".join(sorted({_kind(each) for each in failure.exceptions}))
    return type(failure).__name__
