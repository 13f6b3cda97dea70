"""A supervision tree without tasks, messages or waiting: OTP's rules as values, to compare a real one with.

Everything happens at once and completely: a deed is done, all its consequences follow, and the tree is settled again.
The time is passed in. Written from OTP's documentation of `supervisor`, not from `supervisors.static`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Reason = Literal["normal", "shutdown", "crash", "killed"]
ORDERLY = ("normal", "shutdown")


class StartFailure(Exception):
    """A node of the model did not start."""


@dataclass(eq=False)
class Node:
    """A child: a worker, or with `children` a supervisor."""

    id: str
    restart: str = "permanent"
    significant: bool = False
    children: list[Node] | None = None
    strategy: str = "one_for_one"
    intensity: int = 1
    period: float = 5.0
    auto_shutdown: str = "never"
    up: bool = False
    starts: int = 0
    failing: int = 0
    """So many starts will fail."""
    stamps: list[int] = field(default_factory=list)
    specs: list[Node] = field(default_factory=list)
    """What it was made with; a new start knows nothing of what was added or taken away since."""

    def __post_init__(self) -> None:
        self.specs = list(self.children or ())

    @property
    def is_supervisor(self) -> bool:
        """True for a supervisor."""
        return self.children is not None

    def walk(self) -> Iterator[Node]:
        """The node itself and all below, parents first."""
        yield self
        for child in self.children or ():
            yield from child.walk()


class TreeModel:
    """What a tree should look like. `root.up` is False when its root has given up."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.now = 0.0
        self._start(root)

    # --- deeds, each at a time

    def end(self, node: Node, reason: Reason) -> None:
        """A child ends by itself, is killed, or crashes; its supervisor does what its rules say."""
        self._down(node)
        parent = self.parent(node)
        if parent is None:
            return
        assert parent.children is not None
        if node.restart == "permanent" or (node.restart == "transient" and reason not in ORDERLY):
            self._restart(parent, node)
            return
        if node.restart == "temporary":
            parent.children.remove(node)
        if node.significant and self._enough(parent):
            self.end(parent, "shutdown")

    def terminate(self, parent: Node, node: Node) -> None:
        """`terminate_child`: stop it, and keep its spec unless it is temporary."""
        self._down(node)
        if node.restart == "temporary" and parent.children is not None:
            parent.children.remove(node)

    def restart(self, node: Node) -> bool:
        """`restart_child` of one that is down; False when it fails to start."""
        try:
            self._start(node)
        except StartFailure:
            return False
        return True

    def delete(self, parent: Node, node: Node) -> None:
        """`delete_child` of one that is down."""
        assert parent.children is not None
        parent.children.remove(node)

    def add(self, parent: Node, node: Node) -> bool:
        """`start_child`; False when it fails to start, and then its spec is not kept."""
        assert parent.children is not None
        parent.children.append(node)
        try:
            self._start(node)
        except StartFailure:
            parent.children.remove(node)
            return False
        return True

    # --- looking

    def parent(self, node: Node) -> Node | None:
        """The supervisor of a node."""
        return next((each for each in self.root.walk() if node in (each.children or ())), None)

    def picture(self) -> dict[str, tuple[bool, int]]:
        """Of each child by its path: whether it is up, and of a worker how often it has started."""
        seen: dict[str, tuple[bool, int]] = {}

        def look(node: Node, path: str) -> None:
            seen[path] = (node.up, 0 if node.is_supervisor else node.starts)
            for child in node.children or () if node.up else ():
                look(child, f"{path}/{child.id}")

        look(self.root, self.root.id)
        return seen

    # --- rules

    def _restart(self, parent: Node, node: Node) -> None:
        while True:
            parent.stamps.append(int(self.now))
            parent.stamps = [stamp for stamp in parent.stamps if stamp >= int(self.now) - parent.period]
            if len(parent.stamps) > parent.intensity:
                self.end(parent, "shutdown")
                return
            failed = self._restart_group(parent, node)
            if failed is None:
                return
            if parent.strategy == "rest_for_one":
                node = failed

    def _restart_group(self, parent: Node, node: Node) -> Node | None:
        """Stop who goes with `node` and start them again; return the one that failed to."""
        assert parent.children is not None
        for each in reversed(self._group(parent, node)):
            was_up = each.up
            self._down(each)
            if each.restart == "temporary" and was_up:
                parent.children.remove(each)
        for each in self._group(parent, node):
            try:
                self._start(each)
            except StartFailure:
                return each
        return None

    @staticmethod
    def _group(parent: Node, node: Node) -> list[Node]:
        assert parent.children is not None
        if parent.strategy == "one_for_one":
            return [node]
        if parent.strategy == "one_for_all":
            return list(parent.children)
        return parent.children[parent.children.index(node) :]

    @staticmethod
    def _enough(parent: Node) -> bool:
        if parent.auto_shutdown == "any_significant":
            return True
        return not any(each.significant and each.up for each in parent.children or ())

    def _start(self, node: Node) -> None:
        if node.failing:
            node.failing -= 1
            raise StartFailure
        if node.is_supervisor:
            node.children = list(node.specs)
            node.stamps = []
            for child in node.children:
                try:
                    self._start(child)
                except StartFailure:
                    self._down(node)
                    raise
        node.up = True
        node.starts += 1

    def _down(self, node: Node) -> None:
        for each in node.walk():
            each.up = False
