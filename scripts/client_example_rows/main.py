"""`scripts/client_example`: the client at work, as a citizen and as an officer, on a JagaWarga that runs already."""

from __future__ import annotations

import argparse
import base64
import json
import sys
import time
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from scripts.client_example_rows.client import House, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scripts.client_example_rows.answers import NewReport
    from scripts.client_example_rows.client import Account
    from scripts.client_example_rows.events import Event

PHOTO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAIAQAAAADsdIMmAAAADklEQVR42mMIZVjFgIQBHpwD/XAVyZAAAAAASUVORK5CYII="
)
"""Eight pixels square; `--photo` sends another."""
PATIENCE = 60.0
"""Seconds for an event to come."""


class Telling:
    """Says what was done: to people as it happens, to programs at the end."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.done: list[dict[str, Any]] = []

    def tell(self, what: str, **facts: Any) -> None:
        """Say one thing."""
        self.done.append({"what": what, **facts})
        if not self.as_json:
            print(what + "".join(f"\n    {name}: {value}" for name, value in facts.items()))  # noqa: T201 - this is its work


def story(house: House, sign_in: Callable[[str], Account], photo: bytes, telling: Telling) -> None:
    """File a report and follow it, on both sides of the counter."""
    citizen = sign_in("citizen")
    sent = citizen.upload(photo)
    telling.tell("A photo is taken", kind=sent["kind"], content_type=sent["content_type"])
    report: NewReport = {
        "privacy": "private",
        "category": "jalan-rusak",
        "text": "Contoh: lubang besar di jalur kiri, dekat pasar.",
        "latitude": -6.9,
        "longitude": 107.6,
        "attachments": [sent["media_id"]],
    }
    receipt = citizen.submit(report)
    number = receipt["report_id"]
    telling.tell("A report is filed", report=number, due_at=receipt["due_at"])
    stands = house.track(receipt["tracking_code"])
    telling.tell("Its code tells how it stands", status=stands["status"], holder=stands["holder"])

    officer = sign_in(stands["holder"])
    opened = officer.report(number)
    with closing(officer.listen(until=time.monotonic() + PATIENCE)) as events:
        next(events)  # from here on nothing is missed
        acknowledged = officer.step(number, "acknowledge", "Petugas berangkat.", version=opened["version"])
        heard = awaited(events, number, "report.acknowledged")
    telling.tell("The agency acknowledges it, and hears of it", event=heard.number, status=acknowledged["status"])

    citizen.write(number, "Di depan kios nomor 12.")
    with closing(officer.listen(after=heard.number, until=time.monotonic() + PATIENCE)) as events:
        missed = awaited(events, number, "report.commented")
    telling.tell("What was said while it did not listen comes first", event=missed.number, behind=heard.number)

    try:
        officer.step(number, "start", version=acknowledged["version"])
    except Problem as stale:
        if stale.current is None:
            raise
        # Somebody was quicker: look again, and decide again.
        telling.tell("A step on an old version is refused", code=stale.code, current=stale.current)
        fresh = officer.report(number)
        started = officer.step(number, "start", version=fresh["version"])
        telling.tell("and taken on the present one", status=started["status"], version=started["version"])

    second = citizen.submit({**report, "text": "Contoh: yang ini ditarik lagi.", "attachments": []})
    untouched = citizen.own_report(second["report_id"])
    taken_back = citizen.withdraw(second["report_id"], version=untouched["version"])
    telling.tell("Another report is taken back", status=taken_back["status"])
    listed = [each["report_id"] for each in islice(citizen.own_reports(limit=1), 2)]
    telling.tell("Both are in the citizen's list, a page for each", reports=listed)


def awaited(events: Iterable[Event | None], report_id: str, kind: str) -> Event:
    """Wait for an event of a report."""
    for each in events:
        if each is not None and each.kind == kind and each.data["report_id"] == report_id:
            return each
    msg = f"client_example: no {kind} came within {PATIENCE:.0f} s"
    raise SystemExit(msg)


def main() -> int:
    """Run it; 0 if all went well, 1 with one line if not."""
    parser = argparse.ArgumentParser(prog="client_example", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the server (default: %(default)s)")
    parser.add_argument("--accounts", type=Path, default=Path("var/accounts.json"), help="default: %(default)s")
    parser.add_argument("--photo", type=Path, help="a photo to attach (default: a tiny one)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    telling = Telling(as_json=asked.json)
    try:
        accounts = json.loads(asked.accounts.read_text(encoding="utf-8"))
        photo = PHOTO if asked.photo is None else asked.photo.read_bytes()

        with House(asked.url) as house:

            def sign_in(who: str) -> Account:
                found = next((each for each in accounts if who in {each["role"], each["agency"]}), None)
                if found is None:
                    msg = f"client_example: no account of {who} in {asked.accounts}"
                    raise SystemExit(msg)
                return house.sign_in(found["username"], found["password"])

            story(house, sign_in, photo, telling)
    except (OSError, Problem, httpx.TransportError) as failure:
        print(f"client_example: {type(failure).__name__} {failure}", file=sys.stderr)  # noqa: T201 - this is its work
        return 1
    if asked.json:
        print(json.dumps({"did": telling.done}, indent=2, ensure_ascii=False))  # noqa: T201 - this is its work
    return 0


if __name__ == "__main__":
    sys.exit(main())
