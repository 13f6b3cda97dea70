"""A runtime that answers as a test says; `test_top_command` holds its answers against a real one's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supervisors.control import ControlError, NotRunning

if TYPE_CHECKING:
    from collections.abc import Callable


def node(path: str, **more: Any) -> dict[str, Any]:
    return {
        "path": path,
        "id": path.rsplit("/", 1)[-1],
        "type": "worker",
        "kind": "Writer",
        "state": "running",
        "restarts": 0,
        "mailbox": 0,
        "age": 100.0,
        "handled": 0,
        "busy": 0.0,
        "links": 0,
        "monitors": 0,
        "current": None,
        "last_reason": None,
    } | more


class FakeRuntime:
    """Is asked like a `Link`; `asked` keeps what was done to whom."""

    def __init__(self, *paths: str) -> None:
        self.actors = {path: node(path) for path in paths}
        self.at = 100.0
        self.up = True
        self.asked: list[tuple[str, str]] = []
        self.overview: dict[str, Any] = {
            "actors": len(paths),
            "states": {"running": len(paths)},
            "timers": 3,
            "next_due": 0.5,
            "zombies": [],
            "gc": {"pauses": 2, "last": 0.001, "longest": 0.002, "total": 0.003, "frozen": 10},
            "uptime": 100.0,
            "loop": {
                "watched": True,
                "blocked_by": None,
                "blocked_for": 0.0,
                "blocks": 0,
                "longest_block": 0.0,
                "longest_blocker": None,
            },
        }

    def pass_time(self, seconds: float) -> None:
        self.at += seconds
        self.overview["uptime"] += seconds
        for each in self.actors.values():
            each["age"] += seconds

    def __call__(self, op: str, within: float = 5.0, /, **args: Any) -> Any:
        if not self.up:
            msg = "no JagaWarga is running with the data directory var"
            raise NotRunning(msg)
        answer: Callable[..., Any] = getattr(self, f"do_{op}", self.steer)
        return answer(**args) if answer != self.steer else self.steer(op, **args)

    def do_runtime(self) -> dict[str, Any]:
        return self.overview

    def do_processes(self, sort: str, limit: int, matching: str) -> dict[str, Any]:
        found = [dict(each) for path, each in self.actors.items() if matching in path]
        return {"total": len(self.actors), "at": self.at, "processes": found[:limit]}

    def do_tree(self) -> dict[str, Any]:
        top = {"strategy": "one_for_one", "intensity": {"used": 0, "limit": 3, "period": 5.0}}
        return node("jagawarga", type="supervisor", children=[dict(each) for each in self.actors.values()], **top)

    def do_inspect(self, actor: str) -> dict[str, Any]:
        return dict(self.find(actor)) | {"mailbox_limit": 10_000, "secret_of": actor}

    def do_trace(self, actor: str, seconds: float, limit: int) -> dict[str, Any]:
        self.find(actor)
        event = {"at": 0.25, "what": "call", "type": "SubmitReport", "seconds": 0.001}
        return {"path": actor, "events": [event], "cut": False}

    def steer(self, op: str, actor: str) -> dict[str, Any]:
        self.find(actor)
        self.asked.append((op, actor))
        return {"path": actor}

    def find(self, actor: str) -> dict[str, Any]:
        if actor not in self.actors and actor != "jagawarga":
            msg = f"{actor!r} names no actor"
            raise ControlError(msg)
        return self.actors.get(actor) or node("jagawarga")
