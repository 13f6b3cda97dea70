"""The walk: what citizens, an anonymous reporter, officers, an agency head and the mayor do, each step seen to work."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jagawarga.cli.demo.person import invent
from jagawarga.cli.tour import neighbours
from jagawarga.cli.tour.photos import photo

if TYPE_CHECKING:
    import httpx

    from jagawarga.cli.demo.telling import Telling
    from jagawarga.cli.tour.caller import Caller

ROAD = {"latitude": -6.9, "longitude": 107.6}


class Walk:
    """Walks through the house behind `caller`, whose seeded accounts are `accounts`."""

    def __init__(self, telling: Telling, caller: Caller, accounts: list[dict[str, Any]]) -> None:
        self.telling = telling
        self.ask = caller.ask
        self.until = caller.until
        self.accounts = accounts
        self.person = invent()
        self.tokens: dict[str, str] = {}

    async def walk(self) -> None:
        """Go the whole way."""
        citizen = await self._citizen()
        report, agency = await self._filing(citizen)
        await neighbours.one_of_the_same(self, report)
        head, other = await self._staff(agency)
        await self._desk(report, agency, head, other, citizen)
        await self._dialogue(report, agency, citizen)
        await self._not_fixed(report, agency, citizen)
        await self._transfer(agency, other, citizen)
        await neighbours.two_of_the_same(self, citizen)
        await self._anonymous(citizen)
        await self._nobody_acts(citizen)
        await self._silence(agency, citizen)
        await self._leaving(citizen)

    def check(self, claim: str, answer: httpx.Response, status: int = HTTPStatus.OK, **facts: Any) -> Any:
        """Claim that the answer has this status; return its JSON."""
        self.telling.check(claim, answer.status_code == status, status=answer.status_code, **facts)
        found = answer.json() if answer.content else {}
        return found if isinstance(found, dict) else {}

    async def token(self, username: str, password: str) -> str:
        """The token of somebody who signs in."""
        answer = await self.ask("POST", "/v1/sessions", {"username": username, "password": password})
        return str(answer.json().get("access_token", ""))

    async def officer(self, agency: str) -> str:
        """The token of an agency's seeded officer."""
        if agency not in self.tokens:
            known = next(each for each in self.accounts if each["role"] == "officer" and each["agency"] == agency)
            self.tokens[agency] = await self.token(known["username"], known["password"])
        return self.tokens[agency]

    # --- a citizen

    async def _citizen(self) -> str:
        self.telling.step("A citizen registers and signs in")
        her = self.person
        body = {"nik": her.nik, "name": her.name, "password": her.password, "phone": her.phone, "address": her.address}
        self.check("an account for a NIK that the provider confirms", await self.ask("POST", "/v1/citizens", body), 201)
        wrong = body | {"nik": "1234567890123456"}
        self.check("none for one that can not be", await self.ask("POST", "/v1/citizens", wrong), 422)
        session = self.check(
            "a session", await self.ask("POST", "/v1/sessions", {"username": her.nik, "password": her.password}), 201
        )
        renewal = {"refresh_token": session.get("refresh_token")}
        renewed = self.check("renewed", await self.ask("POST", "/v1/sessions/refresh", renewal), 201)
        again = await self.ask("POST", "/v1/sessions/refresh", renewal)
        self.check("a refresh token used twice ends the session", again, 401)
        stolen = await self.ask("GET", "/v1/me", who=str(renewed.get("access_token")))
        self.check("at once, for whoever has it", stolen, 401)
        return await self.token(her.nik, her.password)

    async def _filing(self, citizen: str) -> tuple[dict[str, Any], str]:
        self.telling.step("She reports a broken road, with a photo")
        text = "Jalan berlubang besar di depan sekolah, sudah dua motor jatuh"
        found = self.check(
            "a category is suggested for her words",
            await self.ask("POST", "/v1/categories/suggestions", {"text": text, **ROAD}),
        )
        category = str(found["items"][0]["category"]) if found.get("items") else "jalan-rusak"
        media = self.check("the photo is taken", await self.ask("POST", "/v1/media", content=photo(), who=citizen), 201)
        body = {"privacy": "public", "category": category, "text": text, "attachments": [media.get("media_id")], **ROAD}
        key = secrets.token_urlsafe(24)
        made = self.check(
            "the report is on disk", await self.ask("POST", "/v1/reports", body, who=citizen, Idempotency_Key=key), 201
        )
        again = await self.ask("POST", "/v1/reports", body, who=citizen, Idempotency_Key=key)
        self.telling.check("sent twice it is one", again.json().get("tracking_code") == made.get("tracking_code"))
        path = f"/v1/reports/{made.get('report_id')}"
        shown = self.check("everybody can read it", await self.ask("GET", path))
        self.telling.check(
            "nobody sees whose it is", not self.person.traces(str(shown)), kelurahan=shown.get("kelurahan")
        )
        part = await self.ask("GET", f"{path}/attachments/1", Range="bytes=0-99")
        self.telling.check("and its photo, a range of it", part.status_code == HTTPStatus.PARTIAL_CONTENT)
        own = f"/v1/me/reports/{made.get('report_id')}"
        edited = await self.ask("PUT", own, {"text": text + ", tolong segera"}, who=citizen, If_Match='"1"')
        self.telling.check("untouched she may change it", edited.json().get("version") == 2)
        return made, str(shown.get("agency"))

    # --- an agency

    async def _staff(self, agency: str) -> tuple[str, str]:
        self.telling.step("The operator makes a head of the agency, who invites an officer")
        operator = next(each for each in self.accounts if each["role"] == "operator")
        token = await self.token(operator["username"], operator["password"])
        password = secrets.token_urlsafe(16)
        body = {"password": password, "role": "agency_head", "agency": agency}
        answer = await self.ask("PUT", "/v1/operator/accounts/kepala", body, who=token)
        self.telling.check("an account for the head", answer.is_success)
        head = await self.token("kepala", password)
        code = self.check("an invitation", await self.ask("POST", "/v1/agency/invitations", who=head), 201).get("code")
        new = {"code": code, "username": "baru", "password": secrets.token_urlsafe(16)}
        self.check("whoever brings it is an officer", await self.ask("POST", "/v1/officers", new), 201)
        self.check("once", await self.ask("POST", "/v1/officers", new | {"username": "lagi"}), 404)
        other = next(
            str(each["agency"]) for each in self.accounts if each["role"] == "officer" and each["agency"] != agency
            and each["agency"] not in {"wali-kota", "sekretariat-daerah"}
        )  # fmt: skip
        return head, other

    async def _desk(self, report: dict[str, Any], agency: str, head: str, other: str, citizen: str) -> None:
        self.telling.step("Two officers of the agency reach for the report at once")
        officer, path = await self.officer(agency), f"/v1/agency/reports/{report.get('report_id')}"
        queue = self.check("it is in the agency's queue", await self.ask("GET", "/v1/agency/queue", who=officer))
        item: dict[str, Any] = next(
            (each for each in queue["items"] if each["report_id"] == report.get("report_id")), {}
        )
        tag = f'"{item.get("version")}"'
        first = await self.ask("POST", f"{path}/acknowledge", who=officer, If_Match=tag)
        second = await self.ask("POST", f"{path}/acknowledge", who=head, If_Match=tag)
        self.telling.check("one has it", first.status_code == HTTPStatus.OK)
        current = second.json().get("current", {})
        self.telling.check(
            "the other is told how it stands",
            (second.status_code, current.get("status")) == (HTTPStatus.CONFLICT, "acknowledged"), current=current,
        )  # fmt: skip
        given = await self.ask("PUT", f"{path}/assignee", {"officer": "baru"}, who=head)
        self.telling.check("the head gives it to the new officer", given.json().get("assignee") is not None)
        mine = await self.ask("GET", "/v1/agency/queue?assignee=baru", who=officer)
        self.telling.check("which the queue shows", len(mine.json()["items"]) == 1)
        canned = {"title": "Dijadwalkan", "text": "Tim kami datang minggu ini.", "action": "reply"}
        kept = await self.ask("PUT", "/v1/agency/canned-answers/jadwal", canned, who=head)
        self.check("the head keeps an answer that all will need", kept)
        said = await self.ask("POST", f"{path}/reply", {"answer": "jadwal"}, who=officer)
        self.telling.check(
            "an officer says it by its name", said.json().get("history", [{}])[-1].get("note") == canned["text"]
        )
        stranger = await self.officer(other)
        self.check("for another agency it is not there", await self.ask("GET", path, who=stranger), 404)
        self.check("nor can it act on it", await self.ask("POST", f"{path}/start", who=stranger), 404)
        self.check("nor may a citizen", await self.ask("GET", path, who=citizen), 403)

    async def _dialogue(self, report: dict[str, Any], agency: str, citizen: str) -> None:
        self.telling.step("The agency asks, she answers, and the clock stands still in between")
        officer, path = await self.officer(agency), f"/v1/agency/reports/{report.get('report_id')}"
        own = f"/v1/me/reports/{report.get('report_id')}"
        self.check(
            "a note for colleagues", await self.ask("POST", f"{path}/note", {"note": "cek drainase"}, who=officer)
        )
        asked = self.check("a question", await self.ask("POST", f"{path}/ask", {"note": "Sebelah mana?"}, who=officer))
        self.telling.check("waits for her", asked.get("status") == "waiting_for_reporter", due_at=asked.get("due_at"))
        news = await self.until(
            "/v1/me/notifications", citizen, lambda page: any(each["type"] == "report.asked" for each in page["items"])
        )
        self.telling.check("she finds it in her inbox", "report.asked" in {each["type"] for each in news["items"]})
        seen = await self.ask("GET", own, who=citizen)
        self.telling.check("and the note is not for her", "drainase" not in seen.text and "Sebelah mana" in seen.text)
        answered = await self.ask("POST", f"{own}/messages", {"text": "Di depan gerbang"}, who=citizen)
        self.telling.check("her answer starts the clock", answered.json().get("status") == "acknowledged")
        public = await self.ask("GET", f"/v1/reports/{report.get('report_id')}")
        self.telling.check("what they say is theirs", "gerbang" not in public.text)

    async def _not_fixed(self, report: dict[str, Any], agency: str, citizen: str) -> None:
        self.telling.step("It is said to be fixed, and is not")
        officer, path = await self.officer(agency), f"/v1/agency/reports/{report.get('report_id')}"
        own = f"/v1/me/reports/{report.get('report_id')}"
        await self.ask("POST", f"{path}/resolve", {"note": "sudah ditambal"}, who=officer)
        answer = await self.ask("POST", f"{own}/not-fixed", {"text": "masih berlubang"}, who=citizen)
        again = self.check("she says so", answer)
        self.telling.check("it goes a level up at once", (again.get("status"), again.get("level")) == ("reopened", 1))
        above = await self.officer(str(again.get("holder")))
        for action in ("acknowledge", "resolve"):
            await self.ask("POST", f"{path}/{action}", {"note": "tuntas"}, who=above)
        closed = await self.ask("POST", f"{own}/confirm", {"satisfaction": 4, "text": "terima kasih"}, who=citizen)
        self.telling.check("now it is, and she is satisfied", closed.json().get("status") == "closed")
        seen = await self.ask("GET", path, who=officer)
        self.telling.check("which the agency sees", seen.json().get("satisfaction") == 4)

    async def _transfer(self, agency: str, other: str, citizen: str) -> None:
        self.telling.step("A report came to the wrong agency")
        body = {"privacy": "private", "category": "jalan-rusak", "text": "Pipa bocor di bawah jalan", **ROAD}
        made = self.check("filed", await self.ask("POST", "/v1/reports", body, who=citizen), 201)
        path = f"/v1/agency/reports/{made.get('report_id')}"
        holder = str((await self.ask("GET", f"/v1/me/reports/{made.get('report_id')}", who=citizen)).json()["agency"])
        target = other if holder == agency else agency
        passed = await self.ask(
            "POST", f"{path}/transfer", {"agency": target, "note": "pipa"}, who=await self.officer(holder)
        )
        self.check("passed on, with the reason", passed)
        self.check(
            "the first does not see it any more", await self.ask("GET", path, who=await self.officer(holder)), 404
        )
        back = await self.ask(
            "POST", f"{path}/transfer", {"agency": holder, "note": "bukan"}, who=await self.officer(target)
        )
        self.telling.check("sent back, it goes to who is above both", back.json().get("status") == "escalated")

    # --- nobody, and everybody

    async def _anonymous(self, citizen: str) -> None:
        self.telling.step("She reports an official, as nobody")
        body = {"privacy": "anonymous", "category": "korupsi", "text": self.person.report(), **ROAD}
        made = self.check("taken", await self.ask("POST", "/v1/reports", body, who=citizen), 201)
        self.telling.check("without a number", "report_id" not in made)
        code = str(made.get("tracking_code"))
        stands = self.check("her code tells how it stands", await self.ask("GET", "/v1/tracking", Tracking_Code=code))
        officer = await self.officer(str(stands.get("holder")))
        queue = (await self.ask("GET", "/v1/agency/queue?category=korupsi", who=officer)).json()["items"]
        self.telling.check("the agency has it, and nothing of her", queue and not self.person.traces(str(queue)))
        path = f"/v1/agency/reports/{queue[0]['report_id']}" if queue else "/v1/agency/reports/none"
        await self.ask("POST", f"{path}/ask", {"note": "Kapan?"}, who=officer)
        heard = (await self.ask("GET", "/v1/tracking", Tracking_Code=code)).json()
        self.telling.check("asked, she reads it by her code", heard.get("history", [{}])[-1].get("note") == "Kapan?")
        said = await self.ask(
            "POST", "/v1/tracking/messages", {"text": "Kemarin, telepon 0812-3456-7890"}, Tracking_Code=code
        )
        self.telling.check("and answers by it", said.json().get("status") == "acknowledged")
        self.telling.check(
            "what would tell of her is cut", "3456" not in (await self.ask("GET", path, who=officer)).text
        )
        taken = await self.ask("POST", "/v1/tracking/media", content=photo(), Tracking_Code=code)
        more = {"text": "Ini buktinya", "attachments": [taken.json().get("media_id")]}
        await self.ask("POST", "/v1/tracking/messages", more, Tracking_Code=code)
        line = (await self.ask("GET", path, who=officer)).json().get("history", [{}])[-1]
        proof = await self.ask("GET", f"{path}/history/{line.get('version')}/attachments/1", who=officer)
        self.telling.check("a photo goes with it, by the code alone", proof.status_code == HTTPStatus.OK)
        mine = await self.ask("GET", "/v1/me/reports", who=citizen)
        self.telling.check("in her own list it is not", "anonymous" not in mine.text)

    async def _nobody_acts(self, citizen: str) -> None:
        self.telling.step("A flood, and nobody acts")
        body = {"privacy": "public", "category": "banjir", "text": "Air masuk rumah warga", **ROAD}
        made = self.check("filed", await self.ask("POST", "/v1/reports", body, who=citizen), 201)
        top = await self.until(
            f"/v1/reports/{made.get('report_id')}", None, lambda report: report["holder"] == "wali-kota"
        )
        climbs = [each["level"] for each in top["history"] if each["event"] == "report.escalated"]
        self.telling.check("it climbs level by level to the mayor", climbs == [1, 2], holder=top["holder"])
        mayor = await self.officer("wali-kota")
        queue = (await self.ask("GET", "/v1/agency/queue", who=mayor)).json()["items"]
        self.telling.check("whose queue has it", made.get("report_id") in {each["report_id"] for each in queue})

    async def _silence(self, agency: str, citizen: str) -> None:
        self.telling.step("What nobody denies, and what is taken back")
        body = {"privacy": "private", "category": "jalan-rusak", "text": "Aspal retak", **ROAD}
        made = (await self.ask("POST", "/v1/reports", body, who=citizen)).json()
        path = f"/v1/agency/reports/{made.get('report_id')}"
        own = f"/v1/me/reports/{made.get('report_id')}"
        holder = await self.officer(str((await self.ask("GET", own, who=citizen)).json()["agency"]))
        for action in ("acknowledge", "resolve"):
            await self.ask("POST", f"{path}/{action}", who=holder)
        closed = await self.until(own, citizen, lambda report: report["status"] == "closed")
        self.telling.check("closes by itself", closed["status"] == "closed", agency=agency)
        other = (await self.ask("POST", "/v1/reports", body | {"privacy": "public"}, who=citizen)).json()
        back = await self.ask("POST", f"/v1/me/reports/{other.get('report_id')}/withdraw", who=citizen)
        self.check("an untouched one is withdrawn", back)
        gone = await self.ask("GET", f"/v1/reports/{other.get('report_id')}")
        self.check("and gone from the public at once", gone, 404)
        number = other.get("report_id")
        listed = await self.until(
            "/v1/reports?limit=50", None, lambda page: all(each["report_id"] != number for each in page["items"])
        )
        self.telling.check("from the lists, too", number not in str(listed))

    async def _leaving(self, citizen: str) -> None:
        self.telling.step("She leaves")
        gone = await self.ask("DELETE", "/v1/me", {"password": self.person.password}, who=citizen)
        self.telling.check("her account is erased", gone.is_success)
        again = {"username": self.person.nik, "password": self.person.password}
        self.check("and nobody can sign in with it", await self.ask("POST", "/v1/sessions", again), 401)
