"""What an operator may ask of the running process beyond its tree: operations of the control socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from jagawarga.errors import JagaWargaError
from supervisors.control import ControlError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagawarga.app import House
    from supervisors.desk import Operation


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

    async def dsn() -> str:
        """The address of the database, for checks from outside."""
        return house.database.url

    async def nats_url() -> str:
        """The address of the broker, for checks from outside."""
        return house.bus.url

    async def backup_sources() -> dict[str, str]:
        """Where `jagawarga backup` finds the embedded servers; it reads them from its own process (ADR 9)."""
        if house.postgres is None or house.nats is None:
            msg = "the database or the broker is not an embedded one; back it up with its own tools"
            raise ControlError(msg)
        return {"database": house.database.url, "broker": house.bus.url}

    return {each.__name__: each for each in (reports, stored, dsn, nats_url, backup_sources)}
