"""Specs as values: their defaults, and every option that is refused, by its name and what was got for it."""

from __future__ import annotations

import math
import re
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from supervisors import (
    Backoff,
    ChildSpec,
    Partitions,
    Registry,
    SpecError,
    SupervisionError,
    dynamic_supervisor,
    partition_supervisor,
    supervisor,
    task,
    task_supervisor,
    worker,
)
from supervisors.specs import Flags
from tests.supervisors.actors import Echo

names = Registry("specs")
parts = Partitions("specs")


async def body(started: Any) -> None:
    started()


ECHO = worker("child", Echo)

# --- what is accepted

DEFAULTS: tuple[tuple[ChildSpec, str, Any], ...] = (
    (worker("a", Echo), "Echo", 5.0),
    (task("a", body), "body", 5.0),
    (supervisor("a", []), "supervisor", "infinity"),
    (dynamic_supervisor("a", ECHO), "dynamic_supervisor", "infinity"),
    (partition_supervisor("a", ECHO, parts), "partition_supervisor", "infinity"),
    (task_supervisor("a"), "dynamic_supervisor", "infinity"),
)


@pytest.mark.parametrize(("spec", "kind", "shutdown"), DEFAULTS, ids=[kind for _, kind, _ in DEFAULTS])
def test_the_defaults_are_otps(spec: ChildSpec, kind: str, shutdown: Any) -> None:
    """Permanent, not significant, nameless; five seconds to stop a worker, all the time for a supervisor."""
    assert (spec.id, spec.restart, spec.significant, spec.name, spec.backoff) == ("a", "permanent", False, None, None)
    assert spec.kind == kind
    assert spec.shutdown == shutdown


def test_the_default_flags_are_otps() -> None:
    """One restart in five seconds, one by one, and never down by itself."""
    assert Flags() == Flags("one_for_one", intensity=1, period=5.0, auto_shutdown="never")


def test_a_task_supervisors_tasks_are_temporary() -> None:
    """And have five seconds to stop, unless it says otherwise."""
    assert task_supervisor("a").args[1].restart == "temporary"
    assert task_supervisor("a").args[1].shutdown == 5.0
    assert task_supervisor("a", task_shutdown="brutal_kill").args[1].shutdown == "brutal_kill"


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [(0, 0.0), (0.5, 0.5), (7, 7.0), ("brutal_kill", 0.0), ("infinity", math.inf), (math.inf, math.inf)],
)
def test_limits_in_seconds(limit: Any, seconds: float) -> None:
    """Numbers as they are, the two words by what they come to."""
    assert worker("a", Echo, shutdown=limit).shutdown_seconds() == seconds


def test_a_spec_is_a_value() -> None:
    """Alike is equal; nobody changes one."""
    assert worker("a", Echo, 1) == worker("a", Echo, 1) != worker("a", Echo, 2)
    with pytest.raises(FrozenInstanceError):
        ECHO.restart = "temporary"  # type: ignore[misc]


def test_children_are_kept_in_their_order() -> None:
    """As a copy: the list may be used again."""
    children = [worker(label, Echo) for label in "cab"]
    spec = supervisor("s", children)
    children.clear()
    assert [child.id for child in spec.args[1]] == ["c", "a", "b"]


def test_partitions_are_children_by_number() -> None:
    """Each with the address its number has."""
    spec = partition_supervisor("p", worker("part", Echo, "own"), parts, count=3, with_number=True)
    assert [child.id for child in spec.args[1]] == ["0", "1", "2"]
    assert [child.args for child in spec.args[1]] == [("own", 0), ("own", 1), ("own", 2)]
    assert [child.name for child in spec.args[1]] == [parts.number(number) for number in range(3)]


def test_extra_arguments_stand_between() -> None:
    """After the template's, before the child's own."""
    spec = dynamic_supervisor("d", worker("child", Echo, "own"), extra_arguments=("extra",))
    assert spec.args[1].args == ("own", "extra")


