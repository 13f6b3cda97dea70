"""What an operator may ask of the running process beyond its tree: operations of the control socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import trio

from jagawarga.errors import JagaWargaError
from supervisors.control import ControlError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from jagawarga.app import House
    from supervisors.desk import Operation

T = TypeVar("T")


def operations(house: House) -> Mapping[str, Operation]:
    """Name → operation; the socket is its owner's alone, and its owner holds the disks and keys anyway."""

    async def reports() -> dict[str, int]:
        """Count reports by status."""
        try:
            return dict(await house.reports.counts())
        except JagaWargaError as error:
            raise ControlError(str(error)) from None

    async def stored(report_id: str) -> dict[str, Any]:
        """Show a report as it lies in the database, its content unsealed for this once."""
        try:
            row = await house.reports.store.stored(UUID(report_id))
        except (JagaWargaError, ValueError) as error:
            raise ControlError(str(error)) from None
        if row is None:
            msg = "no such report"
            raise ControlError(msg)
        return row

    known: tuple[Any, ...] = (reports, stored)
    return {each.__name__: each for each in known} | _addresses(house) | _deadletters(house) | _clocks(house)


def _addresses(house: House) -> dict[str, Operation]:
    async def dsn() -> str:
        """The address of the database, for checks from outside."""
        return house.database.url

    async def nats_url() -> str:
        """The address of the broker, for checks from outside."""
        return house.bus.url

    async def url() -> str:
        """Where this process serves."""
        return f"http://{house.settings.host}:{house.front.port}"

    async def backup_sources() -> dict[str, str]:
        """Where `jagawarga backup` finds the embedded servers; it reads them from its own process (ADR 9)."""
        if house.postgres is None or house.nats is None:
            msg = "the database or the broker is not an embedded one; back it up with its own tools"
            raise ControlError(msg)
        return {"database": house.database.url, "broker": house.bus.url}

    known: tuple[Any, ...] = (dsn, nats_url, url, backup_sources)
    return {each.__name__: each for each in known}


def _clocks(house: House) -> dict[str, Operation]:
    async def sla_reload() -> dict[str, Any]:
        """Read the catalogue's files again; all of them hold from now on, or none. Says what changed."""
        return {"changed": await _refusing(_reload(house))}

    async def sla_reschedule(after: str | None = None) -> dict[str, Any]:
        """Put one batch of clocks that run under the terms of today; `after` is where the last one stopped."""
        try:
            start = None if after is None else UUID(after)
        except ValueError as error:
            raise ControlError(str(error)) from None
        batch = await _refusing(house.reports.reschedule(start))
        return {**batch._asdict(), "after": None if batch.after is None else str(batch.after)}

    known: tuple[Any, ...] = (sla_reload, sla_reschedule)
    return {each.__name__: each for each in known}


async def _reload(house: House) -> dict[str, dict[str, list[str]]]:
    config = await trio.to_thread.run_sync(house.catalogue.read, house.settings.config_dir)
    # Before anything can be filed under them.
    await house.reports.keep_calendars(config.calendars)
    return await house.catalogue.reload(config)


def _deadletters(house: House) -> dict[str, Operation]:
    async def deadletters(limit: int = 100) -> list[dict[str, Any]]:
        """List the dead letters, the oldest first."""
        return [each.shown() for each in await _refusing(house.deadletters.oldest(limit))]

    async def deadletter(number: int) -> dict[str, Any]:
        """Show one dead letter with what it says."""
        letter, said = await _refusing(house.deadletters.show(number))
        return {**letter.shown(), "says": said}

    async def retry_deadletter(number: int) -> dict[str, Any]:
        """Send a dead letter on its way again."""
        return (await _refusing(house.deadletters.retry(number))).shown()

    async def drop_deadletter(number: int) -> dict[str, Any]:
        """Forget a dead letter."""
        return (await _refusing(house.deadletters.drop(number))).shown()

    known: tuple[Any, ...] = (deadletters, deadletter, retry_deadletter, drop_deadletter)
    return {each.__name__: each for each in known}


async def _refusing(work: Awaitable[T]) -> T:
    try:
        return await work
    except JagaWargaError as error:
        raise ControlError(str(error)) from None
