"""What each actor is to see of a report, as the API writes it: README and docs/life-cycle.md as functions of the model.

`None` is "not there": who may not see a report is answered as if it did not exist.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from tests.specification.steps import Report
from tests.specification.tables import INTERNAL
from tests.specification.world import Actor

PROVEN: Final = "report.resolved"
"""What goes with this everybody may see, of a public report."""


def moment(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def history(report: Report, *, inside: bool, notes: bool = True) -> list[dict[str, Any]]:
    """The lines, from outside without what is the authorities' own affair, and without a gap where that was."""
    shown: list[dict[str, Any]] = []
    for line in report.history:
        if inside or line.event.removeprefix("report.") not in INTERNAL:
            fields = line._asdict() | {"version": len(shown) + 1, "at": moment(line.at)}
            if not notes:
                del fields["note"]
                if line.event != PROVEN:
                    fields["attachments"] = 0
            shown.append(fields)
    return shown


def progress(report: Report) -> dict[str, Any]:
    """To the holder of the tracking code: no text, no place, no id."""
    return standing(report) | {"history": history(report, inside=False)}


def standing(report: Report) -> dict[str, Any]:
    """Where it is."""
    return {
        "status": report.status,
        "level": report.level,
        "holder": report.holder,
        "agency": report.ladder[0],
        "category": report.category,
        "privacy": report.privacy,
        "created_at": moment(report.history[0].at),
        "due_at": moment(report.due),
        "merged": report.parent is not None,
    }


class Seen(NamedTuple):
    """A report with what is around it."""

    report: Report
    report_id: str
    votes: int = 0
    parent: str | None = None
    """The one it goes along with, if that is public."""
    duplicates: tuple[tuple[str, Report], ...] = ()


def whole(seen: Seen, parent: str | None = None) -> dict[str, Any]:
    """With its content, as in a list."""
    report = seen.report
    return standing(report) | {
        "report_id": seen.report_id,
        "area": report.spot.area,
        "kelurahan": report.spot.kelurahan,
        "kecamatan": "Kota",
        "text": report.text,
        "latitude": report.spot.latitude,
        "longitude": report.spot.longitude,
        "address": None,
        "landmark": None,
        "version": report.version,
        "attachments": report.attachments,
        "duplicate_of": parent,
    }


def inside(seen: Seen) -> dict[str, Any]:
    """To an authority, in a list."""
    return whole(seen, seen.report.parent)


def desk(seen: Seen, officer: Actor) -> dict[str, Any]:
    """To an authority, in its queue: with who has it. Pseudonyms are the product's; here it counts whether there is one."""
    return inside(seen) | {
        "assignee": seen.report.assignee is not None,
        "assigned_to_me": seen.report.assignee == officer,
        "satisfaction": seen.report.satisfaction,
    }


def for_authority(seen: Seen, officer: Actor) -> dict[str, Any] | None:
    """To an officer or head who asks for it; of its duplicates they see those that are theirs."""
    if officer.name not in seen.report.authorities:
        return None
    theirs = sorted(each for each, report in seen.duplicates if officer.name in report.authorities)
    lines = history(seen.report, inside=True)
    return desk(seen, officer) | {"duplicates": theirs, "proof_used_before": False, "history": lines}


def outside(seen: Seen) -> dict[str, Any]:
    """To anybody else, in a list."""
    return whole(seen, seen.parent)


def for_citizen(seen: Seen, citizen: Actor) -> dict[str, Any] | None:
    """To a citizen who asks for it as their own."""
    return outside(seen) | {"history": history(seen.report, inside=False)} if seen.report.owner == citizen else None


def is_public(report: Report) -> bool:
    """A withdrawn one is not any more."""
    return report.privacy == "public" and report.status != "withdrawn"


def in_the_feed(seen: Seen) -> dict[str, Any]:
    """To the public, in a list."""
    return outside(seen) | {"votes": seen.votes}


def for_anyone(seen: Seen) -> dict[str, Any] | None:
    """To the public: without the words that agency and reporter change."""
    lines = {"history": history(seen.report, inside=False, notes=False)}
    return in_the_feed(seen) | lines if is_public(seen.report) else None


def plainly(shown: Any) -> Any:
    """An answer of the house, pseudonyms of officers made "there is one"."""
    if isinstance(shown, dict) and "assignee" in shown:
        return shown | {"assignee": shown["assignee"] is not None}
    return shown
