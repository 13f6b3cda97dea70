"""Transactions that fail as a server makes them fail: by a real error of that code, at a place of the test's choice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from jagawarga.plumbing.database import Database

SERIALIZATION: Final = "40001"
DEADLOCK: Final = "40P01"
PREPARE: Final = (
    "CREATE FUNCTION public.fail(code text) RETURNS void LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = code; END $$"
)
"""What the owner gives to the test's database, so that the server itself can be told to fail."""


@dataclass
class Plan:
    """Fails with `code` at the crossing number `at`, once; or at every crossing from number `since` on.

    A crossing is a statement, or the commit of a transaction that has several. The statement has had its effect when it
    fails, so there is something to roll back.
    """

    code: str = ""
    at: int = 0
    since: int = 0
    crossings: int = 0
    failures: int = 0

    async def cross(self, connection: Any) -> None:
        """Count a crossing, and fail if it is the one."""
        self.crossings += 1
        if self.crossings == self.at or 0 < self.since <= self.crossings:
            self.failures += 1
            await connection.execute("SELECT public.fail($1)", self.code)


@asynccontextmanager
async def interrupted(database: Database, plan: Plan) -> AsyncIterator[None]:
    """Have all units of work within the block meet the plan."""
    pools = dict(database._pools)
    database._pools = {role: _Pool(pool, plan) for role, pool in pools.items()}
    try:
        yield
    finally:
        database._pools = pools


class _Pool:
    def __init__(self, pool: Any, plan: Plan) -> None:
        self.pool = pool
        self.plan = plan

    @asynccontextmanager
    async def acquire(self, timeout: float) -> AsyncIterator[Any]:
        async with self.pool.acquire(timeout=timeout) as connection:
            yield Interrupted(connection, self.plan)


class Interrupted:
    """A connection that meets a plan; all else is the real one's."""

    def __init__(self, connection: Any, plan: Plan) -> None:
        self.connection = connection
        self.plan = plan

    async def execute(self, *args: Any) -> Any:
        return await self._run(self.connection.execute, args)

    async def fetch(self, *args: Any) -> Any:
        return await self._run(self.connection.fetch, args)

    async def fetchrow(self, *args: Any) -> Any:
        return await self._run(self.connection.fetchrow, args)

    async def fetchval(self, *args: Any) -> Any:
        return await self._run(self.connection.fetchval, args)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        async with self.connection.transaction():
            yield
            await self.plan.cross(self.connection)

    async def _run(self, method: Any, args: tuple[Any, ...]) -> Any:
        if self.connection.is_in_transaction():
            result = await method(*args)
            await self.plan.cross(self.connection)
            return result
        # By itself it would be committed before anything could fail: a transaction around it is what the server does.
        async with self.connection.transaction():
            result = await method(*args)
            await self.plan.cross(self.connection)
        return result
