"""The story, step by step: what the project's source promised, seen to happen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from jagawarga.cli.demo.leaks import find_leaks
from jagawarga.cli.demo.person import Person, invent
from jagawarga.cli.demo.streams import Streams
from jagawarga.cli.details import aligned
from jagawarga.client import Draft, Receipt, Refused, Session
from supervisors.control import ControlError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jagawarga.cli.demo.telling import Telling
    from jagawarga.cli.instance import Instance
    from jagawarga.client import Client

LIVE_WITHIN = 5.0
CATCH_UP_WITHIN = 15.0
CLIMB_WITHIN = 40.0
LATE_AT_MOST = 2.0
RESTART_WITHIN = 5.0
HELD_DOWN = 1.0
LOOK = 0.1
LEVELS = 3
LEAST_LIMIT = 3.0
STREET = "Taman Bungkul, Jalan Raya Darmo"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the story plays: a category that climbs within seconds, and who may answer for it."""

    category: str
    respond_seconds: tuple[float, ...]


class Story:
    """Plays on `instance`, whose seeded accounts are `accounts` and whose clocks run `scale` times faster."""

    def __init__(
        self, telling: Telling, instance: Instance, client: Client, accounts: list[dict[str, Any]], scale: float
    ) -> None:
        self.telling = telling
        self.instance = instance
        self.client = client
        self.accounts = accounts
        self.scale = scale
        self.person = invent()
        self.streams = Streams(client)
        self.officers: dict[str, Session] = {}

    async def tell(self) -> None:
        """Tell it all; a step that breaks is a claim that did not hold, and the story ends there."""
        async with trio.open_nursery() as nursery:
            try:
                await self._open_streams(nursery)
                ground = await self._ground()
                citizen = await self._register()
                receipt, report_id = await self._anonymous_report(ground, citizen)
                await self._what_was_stored(report_id)
                await self._who_heard(report_id, receipt)
                await self._without_notifier(ground, citizen)
                await self._killed_report_actor(ground, citizen)
                await self._nobody_acts(receipt, report_id)
                await self._nothing_leaked()
            except BrokenOff as why:
                self.telling.check("the story could be told to its end", held=False, why=str(why))
            nursery.cancel_scope.cancel()

    # --- before it begins

    async def _open_streams(self, nursery: trio.Nursery) -> None:
        self.telling.step("A city's offices open: one officer of each agency watches its live stream")
        for account in self.accounts:
            if account["role"] == "officer" and account["agency"] not in self.officers:
                agency = str(account["agency"])
                self.officers[agency] = await self.client.sign_in(account["username"], account["password"])
                listening = trio.Event()
                nursery.start_soon(self.streams.listen, agency, self.officers[agency], listening.set)
                with trio.move_on_after(LIVE_WITHIN):
                    await listening.wait()
                if not listening.is_set():
                    raise BrokenOff(f"the live stream of {agency} did not open")
        self.telling.check(f"{len(self.officers)} agencies are watching", bool(self.officers))

    async def _ground(self) -> Ground:
        """Choose the category whose first limit is the shortest that leaves time to look."""
        found = []
        for category in await self.client.categories():
            seconds = tuple(hours * 3600 / self.scale for hours in category["respond_hours"])
            hasty = seconds[0] < LEAST_LIMIT
            found.append((hasty, -seconds[0] if hasty else seconds[0], str(category["key"]), seconds))
        if not found:
            raise BrokenOff("there are no categories")
        _, _, key, seconds = min(found)
        return Ground(key, seconds)

    async def _register(self) -> Session:
        await self.client.register(
            self.person.nik,
            self.person.name,
            self.person.password,
            phone=self.person.phone,
            email=self.person.email,
            address=self.person.address,
        )
        return await self.client.sign_in(self.person.nik, self.person.password)

    # --- the story

    async def _anonymous_report(self, ground: Ground, citizen: Session) -> tuple[Receipt, str]:
        self.telling.step("A citizen reports a dark street, anonymously, and gives herself away in every sentence")
        self.telling.say(f"“{self.person.report()}”")
        filed_at = trio.current_time()
        address = f"{STREET}, dekat rumah {self.person.name} di {self.person.address}"
        receipt = await self.client.submit(
            citizen, Draft("anonymous", ground.category, self.person.report(), address=address)
        )
        self.telling.check(
            "accepted, with a tracking code and without the report's number",
            receipt.report_id is None and receipt.tracking_code,
            milliseconds=round(receipt.seconds * 1000, 1),
        )
        heard = await self.streams.wait_for(
            lambda _, data: data["type"] == "report.received" and data.get("privacy") == "anonymous", LIVE_WITHIN
        )
        if heard is None:
            raise BrokenOff("no agency heard of the report")
        agency, at, data = heard
        self.telling.check(
            f"the agency {agency} saw it on its live stream",
            held=True,
            milliseconds_after_filing=round((at - filed_at) * 1000, 1),
        )
        return receipt, str(data["report_id"])

    async def _what_was_stored(self, report_id: str) -> None:
        self.telling.step("What was stored, unsealed for this once")
        row = await self._control("stored", report_id=report_id)
        for line in aligned(row):
            self.telling.say(line)
        text = str(row).casefold()
        left = self.person.traces(text)
        self.telling.check("nothing in it identifies her", not left, found=left)
        self.telling.check("it has no reporter", row.get("reporter") is None)
        self.telling.check("what is broken is still in it", "lampu jalan" in text)
        await self._nothing_leaked(early=True)

    async def _nothing_leaked(self, *, early: bool = False) -> None:
        if not early:
            self.telling.step("After all of this, the raw files once more")
        scan = partial(find_leaks, self.instance.data, self.person.secrets())
        leaks, size = await trio.to_thread.run_sync(scan)
        self.telling.check(
            "her data is in no file: database, write-ahead log, bus, anything",
            not leaks,
            megabytes_searched=round(size / 1e6, 1),
            found=leaks,
        )
        logged = self.person.traces("\n".join(self.instance.log))
        self.telling.check("and in no line of the log", not logged, lines=len(self.instance.log), found=logged)

    async def _who_heard(self, report_id: str, receipt: Receipt) -> None:
        self.telling.step("Who can see it")
        tracked = await self.client.track(receipt.tracking_code)
        agency = str(tracked["agency"])
        hearers = self.streams.hearers(report_id, "report.received")
        self.telling.check(
            "only the agency it was routed to heard of it", hearers == {agency}, heard_by=sorted(hearers)
        )
        seeing = []
        for other, session in self.officers.items():
            try:
                await self.client.agency_report(session, report_id)
            except Refused as refused:
                if refused.status != 404:
                    seeing.append(other)
            else:
                seeing.append(other)
        # It may have climbed while we asked: who holds it, or has held it, may see it.
        history = (await self.client.track(receipt.tracking_code))["history"]
        strangers = sorted(set(seeing) - {entry["holder"] for entry in history})
        self.telling.check(
            "for every other agency it does not exist",
            not strangers,
            agencies_asked=len(self.officers),
            not_so=strangers,
        )

    async def _without_notifier(self, ground: Ground, citizen: Session) -> None:
        self.telling.step("The notifier is killed, and then held down")
        path = await self._notifier()
        before = await self._control("inspect", actor=path)
        await self._control("kill", actor=path)
        after = await self._until(partial(self._is_back, path, before), RESTART_WITHIN)
        self.telling.check("killed, it was back by itself", after is not None, actor=path)
        await self._control("terminate", actor=path)
        try:
            receipt = await self.client.submit(
                citizen, Draft("public", ground.category, "Pohon tumbang menutup trotoar.", address=STREET)
            )
            self.telling.check(
                "while it is down, a report is accepted all the same",
                receipt.report_id,
                milliseconds=round(receipt.seconds * 1000, 1),
            )
            await trio.sleep(HELD_DOWN)
            inbox = await self.client.inbox(citizen)
            waiting = not any(each["report_id"] == receipt.report_id for each in inbox)
            self.telling.check("and her inbox does not know of it yet", waiting)
        finally:
            # Shielded: whoever interrupts us here leaves a whole system behind. Bounded by the control socket's limit.
            with trio.CancelScope(shield=True):
                await self._control("start", actor=path)
        begun = trio.current_time()
        found = await self._until(partial(self._notified, citizen, receipt.report_id), CATCH_UP_WITHIN)
        self.telling.check(
            "back again, it catches up: the inbox has the report",
            found is not None,
            seconds=round(trio.current_time() - begun, 2),
        )
        lines = [each for each in await self.client.inbox(citizen) if each["report_id"] == receipt.report_id]
        received = sum(each["type"] == "report.received" for each in lines)
        self.telling.check("once, and not twice", received == 1, times=received)

    async def _killed_report_actor(self, ground: Ground, citizen: Session) -> None:
        self.telling.step("A report's own actor is killed: its timer survives")
        receipt = await self.client.submit(
            citizen, Draft("public", ground.category, "Saluran air tersumbat di depan pasar.", address=STREET)
        )
        report_id, due_at = str(receipt.report_id), _moment(receipt.due_at)
        if due_at is None:
            raise BrokenOff("the report has no deadline")
        actor = f"{await self._path_of(report_id)}"
        before = await self._control("inspect", actor=actor)
        await self._control("kill", actor=actor)
        after = await self._until(partial(self._is_back, report_id, before), RESTART_WITHIN)
        self.telling.check("killed, the actor was back by itself", after is not None, actor=actor)
        still = await self.client.track(receipt.tracking_code)
        self.telling.check(
            "its deadline is what it was", _moment(still["due_at"]) == due_at, due_in_seconds=_seconds_until(due_at)
        )
        wait = max(0.0, (due_at - datetime.now(UTC)).total_seconds()) + LATE_AT_MOST + RESTART_WITHIN
        climbed = await self._until(partial(self._escalations, receipt.tracking_code, 1), wait)
        if not climbed:
            raise BrokenOff("the report whose actor was killed never climbed")
        late = (_moment_of(climbed[0]["at"]) - due_at).total_seconds()
        self.telling.check(
            "at that moment, not before, it climbed one level", 0 <= late <= LATE_AT_MOST, seconds_late=round(late, 3)
        )

    async def _nobody_acts(self, receipt: Receipt, report_id: str) -> None:
        self.telling.step("Nobody acts on the anonymous report: it climbs by itself")
        tracked = await self.client.track(receipt.tracking_code)
        parents = {each["key"]: each["parent"] for each in await self.client.agencies()}
        ladder = [str(tracked["agency"])]
        while (above := parents.get(ladder[-1])) is not None:
            ladder.append(str(above))
        self.telling.say("the ladder: " + " → ".join(ladder))
        self.telling.check("the ladder has at least three levels", len(ladder) >= LEVELS, levels=len(ladder))
        for level in range(1, len(ladder)):
            climbed = await self._until(partial(self._escalations, receipt.tracking_code, level), CLIMB_WITHIN)
            top = " , the top" if level == len(ladder) - 1 else ""
            self.telling.check(
                f"escalated to level {level + 1}{top}: {ladder[level]}",
                climbed and climbed[level - 1]["holder"] == ladder[level],
            )
            if not climbed:
                raise BrokenOff(f"the report did not reach level {level + 1}")
            if ladder[level] in self.officers:
                heard = await self.streams.wait_for(
                    partial(_is_escalation, report_id=report_id, agency=ladder[level]), LIVE_WITHIN
                )
                self.telling.check("its officer saw it arrive on the live stream", heard is not None)
        await trio.sleep(HELD_DOWN)
        final = await self.client.track(receipt.tracking_code)
        steps = [entry for entry in final["history"] if entry["event"] == "report.escalated"]
        self.telling.check(
            "each level exactly once, and now its clock stands still",
            [step["holder"] for step in steps] == ladder[1:] and final["due_at"] is None,
            history=[f"{entry['at']} {entry['event']} → {entry['holder']}" for entry in final["history"]],
        )

    # --- looking

    async def _control(self, op: str, **args: Any) -> Any:
        try:
            return await self.instance.ask(op, **args)
        except ControlError as refused:
            raise BrokenOff(f"control {op}: {refused}") from None

    async def _until(self, look: Callable[[], Awaitable[Any]], within: float) -> Any:
        """Look again and again until there is something to see; None when there is nothing in time."""
        with trio.move_on_after(within):
            while True:
                found = await look()
                if found:
                    return found
                await trio.sleep(LOOK)
        return None

    async def _notifier(self) -> str:
        tree = await self._control("tree")
        for context in tree["children"]:
            if context["id"] == "notification":
                for child in context.get("children") or ():
                    if child["type"] == "worker" and child["id"] == "notifier":
                        return str(child["path"])
        raise BrokenOff("no notifier in the tree")

    async def _path_of(self, report_id: str) -> str:
        found = await self._control("inspect", actor=report_id)
        return str(found["path"])

    async def _is_back(self, actor: str, before: dict[str, Any]) -> bool:
        try:
            now = await self.instance.ask("inspect", actor=actor)
        except ControlError:
            return False  # just now there is nobody of that name
        younger = now["age"] < before["age"] or now["restarts"] > before["restarts"]
        # It may have fallen asleep already: its timer wakes it.
        return bool(now["state"] in {"running", "hibernated"} and younger)

    async def _notified(self, citizen: Session, report_id: str | None) -> bool:
        return any(each["report_id"] == report_id for each in await self.client.inbox(citizen))

    async def _escalations(self, tracking_code: str, at_least: int) -> list[dict[str, Any]]:
        history = (await self.client.track(tracking_code))["history"]
        found = [entry for entry in history if entry["event"] == "report.escalated"]
        return found if len(found) >= at_least else []


class BrokenOff(Exception):
    """The story can not go on; the message says why."""


def _is_escalation(hearer: str, data: dict[str, Any], *, report_id: str, agency: str) -> bool:
    return hearer == agency and data["type"] == "report.escalated" and data.get("report_id") == report_id


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _seconds_until(moment: datetime) -> float:
    return round((moment - datetime.now(UTC)).total_seconds(), 2)


__all__ = ["BrokenOff", "Person", "Story"]
