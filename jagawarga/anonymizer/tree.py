"""The anonymizer's place in the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.anonymizer.actor import Anonymizer
from supervisors import ChildSpec, supervisor, worker

if TYPE_CHECKING:
    from jagawarga.anonymizer.service import Intake


def anonymizer_tree(intake: Intake) -> ChildSpec:
    """Spec of the subtree."""
    return supervisor("anonymizer", [worker("scrubber", Anonymizer, name=intake.anonymizer)], intensity=50, period=5.0)
