"""What a supervisor may be asked, as calls: `await supervisor.call(WhichChildren())`; and how it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from supervisors.exits import SupervisionError

if TYPE_CHECKING:
    from supervisors.actor import Actor
    from supervisors.process import Process
    from supervisors.specs import ChildSpec


@dataclass(frozen=True, slots=True)
class StartChild:
    """Start a further child and answer its process, `None` if its init says `IGNORE` (OTP `start_child/2`).

    Raises `AlreadyStarted` when there is a child of that id, `StartFailed`, after which the spec is forgotten, and
    `SpecError` for a significant child that this supervisor can not have.
    """

    spec: ChildSpec


@dataclass(frozen=True, slots=True)
class TerminateChild:
    """Stop a child and keep its spec (OTP `terminate_child/2`); a temporary one loses it. Or `ChildNotFound`.

    A dynamic supervisor is given the process instead of an id.
    """

    id: str | Process


@dataclass(frozen=True, slots=True)
class RestartChild:
    """Start a child that is down and answer its process (OTP `restart_child/2`); `ChildBusy` when it is not down."""

    id: str


@dataclass(frozen=True, slots=True)
class DeleteChild:
    """Forget the spec of a child that is down (OTP `delete_child/2`); `ChildBusy` when it is not down."""

    id: str


@dataclass(frozen=True, slots=True)
class GetChildSpec:
    """Answer the `ChildSpec` of a child (OTP `get_childspec/2`), or raise `ChildNotFound`."""

    id: str


@dataclass(frozen=True, slots=True)
class WhichChildren:
    """Answer a `ChildInfo` for each child, in start order (OTP `which_children/1`)."""


@dataclass(frozen=True, slots=True)
class CountChildren:
    """Answer a `ChildCount` (OTP `count_children/1`)."""


@dataclass(frozen=True, slots=True)
class ChildInfo:
    """One child as `WhichChildren` tells it: its process, `None` when it is down, or in which state it has none.

    `"hibernated"`: folded up, and there again as soon as its name is looked up.
    """

    id: str | None
    child: Process | Literal["restarting", "hibernated"] | None
    process_type: str
    actor: type[Actor]


@dataclass(frozen=True, slots=True)
class ChildCount:
    """How many children a supervisor has; `specs` counts those that are down as well."""

    specs: int
    active: int
    supervisors: int
    workers: int


class ChildNotFound(SupervisionError):
    """The supervisor has no child of that id (OTP `not_found`)."""


class ChildBusy(SupervisionError):
    """The child is running or restarting, which this call can not have (OTP `running`, `restarting`)."""


class NotForDynamic(SupervisionError):
    """A supervisor of like children can not be asked this (OTP `simple_one_for_one`)."""


class Exited(NamedTuple):
    """Info: a child of ours has ended, or a restart of it failed."""

    process: Process
    reason: Any
