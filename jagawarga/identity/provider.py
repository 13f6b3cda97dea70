"""The identity provider: who confirms that a NIK is a person's, as an interface and over HTTP."""

from __future__ import annotations

import json
import random
import time
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import httpx
import trio

from jagawarga.errors import Unavailable
from jagawarga.identity.breaker import Breaker
from jagawarga.provider.signing import PATH, SIGNATURE, TIME, same, sign_answer, sign_question

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

TRIES: Final = 2
TRY_WITHIN: Final = 2.0
ALL_WITHIN: Final = 5.0
PAUSE: Final = 0.1
AT_ONCE: Final = 16
ANSWER_LIMIT: Final = 1_024
AWAY: Final = "the identity provider does not answer"


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says of themselves; `birth_date` is `YYYY-MM-DD`, as the NIK tells it."""

    nik: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: str | None = field(repr=False)


class Provider(Protocol):
    """Whoever keeps the register of the population."""

    async def confirm(self, claim: Claim) -> bool:
        """Tell whether there is such a person; `Unavailable` when that is not to be had just now."""


class HttpProvider:
    """A provider over HTTP; asks while somebody holds it `open`, else it is `Unavailable`.

    An answer counts only with a right signature. A question is asked twice at most, within 5 s; after failures in a
    row nobody asks for a while (`Breaker`). Confirming changes nothing there, so cancellation and repetition are safe.
    """

    def __init__(self, url: Callable[[], str], secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._url = url
        self._secret = secret
        self._clock = clock
        self._http: httpx.AsyncClient | None = None
        self.breaker = Breaker()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Hold the connections for the block."""
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=4, keepalive_expiry=10.0)
        async with httpx.AsyncClient(timeout=TRY_WITHIN, limits=limits, trust_env=False) as http:
            self._http = http
            try:
                yield
            finally:
                self._http = None

    async def confirm(self, claim: Claim) -> bool:
        """Ask."""
        wait = self.breaker.wait(trio.current_time())
        if wait > 0:
            raise Unavailable(AWAY, retry_after=wait)
        body = json.dumps(asdict(claim)).encode()
        with trio.move_on_after(ALL_WITHIN):
            for tried in range(TRIES):
                if tried:
                    await trio.sleep(PAUSE * (0.5 + random.random()))  # noqa: S311 - jitter
                confirmed = await self._ask(body)
                if confirmed is not None:
                    self.breaker.succeeded()
                    return confirmed
        self.breaker.failed(trio.current_time())
        raise Unavailable(AWAY)

    async def _ask(self, body: bytes) -> bool | None:
        """Ask once; `None` for anything but an answer that is theirs."""
        if self._http is None:
            return None
        at = int(self._clock())
        question = sign_question(self._secret, at, body)
        headers = {"Content-Type": "application/json", TIME: str(at), SIGNATURE: question}
        try:
            answer = await self._http.post(self._url() + PATH, content=body, headers=headers)
        except httpx.HTTPError:
            return None
        if answer.status_code != httpx.codes.OK or len(answer.content) > ANSWER_LIMIT:
            return None
        if not same(sign_answer(self._secret, question, answer.content), answer.headers.get(SIGNATURE, "")):
            return None
        try:
            confirmed = answer.json()["confirmed"]
        except (ValueError, KeyError, TypeError):
            return None
        return confirmed if isinstance(confirmed, bool) else None
