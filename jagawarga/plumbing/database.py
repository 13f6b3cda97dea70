"""The database behind the door: a pool for each role, and one way to use them.

One login opens every connection and then takes the role of its pool with SET ROLE, so each context works with its own
rights only. Roles without a login need no passwords of their own, and both PostgreSQL and CockroachDB know them.
A caller hands over a *unit of work*: a coroutine function that gets a connection and does the whole of it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias, TypeVar

import asyncpg
import structlog

from jagawarga.errors import StartupError, Unavailable
from jagawarga.plumbing.aio import DEADLINE, AioDoor, at_close
from jagawarga.plumbing.migrate import migrate
from supervisors import Actor

T = TypeVar("T")
Connection: TypeAlias = Any
"""An asyncpg connection, pooled or not."""
Work: TypeAlias = Callable[[Any], Awaitable[T]]

POOLS: Final[Mapping[str, int]] = {
    "reports": 8,
    "agency": 4,
    "identity": 3,
    "catalogue": 2,
    "notification": 3,
    "feed": 3,
}
"""Database role (with `jagawarga_` before it) → connections."""
RETRIES = 6
RETRY_BASE = 0.005
ACQUIRE_SECONDS = 5.0
STATEMENT_SECONDS = 30.0
START_DEADLINE = 60.0

_DOWN = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,
    asyncpg.QueryCanceledError,
    # Disk, memory or connections used up (class 53), or the machine under the server fails it (58): neither is our bug.
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    # It answers and does not write: a standby after a failover, a disk that is nearly full, a lock. Not its internal
    # errors (class XX): a damaged row is one of them, and must not stop the others of its batch.
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.LockNotAvailableError,
)
_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)

log = structlog.get_logger()


class Database:
    """A handle that outlives its pools; open while a `DatabaseActor` holds it open."""

    def __init__(self, door: AioDoor, url: str, pools: Mapping[str, int] = POOLS) -> None:
        self.door = door
        self.url = url
        self.sizes = dict(pools)
        self._pools: dict[str, Any] = {}
        # Pools belong to the loop that opened them, and may be touched in no other.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._trouble: str | None = None

    @property
    def trouble(self) -> str | None:
        """What was wrong with the last unit of work, if it found the database out of reach."""
        return self._trouble if self.is_open else "not open"

    @property
    def is_open(self) -> bool:
        """True while units of work can be taken."""
        return bool(self._pools)

    async def run(self, role: str, work: Work[T], *, deadline: float = DEADLINE, transaction: bool = True) -> T:
        """Do one unit of work under `role`, in one transaction, and return its result.

        The work is done again from its beginning after a serialisation failure or a deadlock, so it must have no effect
        but on the database. `transaction=False` spares the round trips for work that is a single statement. Raises
        `Unavailable` when the database can not be reached in time; errors of constraints pass as asyncpg's. After
        `Unavailable` or a cancellation the work may or may not have been committed.
        """
        return await self.door.run(self._unit, role, work, None, transaction, deadline=deadline)

    async def run_as_agency(self, agency: str, work: Work[T], *, deadline: float = DEADLINE) -> T:
        """Do one unit of work that can see only what row-level security shows to `agency`."""
        return await self.door.run(self._unit, "agency", work, agency, True, deadline=deadline)  # noqa: FBT003

    async def _unit(self, role: str, work: Work[T], agency: str | None, transaction: bool) -> T:
        pool = self._pools.get(role)
        if pool is None or self._loop is not asyncio.get_running_loop():
            msg = "the database is not open"
            raise Unavailable(msg)
        for attempt in range(RETRIES):
            try:
                async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                    if not transaction:
                        done = await work(connection)
                    else:
                        async with connection.transaction():
                            if agency is not None:
                                await connection.execute("SELECT set_config('jagawarga.agency', $1, true)", agency)
                            done = await work(connection)
                    self._trouble = None
                    return done
            except _AGAIN:
                # Full jitter, so that two that met do not meet again.
                await asyncio.sleep(random.uniform(0, RETRY_BASE * 2**attempt))  # noqa: S311 - jitter
            except _DOWN as error:
                self._trouble = msg = f"the database is out of reach ({type(error).__name__})"
                raise Unavailable(msg) from error
        msg = "the database could not settle competing transactions"
        raise Unavailable(msg)

    async def _open(self) -> None:
        await self._close()
        connection = await asyncpg.connect(self.url, timeout=ACQUIRE_SECONDS)
        try:
            await migrate(connection)
        finally:
            await connection.close(timeout=ACQUIRE_SECONDS)
        pools: dict[str, Any] = {}
        try:
            for role, size in self.sizes.items():
                pools[role] = await asyncpg.create_pool(
                    self.url,
                    min_size=1,
                    max_size=size,
                    init=_take_role(role),
                    reset=_keep,
                    timeout=ACQUIRE_SECONDS,
                    command_timeout=STATEMENT_SECONDS,
                    max_inactive_connection_lifetime=300,
                )
        except BaseException:
            await _terminate(pools)
            raise
        at_close(lambda: _terminate(pools))
        self._pools, self._loop = pools, asyncio.get_running_loop()

    async def _close(self) -> None:
        pools, self._pools = self._pools, {}
        if self._loop is asyncio.get_running_loop():
            await _terminate(pools)


async def _terminate(pools: Mapping[str, Any]) -> None:
    for pool in pools.values():
        # Not close(): it would wait for work under way, and whoever stops us has waited enough.
        pool.terminate()


def _take_role(role: str) -> Callable[[Any], Awaitable[None]]:
    async def take(connection: Any) -> None:
        await connection.execute(f"SET ROLE jagawarga_{role}")

    return take


async def _keep(connection: Any) -> None:
    """Reset nothing on release: units of work leave no session state behind, and a round trip each is dear."""
    del connection


class DatabaseActor(Actor):
    """Opens the pools behind a handle, the schema migrated first; closes them."""

    async def init(self, database: Database) -> None:
        """Migrate and connect; a database that is not there fails the start, and the supervisor tries again."""
        self.database = database
        try:
            await database.door.run(database._open, deadline=START_DEADLINE)  # noqa: SLF001 - the handle's other half
        except asyncpg.ClientConfigurationError as error:
            msg = "wrong setting database_url: not the address of a database (postgresql://user:password@host/database)"
            raise StartupError(msg) from error
        except _DOWN as error:
            msg = f"the database is out of reach ({type(error).__name__})"
            raise Unavailable(msg) from error

    async def terminate(self, reason: Any) -> None:
        """Cut the connections."""
        del reason
        if self.database.door.is_open:
            await self.database.door.run(self.database._close, deadline=2.0)  # noqa: SLF001

    def describe(self) -> dict[str, Any]:
        """Connections by role: in use / open."""
        return {
            f"pool_{role}": f"{pool.get_size() - pool.get_idle_size()}/{pool.get_size()}"
            for role, pool in self.database._pools.items()  # noqa: SLF001 - the handle's other half
        }
