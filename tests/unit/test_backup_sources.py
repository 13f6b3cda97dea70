"""What the running process tells of its servers to who backs them up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from jagawarga.operations import operations
from supervisors.control import ControlError


def house(*, postgres: object, nats: object) -> Any:
    """As much of a house as the operation looks at."""
    return SimpleNamespace(
        postgres=postgres,
        nats=nats,
        database=SimpleNamespace(url="postgresql://d"),
        bus=SimpleNamespace(url="nats://b"),
    )


async def test_embedded_servers_are_told() -> None:
    """Their addresses, as the house itself uses them."""
    answer = await operations(house(postgres=object(), nats=object()))["backup_sources"]()
    assert answer == {"database": "postgresql://d", "broker": "nats://b"}


@pytest.mark.parametrize(("postgres", "nats"), [(None, object()), (object(), None), (None, None)])
async def test_external_servers_have_their_own_tools(postgres: object, nats: object) -> None:
    """Half a house is not backed up as if it were a whole one."""
    with pytest.raises(ControlError, match="its own tools"):
        await operations(house(postgres=postgres, nats=nats))["backup_sources"]()
