"""Child specifications: how a supervisor starts, restarts and stops a child, as a value.

Fields, names and defaults are OTP's (`supervisor:child_spec()`); times are seconds. A wrong one raises `SpecError`
where the spec is made, naming the field and what was got.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeGuard, get_args

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


def is_number(value: object) -> TypeGuard[float]:
    """Tell a number from everything else, `True` included."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _expect(met: bool, what: str, expected: str, got: object) -> None:
    if not met:
        msg = f"{what}: expected {expected}, got {got!r}"
        raise SpecError(msg)


def check_whole(what: str, value: object, least: int) -> None:
    """Raise `SpecError` unless the option is a whole number of at least `least`."""
    is_whole = isinstance(value, int) and not isinstance(value, bool) and value >= least
    _expect(is_whole, what, f"a whole number of at least {least}", value)


@dataclass(frozen=True, slots=True)
class Backoff:
    """An extension to OTP, off by default: wait before a restart that follows a recent one.

    The first does not wait; the n-th restart in a row waits `first * 2**(n-2)` seconds, at most `limit`, times a random
    share between a half and one. A child that has run longer than `limit` starts from the beginning.
    """

    first: float
    limit: float

    def __post_init__(self) -> None:
        for name, value in (("first", self.first), ("limit", self.limit)):
            if not is_number(value) or not 0 <= value < math.inf:
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
        limit = self.shutdown
        is_id = isinstance(self.id, str) and self.id != "" and "/" not in self.id
        _expect(is_id, "id", "a non-empty text without '/'", self.id)
        of = f" of {self.id!r}"
        is_actor = isinstance(self.actor, type) and issubclass(self.actor, Actor)
        _expect(is_actor, f"actor{of}", "a subclass of Actor", self.actor)
        _expect(isinstance(self.args, tuple), f"args{of}", "a tuple", self.args)
        _expect(self.restart in get_args(Restart), f"restart{of}", f"one of {get_args(Restart)}", self.restart)
        is_limit = limit in ("brutal_kill", "infinity") or (is_number(limit) and limit >= 0)
        _expect(is_limit, f"shutdown{of}", "seconds, 'brutal_kill' or 'infinity'", limit)
        _expect(isinstance(self.name, Name | None), f"name{of}", "a Name of a registry", self.name)
        _expect(isinstance(self.backoff, Backoff | None), f"backoff{of}", "a Backoff", self.backoff)
        _expect(isinstance(self.significant, bool), f"significant{of}", "True or False", self.significant)
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
        check_whole("intensity", self.intensity, 0)
        if not is_number(self.period) or not self.period > 0:
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
    if not isinstance(children, Sequence):
        msg = f"children of {id!r}: expected a sequence of ChildSpec, got {children!r}"
        raise SpecError(msg)
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
    if template.name is not None:
        msg = f"template of {id!r}: its children are named one by one, got the name {template.name!r}"
        raise SpecError(msg)
    if max_children is not None:
        check_whole(f"max_children of {id!r}", max_children, 0)
    if not isinstance(extra_arguments, tuple):
        msg = f"extra_arguments of {id!r}: expected a tuple, got {extra_arguments!r}"
        raise SpecError(msg)
    args = (flags, replace(template, args=(*template.args, *extra_arguments)), max_children)
    return ChildSpec(id, DynamicSupervisor, args, restart, shutdown, name, None, "dynamic_supervisor")
