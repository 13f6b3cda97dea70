"""Asking the API as any program would: methods, paths, JSON, and a bearer token for whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import httpx
import trio

from jagawarga.client import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK = 0.1
PATIENCE = 40.0


class Caller:
    """A connection to one JagaWarga; raises `Unreachable` when it does not answer."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=30.0, trust_env=False)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        who: str | None = None,
        content: bytes | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Send one request, as `who` (an access token); header names are written with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who is not None:
            sent["Authorization"] = f"Bearer {who}"
        try:
            return await self._http.request(method, path, json=body, content=content, headers=sent)
        except httpx.TransportError as error:
            raise Unreachable(type(error).__name__) from error

    async def until(self, path: str, who: str | None, what: Callable[[Any], bool]) -> Any:
        """Read a resource until `what` says that it is so, and return it as it was last."""
        with trio.move_on_after(PATIENCE):
            while True:
                answer = await self.ask("GET", path, who=who)
                if answer.is_success and what(answer.json()):
                    return answer.json()
                await trio.sleep(LOOK)
        return answer.json()
