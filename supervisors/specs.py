"""Child specifications: how a supervisor starts, restarts and stops a child, as a value.

Fields, names and defaults are OTP's (`supervisor:child_spec()`); times are seconds. A wrong one raises `SpecError`
where the spec is made, naming the field and what was got.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from supervisors.actor import Actor, Task
from supervisors.exits import SupervisionError
from supervisors.registry import Name

Restart = Literal["permanent", "transient", "temporary"]
Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]
AutoShutdown = Literal["never", "any_significant", "all_significant"]
Shutdown = float | Literal["brutal_kill", "infinity"]

WORKER_SHUTDOWN = 5.0


class SpecError(SupervisionError, ValueError):
    """A child spec or supervisor flag that can not be."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """An extension to OTP, off by default: wait before a restart that follows a recent one.

    The n-th restart in a row waits `first * 2**(n-1)` seconds, at most `limit`, times a random share between a half
    and one. A child that has run longer than `limit` starts from the beginning.
    """

    first: float
    limit: float

    def __post_init__(self) -> None:
        for name, value in (("first", self.first), ("limit", self.limit)):
            if not isinstance(value, int | float) or not 0 <= value < math.inf:
                msg = f"{name}: expected seconds of at least 0, got {value!r}"
                raise SpecError(msg)


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How to start, restart and stop one child. Make it with `worker`, `task`, `supervisor`, `dynamic_supervisor`."""

    id: str
    actor: type[Actor]
    args: tuple[Any, ...] = ()
    restart: Restart = "permanent"
    shutdown: Shutdown = WORKER_SHUTDOWN
    name: Name | None = None
    backoff: Backoff | None = None
    kind: str = field(default="")
    significant: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not self.id or "/" in self.id:
            msg = f"id: expected a non-empty text without '/', got {self.id!r}"
            raise SpecError(msg)
        if not (isinstance(self.actor, type) and issubclass(self.actor, Actor)):
            msg = f"actor of {self.id!r}: expected a subclass of Actor, got {self.actor!r}"
            raise SpecError(msg)
        if self.restart not in get_args(Restart):
            msg = f"restart of {self.id!r}: expected one of {get_args(Restart)}, got {self.restart!r}"
            raise SpecError(msg)
        if self.shutdown not in {"brutal_kill", "infinity"} and not (
            isinstance(self.shutdown, int | float) and not isinstance(self.shutdown, bool) and self.shutdown >= 0
        ):
            msg = f"shutdown of {self.id!r}: expected seconds, 'brutal_kill' or 'infinity', got {self.shutdown!r}"
            raise SpecError(msg)
        if not isinstance(self.name, Name | None):
            msg = f"name of {self.id!r}: expected a Name of a registry, got {self.name!r}"
            raise SpecError(msg)
        if not isinstance(self.backoff, Backoff | None):
            msg = f"backoff of {self.id!r}: expected a Backoff, got {self.backoff!r}"
            raise SpecError(msg)
        if self.significant and self.restart == "permanent":
            msg = f"significant of {self.id!r}: a permanent child never ends by itself, got restart='permanent'"
            raise SpecError(msg)
        if not self.kind:
            object.__setattr__(self, "kind", self.actor.__name__)

    def shutdown_seconds(self) -> float:
        """The limit in seconds; 0 for `brutal_kill`."""
        if self.shutdown == "brutal_kill":
            return 0.0
        return math.inf if self.shutdown == "infinity" else float(self.shutdown)


@dataclass(frozen=True, slots=True)
class Flags:
    """A supervisor's flags; OTP's defaults are intensity 1 in 5 seconds."""

    strategy: Strategy = "one_for_one"
    intensity: int = 1
    period: float = 5.0
    auto_shutdown: AutoShutdown = "never"

    def __post_init__(self) -> None:
        if self.auto_shutdown not in get_args(AutoShutdown):
            msg = f"auto_shutdown: expected one of {get_args(AutoShutdown)}, got {self.auto_shutdown!r}"
            raise SpecError(msg)
        if self.strategy not in get_args(Strategy):
            msg = f"strategy: expected one of {get_args(Strategy)}, got {self.strategy!r}"
            raise SpecError(msg)
        if not isinstance(self.intensity, int) or isinstance(self.intensity, bool) or self.intensity < 0:
            msg = f"intensity: expected a whole number of at least 0, got {self.intensity!r}"
            raise SpecError(msg)
        if not isinstance(self.period, int | float) or not self.period > 0:
            msg = f"period: expected seconds above 0, got {self.period!r}"
            raise SpecError(msg)


