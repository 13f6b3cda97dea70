"""Notification's place in the tree: two consumers that need nothing of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.notification.actor import Notifier
from jagawarga.notification.hub import Hub
from supervisors import ChildSpec, supervisor, worker

if TYPE_CHECKING:
    from jagawarga.notification.service import Notifications


def notification_tree(notifications: Notifications) -> ChildSpec:
    """Spec of the subtree."""
    children = [
        worker("notifier", Notifier, notifications.bus, notifications.store),
        worker("hub", Hub, notifications.stream),
    ]
    return supervisor("notification", children, intensity=50, period=5.0)
