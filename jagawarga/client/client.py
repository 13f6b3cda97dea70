"""The client itself: one method for each thing the API lets one do."""

from __future__ import annotations

import random
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import httpx
import trio

from jagawarga.client.patience import Patience, parse_retry_after
from jagawarga.client.sse import EventReader
from jagawarga.client.values import Draft, Event, Receipt, Refused, Session, Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping
    from types import TracebackType

STREAM_SILENCE = 60.0
"""An event stream beats every 15 s; silent for this long, it is dead."""
LATER = (429, 503)


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer, the seconds its request took, and the number of earlier tries in doubt."""

    content: dict[str, Any]
    status: int
    seconds: float
    doubts: int


class Client:
    """A connection pool to one server. Keeps no texts, codes or tokens; cancellation closes what is under way."""

    def __init__(
        self,
        url: str,
        *,
        patience: Patience | None = None,
        timeout: float = 30.0,
        connections: int = 64,
        rng: random.Random | None = None,
    ) -> None:
        self.patience = patience or Patience()
        self.throttled = 0
        """How often the server said "later"."""
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(timeout, pool=None),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            trust_env=False,  # a proxy of the environment has no business between us and our own server
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    # --- accounts

    async def register(self, nik: str, name: str, password: str, **more: str) -> None:
        """Create a citizen's account; where there is one, the answer is the same and nothing changes."""
        await self._ask("POST", "/v1/citizens", {"nik": nik, "name": name, "password": password, **more})

    async def sign_in(self, username: str, password: str) -> Session:
        """Open a session."""
        answer = await self._ask("POST", "/v1/sessions", {"username": username, "password": password})
        return Session(answer["access_token"], answer["role"], answer.get("agency"))

    # --- reports

    async def submit(self, session: Session, draft: Draft, *, patience: Patience | None = None) -> Receipt:
        """File a report: once, however often it has to be sent."""
        headers = {"Idempotency-Key": secrets.token_urlsafe(24)}
        reply = await self._send(
            "POST", "/v1/reports", body=draft.body(), session=session, headers=headers, patience=patience
        )
        said = reply.content
        return Receipt(
            said.get("report_id"),
            said["tracking_code"],
            said["status"],
            said.get("due_at"),
            reply.seconds,
            reply.doubts,
            waiting=reply.status == httpx.codes.ACCEPTED,
        )

    async def track(self, tracking_code: str, *, patience: Patience | None = None) -> dict[str, Any]:
        """Show how the report behind a tracking code stands; the code travels in a header."""
        headers = {"Tracking-Code": tracking_code}
        return (await self._send("GET", "/v1/tracking", headers=headers, patience=patience)).content

    async def inbox(self, session: Session, *, limit: int = 100) -> list[dict[str, Any]]:
        """List a citizen's notifications, newest first."""
        return await self._items(f"/v1/me/notifications?limit={limit}", session)

    # --- agencies

    def agency_reports(self, session: Session, *, status: str | None = None) -> AsyncGenerator[dict[str, Any], None]:
        """Go through an officer's reports, newest first, page by page."""
        return self._pages("/v1/agency/reports", session, {"status": status} if status else {})

    def public_reports(self, *, limit: int = 100) -> AsyncGenerator[dict[str, Any], None]:
        """Go through the public reports, newest first, in pages of `limit`."""
        return self._pages("/v1/reports", None, {"limit": str(limit)})

    async def vote(
        self, session: Session, report_id: str, *, on: bool = True, patience: Patience | None = None
    ) -> dict[str, Any]:
        """Support a public report as a citizen, or no longer; sent twice it is one vote."""
        path = f"/v1/reports/{report_id}/vote"
        return (await self._send("PUT" if on else "DELETE", path, session=session, patience=patience)).content

    async def agency_report(self, session: Session, report_id: str) -> dict[str, Any]:
        """Open one of an officer's reports."""
        return await self._ask("GET", f"/v1/agency/reports/{report_id}", session=session)

    async def act(
        self, session: Session, report_id: str, action: str, note: str | None = None, *, version: int | None = None
    ) -> dict[str, Any]:
        """Take a step with a report (acknowledge, start, …); with `version` once, however often it is sent."""
        body = {} if note is None else {"note": note}
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        path = f"/v1/agency/reports/{report_id}/{action}"
        return (await self._send("POST", path, body=body, session=session, headers=headers)).content

    async def merge(self, session: Session, report_id: str, into: str, *, version: int | None = None) -> dict[str, Any]:
        """Merge a report into another one of the officer's agency; with `version` once, however often it is sent."""
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        path = f"/v1/agency/reports/{report_id}/merge"
        return (await self._send("POST", path, body={"into": into}, session=session, headers=headers)).content

    @asynccontextmanager
    async def events(self, session: Session, *, after: int | None = None) -> AsyncIterator[AsyncIterator[Event]]:
        """Listen to an agency's events, from behind number `after`; the iterator ends when the server ends it."""
        headers = _bearer(session) | ({} if after is None else {"Last-Event-ID": str(after)})
        limits = httpx.Timeout(30.0, read=STREAM_SILENCE)
        try:
            async with self._http.stream("GET", "/v1/agency/stream", headers=headers, timeout=limits) as response:
                if response.is_error:
                    await response.aread()
                    raise _refusal(response)
                yield _events(response)
        except httpx.TransportError as error:
            raise Unreachable(type(error).__name__) from error

    # --- catalogue

    async def categories(self) -> list[dict[str, Any]]:
        """List what can be reported."""
        return await self._items("/v1/categories")

    async def agencies(self) -> list[dict[str, Any]]:
        """List who reports may go to."""
        return await self._items("/v1/agencies")

    async def put_agency(self, session: Session, key: str, name: str, parent: str | None) -> None:
        """Create or change an agency, as an operator."""
        body = {"name": name} | ({} if parent is None else {"parent": parent})
        await self._ask("PUT", f"/v1/operator/agencies/{key}", body, session)

    async def put_category(
        self, session: Session, key: str, name: str, agency: str, *, respond: list[float], resolve: list[float]
    ) -> None:
        """Create or change a category and who it goes to, as an operator; limits in hours, one a level."""
        body = {"name": name, "agency": agency, "respond_hours": respond, "resolve_hours": resolve}
        await self._ask("PUT", f"/v1/operator/categories/{key}", body, session)

    async def put_officer(self, session: Session, username: str, password: str, agency: str) -> None:
        """Create an officer, or set password and agency, as an operator."""
        await self._ask("PUT", f"/v1/operator/officers/{username}", {"password": password, "agency": agency}, session)

    async def is_ready(self) -> bool:
        """Ask once whether every part of the server is ready."""
        try:
            return (await self._http.get("/readyz")).is_success
        except httpx.TransportError:
            return False

    async def is_up(self) -> bool:
        """Ask once whether the server is there at all."""
        try:
            return (await self._http.get("/healthz")).is_success
        except httpx.TransportError:
            return False

    # --- the way there and back

    async def _pages(
        self, path: str, session: Session | None, query: Mapping[str, str]
    ) -> AsyncGenerator[dict[str, Any], None]:
        asked = {"limit": "100", **query}
        while True:
            page = (await self._send("GET", path, session=session, query=asked)).content
            for item in page["items"]:
                yield item
            if not page["cursor"]:
                return
            asked["cursor"] = page["cursor"]

    async def _items(self, path: str, session: Session | None = None) -> list[dict[str, Any]]:
        answer = await self._ask("GET", path, session=session)
        items: list[dict[str, Any]] = answer["items"]
        return items

    async def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, session: Session | None = None
    ) -> dict[str, Any]:
        return (await self._send(method, path, body=body, session=session)).content

    async def _send(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        session: Session | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        patience: Patience | None = None,
    ) -> _Reply:
        patience = patience or self.patience
        sent = dict(headers or {}) | ({} if session is None else _bearer(session))
        tried = doubts = 0
        while True:
            tried += 1
            begun = trio.current_time()
            try:
                response = await self._http.request(method, path, json=body, params=query, headers=sent)
            except httpx.TransportError as error:
                # Not connected means not sent: no doubt. Anything else may have arrived.
                doubts += not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                wait = patience.wait(tried, None, self._rng.random()) if patience.silence else None
                failure: Exception = Unreachable(type(error).__name__, doubts)
            else:
                if response.is_success:
                    return _Reply(_json(response), response.status_code, trio.current_time() - begun, doubts)
                wait = self._later(response, tried, patience)
                # 429 is said before anything is done; after a 5xx nobody knows.
                doubts += response.is_server_error
                failure = _refusal(response, doubts)
            if wait is None:
                raise failure
            await trio.sleep(wait)

    def _later(self, response: httpx.Response, tried: int, patience: Patience) -> float | None:
        if response.status_code not in LATER:
            return None
        self.throttled += 1
        again = patience.busy if response.status_code == httpx.codes.TOO_MANY_REQUESTS else patience.unavailable
        if not again:
            return None
        return patience.wait(tried, parse_retry_after(response.headers.get("Retry-After")), self._rng.random())


def _bearer(session: Session) -> dict[str, str]:
    return {"Authorization": f"Bearer {session.token}"}


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        msg = "the answer is not a JSON object"
        raise Unreachable(msg, 1)
    return found


def _refusal(response: httpx.Response, doubts: int = 0) -> Refused:
    code, fields = "no-problem-given", tuple[str, ...]()
    try:
        problem = response.json()
        code = str(problem["type"]).rpartition(":")[2]
        fields = tuple(str(each["field"]) for each in problem.get("errors", ()))
    except (ValueError, KeyError, TypeError, AttributeError):
        pass  # a proxy's page, perhaps: the status says enough
    later = parse_retry_after(response.headers.get("Retry-After"))
    return Refused(response.status_code, code, fields, doubts=doubts, retry_after=later)


async def _events(response: httpx.Response) -> AsyncIterator[Event]:
    reader = EventReader()
    try:
        async for line in response.aiter_lines():
            event = reader.feed(line)
            if event is not None:
                yield event
    except httpx.TransportError:
        return  # cut off: to the listener that is the end, and it comes back with the last number
