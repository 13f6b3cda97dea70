"""Identity's place in the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.identity.actor import Throttle
from supervisors import ChildSpec, supervisor, worker

if TYPE_CHECKING:
    from jagawarga.identity.service import Identity


def identity_tree(identity: Identity) -> ChildSpec:
    """Spec of the subtree."""
    return supervisor("identity", [worker("throttle", Throttle, name=identity.throttle)], intensity=50, period=5.0)