def test_the_same_ids_may_stand_under_different_supervisors() -> None:
    """An id is known to its supervisor only."""
    supervisor("s", [supervisor("a", [worker("a", Echo)]), worker("b", Echo)])


def test_a_wrong_spec_is_both_ours_and_pythons_error() -> None:
    """Who catches either gets it."""
    assert issubclass(SpecError, SupervisionError)
    assert issubclass(SpecError, ValueError)


# --- what is refused


def made(option: str, make: Any, *wrong: Any) -> list[tuple[str, Any, Any]]:
    return [(option, make, each) for each in wrong]


NOT_SECONDS: tuple[Any, ...] = (-1, -0.5, math.nan, True, "soon", None, [], {})
NOT_WHOLE: tuple[Any, ...] = (-1, 1.5, math.nan, True, "2", [])
NOT_A_NAME: tuple[Any, ...] = ("a", 7, Registry("other"), [])
NOT_A_WORD: tuple[Any, ...] = ("always", "", None, 1, True, [], ["permanent"])

WRONG: list[tuple[str, Any, Any]] = [
    *made("id", lambda got: worker(got, Echo), "", "a/b", "/", 7, None, b"a", []),
    *made("id", lambda got: task(got, body), "", "a/b", None),
    *made("id", lambda got: supervisor(got, []), "", "a/b", None),
    *made("id", lambda got: dynamic_supervisor(got, ECHO), "", "a/b", None),
    *made("id", lambda got: partition_supervisor(got, ECHO, parts), "", "a/b", None),
    *made("id", task_supervisor, "", "a/b", None),
    *made("actor of 'a'", lambda got: worker("a", got), int, None, "Echo", Echo(), body),
    *made("body of 'a'", lambda got: task("a", got), None, "body", 7),
    *made("args of 'a'", lambda got: ChildSpec("a", Echo, got), None, "x", [1], 7),
    *made("restart of 'a'", lambda got: worker("a", Echo, restart=got), *NOT_A_WORD),
    *made("restart of 'a'", lambda got: task("a", body, restart=got), "always"),
    *made("restart of 'a'", lambda got: supervisor("a", [], restart=got), "always"),
    *made("restart of 'a'", lambda got: dynamic_supervisor("a", ECHO, restart=got), "always"),
    *made("restart of 'a'", lambda got: partition_supervisor("a", ECHO, parts, restart=got), "always"),
    *made("restart of 'a'", lambda got: task_supervisor("a", restart=got), "always"),
    *made("shutdown of 'a'", lambda got: worker("a", Echo, shutdown=got), *NOT_SECONDS),
    *made("shutdown of 'a'", lambda got: task("a", body, shutdown=got), -1),
    *made("shutdown of 'a'", lambda got: supervisor("a", [], shutdown=got), -1),
    *made("shutdown of 'a'", lambda got: dynamic_supervisor("a", ECHO, shutdown=got), -1),
    *made("shutdown of 'a'", lambda got: partition_supervisor("a", ECHO, parts, shutdown=got), -1),
    *made("shutdown of 'a'", lambda got: task_supervisor("a", shutdown=got), -1),
    *made("shutdown of 'task'", lambda got: task_supervisor("a", task_shutdown=got), *NOT_SECONDS),
    *made("name of 'a'", lambda got: worker("a", Echo, name=got), *NOT_A_NAME),
    *made("name of 'a'", lambda got: task("a", body, name=got), *NOT_A_NAME),
    *made("name of 'a'", lambda got: supervisor("a", [], name=got), *NOT_A_NAME),
    *made("name of 'a'", lambda got: dynamic_supervisor("a", ECHO, name=got), *NOT_A_NAME),
    *made("name of 'a'", lambda got: partition_supervisor("a", ECHO, parts, name=got), *NOT_A_NAME),
    *made("name of 'a'", lambda got: task_supervisor("a", name=got), *NOT_A_NAME),
    *made("backoff of 'a'", lambda got: worker("a", Echo, backoff=got), 1.0, (1.0, 2.0), "slowly"),
    *made("backoff of 'a'", lambda got: supervisor("a", [], backoff=got), 1.0),
    *made("first", lambda got: Backoff(got, 1.0), *NOT_SECONDS, math.inf),
    *made("limit", lambda got: Backoff(1.0, got), *NOT_SECONDS, math.inf),
    *made("significant of 'a'", lambda got: worker("a", Echo, restart="transient", significant=got), 1, "yes", None),
    *made("strategy", lambda got: supervisor("a", [], strategy=got), "all_for_one", None, [], "simple_one_for_one"),
    *made("strategy", lambda got: partition_supervisor("a", ECHO, parts, strategy=got), "all_for_one"),
    *made("intensity", lambda got: supervisor("a", [], intensity=got), *NOT_WHOLE, None),
    *made("intensity", lambda got: dynamic_supervisor("a", ECHO, intensity=got), *NOT_WHOLE, None),
    *made("intensity", lambda got: partition_supervisor("a", ECHO, parts, intensity=got), *NOT_WHOLE, None),
    *made("period", lambda got: supervisor("a", [], period=got), *NOT_SECONDS, 0),
    *made("period", lambda got: dynamic_supervisor("a", ECHO, period=got), *NOT_SECONDS, 0),
    *made("period", lambda got: partition_supervisor("a", ECHO, parts, period=got), *NOT_SECONDS, 0),
    *made("auto_shutdown", lambda got: supervisor("a", [], auto_shutdown=got), "always", None, True, []),
    *made("children of 'a'", lambda got: supervisor("a", got), None, 7, ECHO, iter([ECHO]), {ECHO.id}),
    *made("children of 'a'", lambda got: supervisor("a", [ECHO, got]), None, "b", Echo, ("b", Echo)),
    *made("template of 'a'", lambda got: dynamic_supervisor("a", got), None, Echo, [ECHO]),
    *made("template of 'a'", lambda got: partition_supervisor("a", got, parts), None, Echo, [ECHO]),
    *made("max_children of 'a'", lambda got: dynamic_supervisor("a", ECHO, max_children=got), *NOT_WHOLE),
    *made("max_children of 'a'", lambda got: task_supervisor("a", max_children=got), *NOT_WHOLE),
    *made("extra_arguments of 'a'", lambda got: dynamic_supervisor("a", ECHO, extra_arguments=got), None, "ab", [1], 7),
    *made("count of 'a'", lambda got: partition_supervisor("a", ECHO, parts, count=got), *NOT_WHOLE, 0, None),
    *made("partitions of 'a'", lambda got: partition_supervisor("a", ECHO, got), None, "parts", Registry("r")),
]


