"""What is there to be found: reports with words that may not be read, and everybody who might want to."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from jagawarga.cli.demo.person import Person, invent

if TYPE_CHECKING:
    from jagawarga.cli.tour.caller import Caller

PLACE = {"latitude": -6.9, "longitude": 107.6}
CATEGORY = "korupsi"
PRIVACIES = ("private", "anonymous", "public")


@dataclass(frozen=True, slots=True)
class Target:
    """A report: its id, its code, and the words that belong to some and not to others."""

    report_id: str
    code: str
    privacy: str
    text: str
    note: str
    """Of the authorities alone."""
    question: str
    """For the reporter and the authorities."""


class Canned(NamedTuple):
    """An answer that the agency keeps for its officers: nobody else's business."""

    key: str
    title: str
    text: str


@dataclass(slots=True)
class Scene:
    """The reports, what their agency keeps, and a token for each who asks."""

    owner: Person
    targets: list[Target]
    canned: Canned
    agency: str
    inside: str
    """The token of an officer who is in charge."""
    strangers: dict[str, str | None] = field(default_factory=dict)

    def forbidden(self, who: str) -> dict[str, str]:
        """Return what must not be in an answer to `who`: the word, and what it would tell."""
        found = {self.canned.title: "title of a canned answer", self.canned.text: "text of a canned answer"}
        for each in self.targets:
            found[each.note] = f"internal note of the {each.privacy} report"
            if each.privacy == "public":
                if who != "reporter":
                    found[each.question] = "question to the reporter of the public report"
                continue
            mine = who == "reporter" and each.privacy == "private"
            if not mine:
                found[each.text] = f"text of the {each.privacy} report"
                found[each.question] = f"question to the {each.privacy} reporter"
                found[each.report_id] = f"id of the {each.privacy} report"
        if who != "reporter":
            found |= {form: kind for kind, forms in self.owner.secrets().items() for form in forms}
        return found


async def setting(caller: Caller, accounts: list[dict[str, Any]]) -> Scene:
    """File the reports, have the agency in charge say something, and sign everybody in."""
    owner = invent()
    body = {"nik": owner.nik, "name": owner.name, "password": owner.password, "phone": owner.phone}
    await caller.ask("POST", "/v1/citizens", body)
    token = await _token(caller, owner.nik, owner.password)
    filed = [(each, await _filed(caller, token, each)) for each in PRIVACIES]
    stands = await caller.ask("GET", "/v1/tracking", Tracking_Code=filed[0][1]["tracking_code"])
    agency = str(stands.json()["holder"])
    inside = await _officer(caller, accounts, agency)
    queue = (await caller.ask("GET", "/v1/agency/queue", who=inside)).json()["items"]
    targets = [await _said(caller, inside, privacy, made, queue) for privacy, made in filed]
    operator = await _seeded(caller, accounts, "operator", None)
    scene = Scene(owner, targets, await _kept(caller, operator, agency), agency, inside)
    scene.strangers = await _strangers(caller, accounts, agency, token)
    return scene


async def _filed(caller: Caller, token: str, privacy: str) -> dict[str, Any]:
    text = f"Petugas meminta uang, kejadian {secrets.token_hex(6)}"
    body = {"privacy": privacy, "category": CATEGORY, "text": text, **PLACE}
    made: dict[str, Any] = (await caller.ask("POST", "/v1/reports", body, who=token)).json()
    return made | {"text": text}


async def _said(caller: Caller, inside: str, privacy: str, made: dict[str, Any], queue: list[dict[str, Any]]) -> Target:
    report_id = next(each["report_id"] for each in queue if each["text"] == made["text"])
    note, question = f"catatan {secrets.token_hex(6)}", f"tanya {secrets.token_hex(6)}"
    for action, words in (("note", note), ("ask", question)):
        await caller.ask("POST", f"/v1/agency/reports/{report_id}/{action}", {"note": words}, who=inside)
    return Target(report_id, made["tracking_code"], privacy, made["text"], note, question)


async def _kept(caller: Caller, operator: str, agency: str) -> Canned:
    head = await _made(caller, operator, "probe-inside", "agency_head", agency)
    canned = Canned(*(f"{each}-{secrets.token_hex(6)}" for each in ("kunci", "judul", "jawaban")))
    body = {"title": canned.title, "text": canned.text}
    await caller.ask("PUT", f"/v1/agency/canned-answers/{canned.key}", body, who=head)
    return canned


async def _strangers(caller: Caller, accounts: list[dict[str, Any]], agency: str, owner: str) -> dict[str, str | None]:
    operator = await _seeded(caller, accounts, "operator", None)
    other = next(
        each["agency"] for each in accounts
        if each["role"] == "officer" and each["agency"] not in {agency, "wali-kota", "sekretariat-daerah"}
    )  # fmt: skip
    found: dict[str, str | None] = {
        "nobody": None,
        "reporter": owner,
        "another citizen": await _seeded(caller, accounts, "citizen", None),
        "officer of another agency": await _officer(caller, accounts, other),
        "officer of the authority above": await _officer(caller, accounts, "wali-kota"),
        "operator": operator,
    }
    for name, role, of in (
        ("head of another agency", "agency_head", other),
        ("executive", "executive", None),
        ("auditor", "auditor", None),
    ):
        found[name] = await _made(caller, operator, f"probe-{role}", role, of)
    return found


async def _made(caller: Caller, operator: str, username: str, role: str, agency: str | None) -> str:
    password = secrets.token_urlsafe(16)
    body = {"password": password, "role": role, "agency": agency}
    await caller.ask("PUT", f"/v1/operator/accounts/{username}", body, who=operator)
    return await _token(caller, username, password)


async def _officer(caller: Caller, accounts: list[dict[str, Any]], agency: str) -> str:
    return await _seeded(caller, accounts, "officer", agency)


async def _seeded(caller: Caller, accounts: list[dict[str, Any]], role: str, agency: str | None) -> str:
    known = next(each for each in accounts if each["role"] == role and (agency is None or each["agency"] == agency))
    return await _token(caller, known["username"], known["password"])


async def _token(caller: Caller, username: str, password: str) -> str:
    answer = await caller.ask("POST", "/v1/sessions", {"username": username, "password": password})
    return str(answer.json()["access_token"])
