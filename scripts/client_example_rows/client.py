"""A client of JagaWarga's public API, on httpx alone: small enough to be copied, careful enough to be used.

    with House("http://127.0.0.1:8000") as house:
        citizen = house.sign_in("3273011506850009", "…")
        receipt = citizen.submit({"privacy": "private", "category": "jalan-rusak", "text": "…", "address": "…"})
        print(house.track(receipt["tracking_code"])["status"])

What goes wrong is a `Problem`; silence is an `httpx.TransportError`. What may be sent twice is, where the server says
"later" or nothing at all: a report has its key, a step its version. Neither tokens nor codes are shown or logged.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from typing import Any, Self, cast

import httpx

# Relative, so that the folder can be copied as it is.
from . import events
from .answers import Action, Current, NewReport, Progress, Receipt, Report, Session, Upload

TOO_MANY, UNAVAILABLE = 429, 503
NOTHING_DONE = {"too-many-requests", "overloaded"}
"""Problems that are told before anything is done: whatever was asked may be asked again."""
SILENCE = 60.0
"""Seconds; a stream beats every fifteen, so one that is silent for so long is dead."""


class Problem(Exception):
    """The server said no, in the words of RFC 9457; `fields` are those that are wrong, never their values."""

    def __init__(self, response: httpx.Response) -> None:
        said: dict[str, Any] = {}
        if response.headers.get("Content-Type") == "application/problem+json":
            said = response.json()
        self.status = response.status_code
        self.code = str(said.get("type", "")).rpartition(":")[2]
        self.fields = {each["field"]: each["detail"] for each in said.get("errors", ())}
        self.current = cast("Current | None", said.get("current"))
        """Where the report is now, of a step that was refused for that."""
        later = response.headers.get("Retry-After", "")
        self.retry_after = float(later) if later.isdecimal() else None
        super().__init__(f"{self.status} {self.code or 'no problem given'} {said.get('detail', '')}".rstrip())


class House:
    """One JagaWarga, asked by nobody in particular; `sign_in` gives an `Account` to ask as."""

    def __init__(
        self, url: str, *, tries: int = 6, longest: float = 60.0, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.tries = tries
        """Of one request."""
        self.longest = longest
        """Seconds to wait before the next try; whoever says longer is not waited for."""
        self.sleep = sleep
        self.http = httpx.Client(base_url=url, timeout=30.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    def sign_in(self, username: str, password: str) -> Account:
        """Open a session, with a citizen's NIK or a user name."""
        body = {"username": username, "password": password}
        return Account(self, self.ask("POST", "/v1/sessions", json=body, again=True).json())

    def track(self, tracking_code: str) -> Progress:
        """Tell how a report stands. The code is a header, for addresses end up in logs."""
        answer = self.ask("GET", "/v1/tracking", headers={"Tracking-Code": tracking_code}, again=True)
        return cast("Progress", answer.json())

    def ask(
        self, method: str, path: str, *, again: bool, headers: Mapping[str, str] | None = None, **sent: Any
    ) -> httpx.Response:
        """Send a request, and once more while the server wants that or says nothing; `Problem` when it says no.

        `again`: it may be carried out twice, so it is sent again also where nobody knows whether it was.
        """
        tried = 0
        while True:
            tried += 1
            try:
                response = self.http.request(method, path, headers=headers, **sent)
                if response.is_success:
                    return response
                refused = Problem(response)
                later = refused.code in NOTHING_DONE or (again and refused.status in {TOO_MANY, UNAVAILABLE})
                failure: Exception = refused
                wait = refused.retry_after
            except httpx.TransportError as error:
                # Not connected means not sent.
                failure, wait, later = error, None, again or isinstance(error, httpx.ConnectError)
            if wait is None:
                wait = min(self.longest, 0.2 * 2.0**tried)
            if not later or tried >= self.tries or wait > self.longest:
                raise failure
            # Never sooner than we were told, and not all at once.
            self.sleep(wait * (1 + random.random() / 4))