def shown(got: Any) -> str:
    """A value as a test's id: the same in every worker, so without its address."""
    return re.sub(r" at 0x\w+", "", repr(got))[:40]


@pytest.mark.parametrize(("option", "make", "got"), WRONG, ids=[f"{option}={shown(got)}" for option, _, got in WRONG])
def test_refused(option: str, make: Any, got: Any) -> None:
    """Where it is made, with the option's name first and what was got in the end."""
    with pytest.raises(SpecError) as caught:
        make(got)
    says = str(caught.value)
    assert says.startswith(f"{option}: ")
    assert f"got {got!r}" in says


TOGETHER: tuple[tuple[Any, str], ...] = (
    (lambda: supervisor("s", [ECHO, worker("b", Echo), ECHO]), "children of 's': the id 'child' is there twice"),
    (
        lambda: dynamic_supervisor("d", worker("child", Echo, name=names.name("a"))),
        "template of 'd': its children are named one by one, got the name <Name specs:a>",
    ),
    (
        lambda: partition_supervisor("p", worker("child", Echo, name=names.name("a")), parts),
        "template of 'p': its partitions are addressed by key, got the name <Name specs:a>",
    ),
)


@pytest.mark.parametrize(("make", "says"), TOGETHER)
def test_what_does_not_go_together(make: Any, says: str) -> None:
    """Each may be, but not both."""
    with pytest.raises(SpecError) as caught:
        make()
    assert str(caught.value) == says
