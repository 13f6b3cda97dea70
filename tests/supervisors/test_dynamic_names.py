"""A name taken while its child restarts: the newcomer keeps it."""

from __future__ import annotations

from typing import Any

import trio

from supervisors import Registry, dynamic_supervisor, telemetry, worker
from supervisors.testing import running
from tests.supervisors.actors import Echo


async def test_a_newcomer_of_the_same_name_replaces_the_old_child(autojump_clock: Any) -> None:
    """A child started under the name of one that is about to be restarted stays; the restart is dropped, not retried."""
    names = Registry("test")
    pool = names.name("pool")
    async with running(dynamic_supervisor("pool", worker("child", Echo), intensity=3, name=pool)):
        holder: Any = pool.whereis()
        old = holder.actor.start_child_nowait("old", name=names.name("x"))
        await trio.sleep(0.1)
        started: list[Any] = []

        def take_the_name(event: str, subject: Any, detail: Any) -> None:
            # In the very step in which the old child ends: before its supervisor has looked into its mailbox.
            if event == "child.ended" and subject is old:
                started.append(holder.actor.start_child_nowait("new", name=names.name("x")))

        detach = telemetry.attach(take_the_name)
        old.exit("kill")
        await trio.sleep(1)
        detach()
        (new,) = started
        assert names.whereis("x") is new
        assert holder.actor.processes == {new}
        assert not holder.actor.restarting
        assert pool.whereis() is holder