def worker(
    id: str,  # noqa: A002 - OTP's field name
    actor: type[Actor],
    *args: Any,
    restart: Restart = "permanent",
    shutdown: Shutdown = WORKER_SHUTDOWN,
    name: Name | None = None,
    backoff: Backoff | None = None,
    significant: bool = False,
) -> ChildSpec:
    """Spec of an actor started as `actor.init(*args)`."""
    return ChildSpec(id, actor, args, restart, shutdown, name, backoff, significant=significant)


def task(
    id: str,  # noqa: A002 - OTP's field name
    body: Callable[..., Awaitable[None]],
    *args: Any,
    restart: Restart = "permanent",
    shutdown: Shutdown = WORKER_SHUTDOWN,
    name: Name | None = None,
    backoff: Backoff | None = None,
    significant: bool = False,
) -> ChildSpec:
    """Spec of a supervised coroutine `body(started, *args)`, which calls `started()` when it is ready."""
    if not callable(body):
        msg = f"body of {id!r}: expected a coroutine function, got {body!r}"
        raise SpecError(msg)
    kind = getattr(body, "__name__", "task")
    return ChildSpec(id, Task, (body, *args), restart, shutdown, name, backoff, kind, significant)


def supervisor(
    id: str,  # noqa: A002 - OTP's field name
    children: Sequence[ChildSpec],
    *,
    strategy: Strategy = "one_for_one",
    intensity: int = 1,
    period: float = 5.0,
    auto_shutdown: AutoShutdown = "never",
    restart: Restart = "permanent",
    shutdown: Shutdown = "infinity",
    name: Name | None = None,
    backoff: Backoff | None = None,
    significant: bool = False,
) -> ChildSpec:
    """Spec of a supervisor over `children`, started in this order and stopped in the reverse one."""
    from supervisors.static import Supervisor  # noqa: PLC0415 - a supervisor's code needs specs first

    flags = Flags(strategy, intensity, period, auto_shutdown)
    check_children(id, children, flags)
    args = (flags, tuple(children))
    return ChildSpec(id, Supervisor, args, restart, shutdown, name, backoff, "supervisor", significant)


def check_children(id: str, children: Sequence[ChildSpec], flags: Flags) -> None:  # noqa: A002 - OTP's field name
    """Raise `SpecError` for what can not stand together under one supervisor (OTP `check_childspecs/2`)."""
    seen: set[str] = set()
    for child in children:
        if not isinstance(child, ChildSpec):
            msg = f"children of {id!r}: expected a ChildSpec, got {child!r}"
            raise SpecError(msg)
        if child.id in seen:
            msg = f"children of {id!r}: the id {child.id!r} is there twice"
            raise SpecError(msg)
        if child.significant and flags.auto_shutdown == "never":
            msg = f"significant of {child.id!r}: {id!r} has auto_shutdown='never'"
            raise SpecError(msg)
        seen.add(child.id)


def dynamic_supervisor(
    id: str,  # noqa: A002 - OTP's field name
    template: ChildSpec,
    *,
    max_children: int | None = None,
    extra_arguments: tuple[Any, ...] = (),
    intensity: int = 1,
    period: float = 5.0,
    restart: Restart = "permanent",
    shutdown: Shutdown = "infinity",
    name: Name | None = None,
) -> ChildSpec:
    """Spec of a supervisor of many like children, each started on demand from `template` with its own arguments.

    A child's `init` gets the template's arguments, then `extra_arguments`, then its own.
    """
    from supervisors.dynamic import DynamicSupervisor  # noqa: PLC0415 - a supervisor's code needs specs first

    flags = Flags("one_for_one", intensity, period)
    if not isinstance(template, ChildSpec):
        msg = f"template of {id!r}: expected a ChildSpec, got {template!r}"
        raise SpecError(msg)
    if template.significant:
        msg = f"template of {id!r}: a dynamic supervisor has no significant children"
        raise SpecError(msg)
    if max_children is not None and (not isinstance(max_children, int) or max_children < 0):
        msg = f"max_children of {id!r}: expected a whole number of at least 0, got {max_children!r}"
        raise SpecError(msg)
    args = (flags, replace(template, args=(*template.args, *extra_arguments)), max_children)
    return ChildSpec(id, DynamicSupervisor, args, restart, shutdown, name, None, "dynamic_supervisor")
