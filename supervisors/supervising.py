"""What makes a life a supervisor's: it owns the nursery in which its children live, and none outlives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from supervisors.exits import KILLED, Reason
from supervisors.life import Life
from supervisors.stopping import kill_all, stop

if TYPE_CHECKING:
    from supervisors.process import Process


class SupervisorLife(Life):
    """The life of a supervisor."""

    __slots__ = ("_reason",)

    def __init__(self, process: Process) -> None:
        super().__init__(process)
        self._reason: Reason = KILLED

    async def run(self) -> None:
        """Live, then see to it that no child is left, then count as ended."""
        actor = self.process.actor
        async with trio.open_nursery() as nursery:
            actor.nursery = nursery  # type: ignore[attr-defined]  # only a supervisor comes here
            try:
                await super().run()
            finally:
                # Orderly ends have stopped every child by now; after a kill or a crash none may outlive us, and no
                # name of theirs be taken when our successor starts. Shielded, for that holds under cancellation
                # too; bounded by the grace of a kill. From here on no child is started any more.
                if self.process.state != "starting":
                    self.process.state = "stopping"
                with trio.CancelScope(shield=True):
                    end_dormant = getattr(actor, "end_dormant", None)  # a dynamic supervisor's
                    if end_dormant is not None:
                        await end_dormant()
                    if self._reason != KILLED:
                        # Told to stop while it was still starting: those who are up go in order.
                        for child in actor.living():  # type: ignore[attr-defined]
                            await stop(child)
                    await kill_all(actor.living())  # type: ignore[attr-defined]
                nursery.cancel_scope.cancel()
                super().over(self._reason)

    def over(self, reason: Reason) -> None:
        """Keep the reason until the children are gone."""
        self._reason = reason
