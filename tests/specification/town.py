"""The running house of the model's small city: its time, everybody's tokens, and what each asks over HTTP."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import asyncpg
import nats

from jagawarga.cli.demo.person import Person, invent
from tests.scenarios.house import House, house
from tests.specification.standing import FILE, StandingClock
from tests.specification.wishes import ANSWER, answer_of
from tests.specification.world import ANI, BUDI, CITIZENS, HEADS, OFFICERS, SCALE, Actor

PATIENCE: Final = 10.0
"""Seconds for what happens by itself."""
IDLE: Final = 1.0
LOOK_EVERY: Final = 0.02
FRESH: Final = timedelta(hours=10)
"""For so long nobody needs to sign in again; an officer's session ends after twelve hours."""
ENVIRONMENT: Final = {
    "JAGAWARGA_CONFIG_DIR": str(Path(__file__).parent / "city"),
    "JAGAWARGA_SLA_TIME_SCALE": str(SCALE),
    "JAGAWARGA_ANONYMOUS_TIME_GRANULARITY": "60",
    "JAGAWARGA_SESSION_SECONDS": "86400",
    "JAGAWARGA_SUBMISSIONS_PER_SECOND": "1000",
    "JAGAWARGA_SUBMISSIONS_BURST": "1000",
    "JAGAWARGA_REQUESTS_PER_SECOND": "100000",
    "JAGAWARGA_REQUESTS_BURST": "100000",
    "JAGAWARGA_SIGN_INS_PER_SECOND": "1000",
    "JAGAWARGA_SIGN_INS_BURST": "1000",
    "JAGAWARGA_WRONG_CODES_PER_SECOND": "1000",
    "JAGAWARGA_WRONG_CODES_BURST": "1000",
}


class Answer(NamedTuple):
    """What the house says."""

    status: int
    text: str

    @property
    def content(self) -> Any:
        return json.loads(self.text)


class Town:
    """One house, and everybody who asks it."""

    def __init__(self, running: House, clock: StandingClock) -> None:
        self.house = running
        # Many thousand small questions: the client's own time would be most of it.
        self.line = HTTPConnection("127.0.0.1", running.port, timeout=30)
        self.asked_at = time.monotonic()
        self.clock = clock
        self.now = clock()
        self.passwords: dict[Actor, tuple[str, str]] = {}
        self.tokens: dict[Actor, dict[str, str]] = {}
        self.signed_in = self.now
        self.people: dict[Actor, Person] = {}
        self.dsn: str = running.control("dsn")
        self.nats: str = running.control("nats_url")
        for each in running.accounts():
            actor = Actor(each["role"], each["agency"] or each["username"])
            self.passwords[actor] = each["username"], each["password"]
        operator = Actor("operator", "operator")
        for agency, head in HEADS.items():
            self.employ(operator, head, f"kepala-{agency}", agency)
            answer = {"title": "Siap", "text": answer_of(agency)}
            kept = self.ask(head, "PUT", f"/v1/agency/canned-answers/{ANSWER}", answer)
            assert kept.status == 200, kept

    def employ(self, operator: Actor, whom: Actor, username: str, agency: str | None) -> None:
        """The operator makes a staff account."""
        password = secrets.token_urlsafe(16)
        body = {"password": password, "role": whom.role, "agency": agency}
        made = self.ask(operator, "PUT", f"/v1/operator/accounts/{username}", body)
        assert made.status == 200, made
        self.passwords[whom] = username, password

    def newcomers(self) -> None:
        """Two citizens of whom the house knows nothing take the places of those before."""
        for citizen in CITIZENS:
            person = self.people[citizen] = invent()
            body = {"nik": person.nik, "name": person.name, "password": person.password}
            made = self.ask(None, "POST", "/v1/citizens", body)
            assert made.status == 201, made
            self.passwords[citizen] = person.nik, person.password
            self.tokens.pop(citizen, None)

    def ask(
        self, who: Actor | None, method: str, path: str, body: Any = None, /, headers: dict[str, str] | None = None,
        **query: str,
    ) -> Answer:  # fmt: skip
        """Ask as somebody, or as nobody. A body is JSON, unless it is bytes."""
        said = ({} if who is None else self._token(who)) | (headers or {})
        sent = body
        if body is not None and not isinstance(body, bytes):
            sent = json.dumps(body).encode()
            said |= {"Content-Type": "application/json"}
        if time.monotonic() - self.asked_at > IDLE:
            # The house hangs up on who is silent for long, as other tests may have it.
            self.line.close()
        self.line.request(method, f"{path}?{urlencode(query)}" if query else path, sent, said)
        self.asked_at = time.monotonic()
        answer = self.line.getresponse()
        if answer.headers["Content-Type"] == "text/event-stream":
            # It has no end: the line is the stream's now.
            self.line.close()
            return Answer(answer.status, "")
        return Answer(answer.status, answer.read().decode(errors="replace"))

    def _token(self, who: Actor) -> dict[str, str]:
        if who not in self.tokens:
            self.tokens[who] = self.house.sign_in(*self.passwords[who])
        return self.tokens[who]

    def forget(self, who: Actor) -> None:
        """Somebody's session has ended."""
        self.tokens.pop(who, None)

    def username(self, who: Actor) -> str:
        """What somebody signs in as."""
        return self.passwords[who][0]

    def move_to(self, moment: datetime) -> None:
        """It is later."""
        self.now = moment
        self.clock.set(moment)
        if moment - self.signed_in > FRESH:
            self.tokens.clear()
            self.signed_in = moment

    def until(self, look: Any, what: str) -> Any:
        """Look until there is something to see, and return it."""
        end = time.monotonic() + PATIENCE
        while not (found := look()):
            assert time.monotonic() < end, f"in {PATIENCE} s there was not: {what}"
            time.sleep(LOOK_EVERY)
        return found

    def settle(self) -> None:
        """Wait until every event has reached inboxes and feed."""
        self.until(lambda: asyncio.run(self._is_still()), "an end of what is under way")

    async def _is_still(self) -> bool:
        connection = await asyncpg.connect(self.dsn, timeout=10)
        try:
            if await connection.fetchval("SELECT count(*) FROM reports.outbox"):
                return False
        finally:
            await connection.close()
        client = await nats.connect(self.nats, connect_timeout=5, allow_reconnect=False)
        try:
            bus = client.jetstream(timeout=10)
            found = [await bus.consumer_info("EVENTS", each) for each in ("notification", "feed")]
        finally:
            await client.close()
        return not any(each.num_pending or each.num_ack_pending for each in found)


@contextmanager
def town() -> Iterator[Town]:
    """A town for the block, its clock at the present minute and a few seconds."""
    with TemporaryDirectory(prefix="jw-", ignore_cleanup_errors=True) as place:
        clock = StandingClock(Path(place) / "clock")
        clock.set(datetime.now(UTC).replace(second=17, microsecond=0))
        environment = ENVIRONMENT | {FILE: str(clock.file)}
        with house(Path(place), "tests.specification.standing", **environment) as running:
            made = Town(running, clock)
            try:
                yield made
            finally:
                made.line.close()


__all__ = ["ANI", "BUDI", "OFFICERS", "Town", "town"]
