"""What hangs on a process and must learn of its end: monitors, links, registrations, memberships, waiters.

Most processes have none or one, so the usual container is nothing or the bond itself; the functions below keep it so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from supervisors.exits import Reason
    from supervisors.process import Process


class Bond(Protocol):
    """One thing that hangs on a process."""

    def severed(self, process: Process, reason: Reason) -> None:
        """`process` has ended; called once, and must neither wait nor raise."""


Bonds: TypeAlias = "Bond | dict[Bond, None] | None"


def tied(bonds: Bonds, bond: Bond) -> Bonds:
    """Return `bonds` with `bond` added."""
    if bonds is None:
        return bond
    if not isinstance(bonds, dict):
        bonds = {bonds: None}
    bonds[bond] = None
    return bonds


def loosed(bonds: Bonds, bond: Bond) -> Bonds:
    """Return `bonds` without `bond`; unchanged if it was not there."""
    if bonds is bond:
        return None
    if isinstance(bonds, dict):
        bonds.pop(bond, None)
        return bonds or None
    return bonds


def each(bonds: Bonds) -> Iterator[Bond]:
    """Go through a copy of `bonds`, in the order they were tied."""
    if isinstance(bonds, dict):
        yield from list(bonds)
    elif bonds is not None:
        yield bonds