class Account:
    """Somebody who is signed in. The access token lives for minutes, and is renewed in time."""

    def __init__(self, house: House, session: Session) -> None:
        self.house = house
        self._take(session)

    def _take(self, session: Session) -> None:
        self._session = session
        self._renew_at = time.monotonic() + session["expires_in"] * 0.8

    @property
    def agency(self) -> str | None:
        """The officer's."""
        return self._session["agency"]

    # --- as a citizen

    def submit(self, report: NewReport) -> Receipt:
        """File a report: once, however often it has to be sent, because it has a key of its own."""
        headers = {"Idempotency-Key": secrets.token_urlsafe(24)}
        return cast("Receipt", self._ask("POST", "/v1/reports", json=report, headers=headers, again=True).json())

    def upload(self, data: bytes) -> Upload:
        """Send a photo, video, sound or PDF, for `attachments` of a report. One sent twice is only never attached."""
        headers = {"Content-Type": "application/octet-stream"}
        return cast("Upload", self._ask("POST", "/v1/media", content=data, headers=headers, again=True).json())

    def own_report(self, report_id: str) -> Report:
        """Open one of the caller's own reports."""
        return cast("Report", self._ask("GET", f"/v1/me/reports/{report_id}", again=True).json())

    def own_reports(self, *, limit: int = 50) -> Iterator[Report]:
        """Go through the caller's own reports, newest first; a page of `limit` is asked for when it is needed."""
        yield from self._pages("/v1/me/reports", limit)

    def write(self, report_id: str, text: str) -> Report:
        """Write to the agency. Without a version it is not sent again where nobody knows: it would be said twice."""
        path = f"/v1/me/reports/{report_id}/messages"
        return cast("Report", self._ask("POST", path, json={"text": text}, again=False).json())

    def withdraw(self, report_id: str, *, version: int) -> Report:
        """Take a report back that nobody has seen to."""
        path, headers = f"/v1/me/reports/{report_id}/withdraw", {"If-Match": f'"{version}"'}
        return cast("Report", self._ask("POST", path, headers=headers, again=True).json())

    # --- as an officer

    def report(self, report_id: str) -> Report:
        """Open one of the agency's reports."""
        return cast("Report", self._ask("GET", f"/v1/agency/reports/{report_id}", again=True).json())

    def step(self, report_id: str, action: Action, note: str | None = None, *, version: int) -> Report:
        """Take a step, on this version of the report alone: with a `version` it is taken once.

        A `Problem` of 409 says in `current` where the report is by now. It may be there by this very step, if that had
        to be sent twice.
        """
        body = {} if note is None else {"note": note}
        path, headers = f"/v1/agency/reports/{report_id}/{action}", {"If-Match": f'"{version}"'}
        return cast("Report", self._ask("POST", path, json=body, headers=headers, again=True).json())

    def listen(self, *, after: str | None = None, until: float) -> Generator[events.Event | None, None, None]:
        """Yield the agency's events from behind number `after` on, until `until` on the clock of `time.monotonic`.

        The first `None` says that it listens: what happens from then on is not missed. A stream ends now and then, by
        the server's wish or the network's; then it goes on behind the last event, with nothing missed or told twice.
        """
        listening = False
        while time.monotonic() < until:
            pause = 1.0
            headers = self._bearer() | ({} if after is None else {"Last-Event-ID": after})
            try:
                with closing(self._stream(headers)) as stream:
                    for each in stream:
                        if isinstance(each, events.Event):
                            after = each.number
                            yield each
                        elif isinstance(each, events.Pause):
                            pause = each.seconds
                            if not listening:
                                listening = True
                                yield None
                        if time.monotonic() > until:
                            return
            except Problem as refused:
                if refused.status not in {TOO_MANY, UNAVAILABLE}:
                    raise
                pause = refused.retry_after or pause
            except httpx.TransportError:
                pass  # cut off: the next connection goes on behind the last event
            self.house.sleep(pause * (1 + random.random() / 4))

    # --- the way there

    def _stream(self, headers: Mapping[str, str]) -> Generator[events.Said, None, None]:
        limits = httpx.Timeout(30.0, read=SILENCE)
        with self.house.http.stream("GET", "/v1/agency/stream", headers=headers, timeout=limits) as response:
            if response.is_error:
                response.read()
                raise Problem(response)
            yield from events.read(response.iter_lines())

    def _pages(self, path: str, limit: int) -> Iterator[Report]:
        asked: dict[str, Any] = {"limit": limit}
        while True:
            page = self._ask("GET", path, params=asked, again=True).json()
            yield from page["items"]
            if page["cursor"] is None:
                return
            asked["cursor"] = page["cursor"]

    def _ask(
        self, method: str, path: str, *, again: bool, headers: Mapping[str, str] | None = None, **sent: Any
    ) -> httpx.Response:
        return self.house.ask(method, path, again=again, headers=self._bearer() | dict(headers or {}), **sent)

    def _bearer(self) -> dict[str, str]:
        if time.monotonic() > self._renew_at:
            body = {"refresh_token": self._session["refresh_token"]}
            # Not again where nobody knows: a refresh token is good for one use, and used twice it ends the session.
            self._take(self.house.ask("POST", "/v1/sessions/refresh", json=body, again=False).json())
        return {"Authorization": f"Bearer {self._session['access_token']}"}
