"""The citizens who file the rows: known accounts and new ones, each with its own allowance of submissions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import trio

from jagawarga.cli.replay.nik import make_nik
from jagawarga.client import Client, Draft, Receipt, Refused, Session

if TYPE_CHECKING:
    from random import Random

TRIES = 200
SEVERAL_NIKS = 20


@dataclass(slots=True, eq=False)
class Citizen:
    """An account, signed in; rests until `free_at` when the server finds that it asks too often."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    session: Session
    free_at: float = 0.0


class Crowd:
    """Gives each submission to the citizen who has rested longest."""

    def __init__(self, client: Client, rng: Random) -> None:
        self.client = client
        self.citizens: list[Citizen] = []
        self._rng = rng
        # The one who asks too often rests, while the report is filed by somebody else.
        self._rests_on_429 = replace(client.patience, busy=False)
        self._somebody = trio.Event()

    async def sign_in(self, username: str, password: str) -> None:
        """Add a citizen who has an account."""
        session = await self.client.sign_in(username, password)
        self.citizens.append(Citizen(username, password, session))
        self._somebody.set()

    async def register(self, number: int) -> None:
        """Add `number` citizens with new accounts, as fast as the server lets us; their passwords are kept nowhere."""
        for _ in range(number):
            password = secrets.token_urlsafe(18)
            await self._registered(password)

    async def submit(self, draft: Draft) -> Receipt:
        """File a report as somebody; `Refused` or `Unreachable` when it can not be filed at all."""
        await self._somebody.wait()
        for tried in range(TRIES):
            citizen = await self._rested()
            try:
                return await self.client.submit(citizen.session, draft, patience=self._rests_on_429)
            except Refused as refused:
                if refused.status not in {401, 429} or tried == TRIES - 1:
                    raise
                await self._mend(citizen, refused)
        raise AssertionError  # the loop returns or raises

    async def _rested(self) -> Citizen:
        while True:
            citizen = min(self.citizens, key=lambda each: each.free_at)
            wait = citizen.free_at - trio.current_time()
            if wait <= 0:
                citizen.free_at = trio.current_time()  # the last to be taken again, among those who are free
                return citizen
            await trio.sleep(wait)

    async def _mend(self, citizen: Citizen, refused: Refused) -> None:
        if refused.status == 401:
            citizen.session = await self.client.sign_in(citizen.username, citizen.password)
            return
        rest = (refused.retry_after or 1.0) * (1 + self._rng.random() / 4)
        citizen.free_at = trio.current_time() + rest

    async def _registered(self, password: str) -> None:
        for _ in range(SEVERAL_NIKS):
            nik = make_nik(self._rng)
            try:
                await self.client.register(nik, "Warga Tiruan", password)
                await self.sign_in(nik, password)
            except Refused as refused:
                # Registration does not tell who has an account; that the password is not theirs does.
                if refused.status != 401:
                    raise
            else:
                return
        msg = "no free population number found"
        raise RuntimeError(msg)
