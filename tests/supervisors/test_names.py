"""Registries and process groups: who is found under what, and never after the end."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from supervisors import (
    AlreadyStarted,
    CallTimeout,
    GroupChange,
    NoProc,
    NotRegistered,
    Process,
    ProcessGroups,
    Registry,
    supervisor,
    worker,
)
from supervisors.testing import running
from tests.supervisors.actors import Echo

names = Registry("names")


def at(label: str) -> Process:
    process = names.whereis(label)
    assert process is not None
    return process


def spec(label: str) -> Any:
    return worker(label, Echo, label, name=names.name(label), restart="temporary")


async def test_a_unique_key_has_one_holder(autojump_clock: Any) -> None:
    """A second process is refused, the holder may say it again, and its end frees the key at once."""
    table = Registry("table")
    async with running(spec("a"), spec("b")):
        a, b = at("a"), at("b")
        table.register("key", a, 1)
        table.register("key", a, 1)
        with pytest.raises(AlreadyStarted):
            table.register("key", b)
        assert table.lookup("key") == [(a, 1)]
        a.exit("kill")
        await a.wait_ended()
        table.register("key", b, 2)
        assert table.lookup("key") == [(b, 2)]
    assert len(table) == 0


async def test_duplicate_keys_have_many(autojump_clock: Any) -> None:
    """In the order they came; each once; each gone with its process."""
    table = Registry("table", keys="duplicate")
    async with running(spec("a"), spec("b")):
        a, b = at("a"), at("b")
        for process in (b, a):
            table.register("news", process, process.spec.id)
        with pytest.raises(AlreadyStarted):
            table.register("news", a)
        got: list[Any] = []
        assert table.dispatch("news", lambda process, value: got.append((process, value))) == 2
        assert got == [(b, "b"), (a, "a")]
        b.exit("kill")
        await b.wait_ended()
        assert table.lookup("news") == [(a, "a")]
        table.unregister("news", a)
        assert "news" not in table
        with pytest.raises(ValueError, match="duplicate"):
            table.name("news")


async def test_values(autojump_clock: Any) -> None:
    """An entry's value can be changed by its key and process, and only where there is one."""
    table = Registry("table")
    async with running(spec("a"), spec("b")):
        table.register("key", at("a"), 1)
        assert table.update_value("key", at("a"), lambda value: value + 1) == 2
        assert table.lookup("key") == [(at("a"), 2)]
        with pytest.raises(NotRegistered):
            table.update_value("key", at("b"), lambda value: value)
        assert table.select(lambda key, process, value: value == 2) == [("key", at("a"), 2)]
        assert table.select(lambda key, process, value: value == 1) == []


async def test_keys_of_a_process(autojump_clock: Any) -> None:
    """The name of its spec first, then what it registered for itself."""
    async with running(spec("a")):
        names.register("second", at("a"))
        assert names.keys_of(at("a")) == ["a", "second"]
        names.unregister("second", at("a"))
        assert names.keys_of(at("a")) == ["a"]


async def test_an_ended_process_is_not_registered(autojump_clock: Any) -> None:
    """Nor does it join a group."""
    async with running(spec("a")):
        a = at("a")
        a.exit("kill")
        await a.wait_ended()
        with pytest.raises(NoProc):
            names.register("late", a)
        with pytest.raises(NoProc):
            ProcessGroups().join("late", a)


async def test_listeners_hear_of_every_change(autojump_clock: Any) -> None:
    """Registered, unregistered, and gone with the process; until they are taken off."""
    heard: list[Any] = []
    table = Registry("table", listeners=(lambda *change: heard.append(change),))
    async with running(spec("a")):
        a = at("a")
        table.register("one", a, 1)
        table.register("two", a, 2)
        table.unregister("one", a)
        a.exit("kill")
        await a.wait_ended()
        assert heard == [
            ("register", "one", a, 1), ("register", "two", a, 2),
            ("unregister", "one", a, 1), ("unregister", "two", a, 2),
        ]  # fmt: skip
    off = table.listen(lambda *change: heard.clear())
    off()
    assert heard


def test_meta() -> None:
    """A table keeps values of its own."""
    table = Registry("table")
    table.put_meta("version", 3)
    assert table.meta("version") == 3
    assert table.meta("colour", "grey") == "grey"


def test_a_wrong_kind_of_keys() -> None:
    """Named, with what was got."""
    with pytest.raises(ValueError, match=r"keys.*'some'"):
        Registry("table", keys="some")  # type: ignore[arg-type]


async def test_a_call_may_wait_out_a_restart(autojump_clock: Any) -> None:
    """While nobody holds the name it waits for the next one, within its deadline; without asking for it, `NoProc`."""
    root = names.name("root")
    inner = supervisor("inner", [worker("echo", Echo, name=names.name("echo"))], name=root)
    async with running(inner, worker("sleeper", Echo)):
        from supervisors import RestartChild, TerminateChild

        await root.call(TerminateChild("echo"))
        with pytest.raises(NoProc):
            await names.name("echo").call("hello")
        start = trio.current_time()
        with pytest.raises(CallTimeout):
            await names.name("echo").call("hello", timeout=3, across_restart=True)
        assert trio.current_time() - start == pytest.approx(3)
        async with trio.open_nursery() as nursery:
            got: list[Any] = []

            async def ask() -> None:
                got.append(await names.name("echo").call("hello", across_restart=True))

            nursery.start_soon(ask)
            await trio.sleep(1)
            await root.call(RestartChild("echo"))
        assert got == ["hello"]


def test_names_are_values() -> None:
    """Two addresses of the same key in the same table are equal."""
    assert names.name("x") == names.name("x")
    assert names.name("x") != Registry("other").name("x")
    assert len({names.name("x"), names.name("x")}) == 1


async def test_groups(autojump_clock: Any) -> None:
    """A process may join several groups, one group twice, and is in none after its end."""
    groups = ProcessGroups()
    async with running(spec("a"), spec("b")):
        a, b = at("a"), at("b")
        groups.join("red", a)
        groups.join("red", a)
        groups.join("red", b)
        groups.join("blue", a)
        assert groups.members("red") == [a, a, b]
        assert set(groups.which_groups()) == {"red", "blue"}
        assert groups.leave("red", a)
        assert groups.members("red") == [a, b]
        assert not groups.leave("green", a)
        a.exit("kill")
        await a.wait_ended()
        assert groups.members("red") == [b]
        assert groups.which_groups() == ["red"]


async def test_whoever_watches_a_group_is_told(autojump_clock: Any) -> None:
    """The members of now, then every join and leave, ends included; nothing after `demonitor`."""
    groups = ProcessGroups()
    async with running(spec("w"), spec("a"), spec("b")):
        w, a, b = at("w"), at("a"), at("b")
        groups.join("red", a)
        assert groups.monitor("red", w) == [a]
        groups.join("red", b)
        a.exit("kill")
        await a.wait_ended()
        groups.demonitor("red", w)
        groups.leave("red", b)
        assert await w.call("seen") == [GroupChange("red", "join", b), GroupChange("red", "leave", a)]


async def test_a_watcher_that_ends_is_forgotten(autojump_clock: Any) -> None:
    """And whatever it watched goes on."""
    groups = ProcessGroups()
    async with running(spec("w"), spec("a")):
        groups.monitor("red", at("w"))
        watcher = at("w")
        watcher.exit("kill")
        await watcher.wait_ended()
        groups.join("red", at("a"))
        assert groups.members("red") == [at("a")]
