"""Notification's place in the tree: two consumers and a sender for each channel, that need nothing of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagawarga.notification.actor import Notifier
from jagawarga.notification.hub import Hub
from jagawarga.notification.sender import Sender
from supervisors import ChildSpec, supervisor, worker

if TYPE_CHECKING:
    from jagawarga.notification.service import Notifications


def notification_tree(notifications: Notifications) -> ChildSpec:
    """Spec of the subtree."""
    channels = notifications.channels
    children = [
        worker("notifier", Notifier, notifications.bus, notifications.store, [each.name for each in channels]),
        worker("hub", Hub, notifications.stream),
        *(worker(f"{each.name}-sender", Sender, each, notifications.store, notifications.desk) for each in channels),
    ]
    return supervisor("notification", children, intensity=50, period=5.0)
