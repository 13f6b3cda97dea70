"""Who reports what somebody else has reported: shown it before, or merged with it afterwards."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jagawarga.cli.tour.photos import photo

if TYPE_CHECKING:
    from jagawarga.cli.tour.walk import Walk

ROAD = {"latitude": -6.9, "longitude": 107.6}


async def one_of_the_same(walk: Walk, report: dict[str, Any]) -> None:
    """A neighbour finds the report that is there already, and makes it his own."""
    walk.telling.step("A neighbour is about to report the same")
    known = next(each for each in walk.accounts if each["role"] == "citizen")
    neighbour = await walk.token(known["username"], known["password"])
    number, place = str(report.get("report_id")), "&".join(f"{name}={value}" for name, value in ROAD.items())
    found = await walk.until(
        f"/v1/reports/similar?{place}&text=jalan%20berlubang%20sekolah", None, lambda page: bool(page["items"])
    )
    walk.telling.check("hers is shown to him", number in {each["report_id"] for each in found["items"]})
    support = f"/v1/reports/{number}"
    for _ in range(2):
        mine = await walk.ask("PUT", f"{support}/follow", who=neighbour)
    walk.telling.check("it is his too, and counts once", mine.json().get("votes") == 1)
    listed = await walk.until(
        "/v1/reports?sort=supported&limit=5", None,
        lambda page: any((each["report_id"], each["votes"]) == (number, 1) for each in page["items"]),
    )  # fmt: skip
    walk.telling.check("most supported of all", listed["items"][0]["report_id"] == number)
    first = await walk.ask("GET", "/v1/reports?sort=supported&limit=5")
    again = await walk.ask("GET", "/v1/reports?sort=supported&limit=5", If_None_Match=first.headers.get("ETag", ""))
    walk.telling.check("unchanged, it is not sent again", again.status_code == HTTPStatus.NOT_MODIFIED)
    near = await walk.ask("GET", f"/v1/reports?sort=nearest&{place}&text=berlubang")
    walk.telling.check("found by its words, and by where it is", number in near.text)


async def two_of_the_same(walk: Walk, citizen: str) -> None:
    """Two reports of one thing are merged, and both reporters see it proved; a proof that is used again is flagged."""
    walk.telling.step("Two report the same, and the agency has to do it once")
    known = next(each for each in walk.accounts if each["role"] == "citizen")
    neighbour = await walk.token(known["username"], known["password"])
    body = {"privacy": "private", "category": "jalan-rusak", "text": "Trotoar ambles", **ROAD}
    hers = (await walk.ask("POST", "/v1/reports", body, who=citizen)).json().get("report_id")
    his = (await walk.ask("POST", "/v1/reports", body | {"text": "Trotoar turun"}, who=neighbour)).json()["report_id"]
    holder = (await walk.ask("GET", f"/v1/me/reports/{hers}", who=citizen)).json()["holder"]
    officer, desk = await walk.officer(str(holder)), "/v1/agency/reports"
    await walk.ask("POST", f"{desk}/{hers}/acknowledge", who=officer)
    merged = await walk.ask("POST", f"{desk}/{his}/merge", {"into": hers, "note": "satu lubang"}, who=officer)
    walk.check("his is merged into hers", merged)
    queue = (await walk.ask("GET", "/v1/agency/queue", who=officer)).text
    walk.telling.check("and the queue has one of them", str(hers) in queue and his not in queue)
    walk.check("by itself it can not be moved", await walk.ask("POST", f"{desk}/{his}/start", who=officer), 409)
    await _proved(walk, officer, str(hers), photo(3))
    seen = (await walk.ask("GET", f"/v1/me/reports/{his}", who=neighbour)).json()
    proof = await walk.ask(
        "GET", f"/v1/me/reports/{his}/history/{seen['history'][-1]['version']}/attachments/1", who=neighbour
    )
    walk.telling.check(
        "resolved once, it is so for both, with the proof",
        (seen["status"], proof.status_code) == ("resolved", HTTPStatus.OK),
    )
    walk.telling.check("and he does not learn of hers", str(hers) not in str(seen))
    third = (await walk.ask("POST", "/v1/reports", body | {"text": "Lubang lagi"}, who=citizen)).json()["report_id"]
    await walk.ask("POST", f"{desk}/{third}/acknowledge", who=officer)
    again = await _proved(walk, officer, third, photo(3, quality=50))
    walk.telling.check("a proof that was used before is flagged", again.get("proof_used_before") is True)


async def _proved(walk: Walk, officer: str, report_id: str, content: bytes) -> dict[str, Any]:
    """Resolve a report with a photo; gives it as it is then."""
    media = (await walk.ask("POST", "/v1/media", content=content, who=officer)).json().get("media_id")
    proof = {"note": "sudah ditambal", "attachments": [media]}
    answer = await walk.ask("POST", f"/v1/agency/reports/{report_id}/resolve", proof, who=officer)
    return dict(answer.json())
