"""Identity's place in the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.identity.actor import Throttle
from jagawarga.identity.confirming import hold_provider, see_to_what_waits
from jagawarga.identity.provider import HttpProvider
from supervisors import Backoff, ChildSpec, supervisor, task, worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from jagawarga.identity.service import Identity
    from jagawarga.provider.server import SimulatedProvider

AGAIN = Backoff(first=0.1, limit=5.0)


def identity_tree(identity: Identity, simulated: SimulatedProvider | None = None) -> ChildSpec:
    """Spec of the subtree; a provider that is simulated serves in it."""
    children = [worker("throttle", Throttle, name=identity.throttle)]
    if simulated is not None:
        children.append(task("simulated-provider", _serve, simulated, backoff=AGAIN))
    if isinstance(identity.provider, HttpProvider):
        children.append(task("provider", hold_provider, identity.provider, backoff=AGAIN))
    children.append(task("confirming", see_to_what_waits, identity, backoff=AGAIN))
    return supervisor("identity", children, intensity=50, period=5.0)


async def _serve(started: Callable[[], None], simulated: SimulatedProvider) -> None:
    await simulated.serve(started)
