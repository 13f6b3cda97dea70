"""Media's place in the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.media.service import keep_clean
from supervisors import ChildSpec, supervisor, task

if TYPE_CHECKING:
    from jagawarga.media.service import Media


def media_tree(media: Media) -> ChildSpec:
    """Spec of the subtree."""
    return supervisor("media", [task("purge", keep_clean, media)], intensity=50, period=5.0)
