"""The feed's place in the tree: the writer of votes, and behind it the keeper of the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.feed.actor import Keeper
from jagawarga.plumbing.writer import GroupCommit
from supervisors import ChildSpec, supervisor, worker

if TYPE_CHECKING:
    from jagawarga.feed.service import Feed


def feed_tree(feed: Feed) -> ChildSpec:
    """Spec of the subtree. With a killed writer the keeper starts again: it may have missed what was written last."""
    children = [
        worker("votes", GroupCommit, feed.write, name=feed.writer, shutdown=3.0),
        worker("keeper", Keeper, feed),
    ]
    return supervisor("feed", children, strategy="rest_for_one", intensity=50, period=5.0)
