"""HTTP/1.1 over kept connections, as cheap as can be: the load must not be slower than what it loads."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import trio

MOST = 1_000
ANSWER_WITHIN = 20.0
KEPT_FOR = 5.0
"""Seconds; the server closes a connection that was idle for 10."""
RECEIVE = 65_536


class NoAnswer(Exception):
    """The connection failed, or no answer came in time."""


class Wire:
    """Connections to one server, opened when all others are in use."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._idle: deque[tuple[float, trio.SocketStream]] = deque()
        self._places = trio.CapacityLimiter(MOST)

    async def ask(self, method: str, path: str, headers: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
        """Send a request and return status and JSON; `headers` end each with CRLF. Raises `NoAnswer`."""
        length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        data = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}{headers}\r\n".encode() + body
        async with self._places:
            with trio.move_on_after(ANSWER_WITHIN):
                return await self._exchange(data)
        raise NoAnswer

    async def _exchange(self, data: bytes) -> tuple[int, dict[str, Any]]:
        stream = await self._kept() or await self._open()
        keep = False
        try:
            await stream.send_all(data)
            status, said, keep = await _read(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError, ValueError, IndexError) as error:
            raise NoAnswer from error
        finally:
            if keep:
                self._idle.append((trio.current_time(), stream))
            else:
                await trio.aclose_forcefully(stream)
        return status, said

    async def _kept(self) -> trio.SocketStream | None:
        """Take the connection used last; those the server may be about to close are closed first."""
        while self._idle and self._idle[0][0] < trio.current_time() - KEPT_FOR:
            await trio.aclose_forcefully(self._idle.popleft()[1])
        return self._idle.pop()[1] if self._idle else None

    async def _open(self) -> trio.SocketStream:
        try:
            return await trio.open_tcp_stream("127.0.0.1", self.port)
        except OSError as error:
            raise NoAnswer from error

    async def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            await trio.aclose_forcefully(self._idle.pop()[1])


async def _read(stream: trio.SocketStream) -> tuple[int, dict[str, Any], bool]:
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        part = await stream.receive_some(RECEIVE)
        if not part:
            raise NoAnswer
        data += part
    lines = data[:end].lower().split(b"\r\n")
    status = int(lines[0].split()[1])
    fields = dict(line.split(b": ", 1) for line in lines[1:])
    length = int(fields[b"content-length"])
    body = data[end + 4 :]
    while len(body) < length:
        part = await stream.receive_some(RECEIVE)
        if not part:
            raise NoAnswer
        body += part
    said = json.loads(body) if body else {}
    return status, said, fields.get(b"connection") != b"close"
