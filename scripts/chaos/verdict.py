"""The verdict: promises against what is really there. Pure; each finding is counted, and named by report or event."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from jagawarga.cli.replay.summary import percentile
from scripts.chaos.families import judge_families, taken_along
from scripts.chaos.neighbours import judge_votes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from scripts.chaos.ledger import Attempt, Ledger
    from scripts.chaos.outages import Outages
    from scripts.chaos.truth import Line, Published, Report, Truth

ESCALATED = "report.escalated"
BY_TIME = (ESCALATED, "report.closed", "report.resumed")
"""What happens by itself when a deadline has passed."""
DUE_SOON = "report.due_soon"
NOTICES = {DUE_SOON, "report.reminded"}
OVERDUE_AFTER = timedelta(seconds=5)
GRACE = 2.0
"""Seconds an escalation may be late beyond the time something it needs was away."""
SHOWN = 10


@dataclass(slots=True)
class Verdict:
    """`faults` maps a kind of broken promise to where it was found; empty means all were kept."""

    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    reports: int = 0
    acknowledged: int = 0
    in_doubt_present: int = 0
    events: int = 0
    escalations: int = 0
    lateness: list[float] = field(default_factory=list)
    beyond: list[float] = field(default_factory=list)
    """The same, less the time something was away meanwhile."""
    heard: int = 0
    votes: int = 0
    duplicates: int = 0
    """Reports that were merged into another one."""

    @property
    def good(self) -> bool:
        """Whether every promise was kept."""
        return not any(self.faults.values())

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "good": self.good,
            "reports_present": self.reports,
            "acknowledged": self.acknowledged,
            "in_doubt_present": self.in_doubt_present,
            "events_published": self.events,
            "escalations": self.escalations,
            "lateness_seconds": spread(self.lateness),
            "lateness_beyond_outages_seconds": spread(self.beyond),
            "events_heard_live": self.heard,
            "votes": self.votes,
            "duplicates": self.duplicates,
            "faults": {
                kind: {"count": len(found), "first": found[:SHOWN]} for kind, found in self.faults.items() if found
            },
        }


def spread(values: list[float]) -> dict[str, float | None]:
    """Say how values are spread."""
    return {
        "p50": percentile(values, 50),
        "p99": percentile(values, 99),
        "max": max(values, default=None),
    }


def judge(
    ledger: Ledger,
    truth: Truth,
    digest: Callable[[str], bytes | None],
    marks: Mapping[str, str | None],
    outages: Outages | None = None,
    grace: float = GRACE,
) -> Verdict:
    """Speak the verdict.

    `digest` turns a tracking code into what is stored of it. `marks` gives the mark in the text of each report that
    nobody was promised; `None` where it could not be read. Lateness is judged where the `outages` are known.
    """
    verdict = Verdict(reports=len(truth.reports), acknowledged=ledger.count("acknowledged"))
    verdict.duplicates = sum(each.parent is not None for each in truth.reports)
    _judge_presence(verdict, ledger, truth, digest, marks)
    _judge_history(verdict, truth)
    _judge_acts(verdict, ledger, truth)
    _judge_events(verdict, truth)
    _judge_deadlines(verdict, truth)
    judge_families(verdict.faults, truth)
    _judge_lateness(verdict, ledger, truth, outages, grace)
    _judge_streams(verdict, ledger, truth)
    judge_votes(verdict, ledger, truth)
    return verdict


def unpromised(ledger: Ledger, truth: Truth, digest: Callable[[str], bytes | None]) -> list[Report]:
    """Return the reports that are there and that no acknowledged attempt accounts for."""
    ids, codes = _promised(ledger, digest)
    return [each for each in truth.reports if each.report_id not in ids and each.tracking not in codes]


def _promised(
    ledger: Ledger, digest: Callable[[str], bytes | None]
) -> tuple[dict[str, Attempt], dict[bytes | None, Attempt]]:
    kept = [attempt for attempt in ledger.attempts if attempt.outcome == "acknowledged"]
    ids = {attempt.report_id: attempt for attempt in kept if attempt.report_id is not None}
    codes = {digest(attempt.tracking_code or ""): attempt for attempt in kept}
    return ids, codes


def _judge_presence(
    verdict: Verdict,
    ledger: Ledger,
    truth: Truth,
    digest: Callable[[str], bytes | None],
    marks: Mapping[str, str | None],
) -> None:
    by_code = Counter(each.tracking for each in truth.reports)
    by_id = {each.report_id: each for each in truth.reports}
    for attempt in ledger.attempts:
        if attempt.outcome != "acknowledged":
            continue
        code = digest(attempt.tracking_code or "")
        there = by_code[code] if code is not None else 0
        if there != 1:
            verdict.faults["report doubled" if there else "acknowledged report lost"].append(attempt.mark)
        if attempt.report_id is not None:
            row = by_id.get(attempt.report_id)
            if row is None or row.tracking != code:
                verdict.faults["report id and tracking code disagree"].append(attempt.mark)
    verdict.faults["tracking code did not work at once"] += ledger.not_found
    extra = unpromised(ledger, truth, digest)
    verdict.in_doubt_present = len(extra)
    _judge_unpromised(verdict, ledger, extra, marks)


def _judge_unpromised(verdict: Verdict, ledger: Ledger, extra: list[Report], marks: Mapping[str, str | None]) -> None:
    uncertain = {attempt.mark for attempt in ledger.uncertain}
    seen: set[str] = set()
    unread = 0
    for report in extra:
        mark = marks.get(report.report_id)
        if mark is None:
            unread += 1
        elif mark in uncertain - seen:
            seen.add(mark)
        else:
            doubled = mark in seen or _was_acknowledged(ledger, mark)
            verdict.faults["report doubled" if doubled else "report nobody filed"].append(report.report_id)
    # What can not be read may be what is left of the uncertain attempts, but not more than that.
    if unread > len(uncertain - seen):
        verdict.faults["report nobody filed"].append(f"{unread - len(uncertain - seen)} of unreadable text")


def _was_acknowledged(ledger: Ledger, mark: str) -> bool:
    return any(attempt.mark == mark and attempt.outcome == "acknowledged" for attempt in ledger.attempts)


def _judge_history(verdict: Verdict, truth: Truth) -> None:
    histories = _histories(truth)
    for report in truth.reports:
        versions = [line.version for line in histories.get(report.report_id, ())]
        if versions != list(range(1, report.version + 1)):
            verdict.faults["history with gaps or repetitions"].append(report.report_id)
    known = {report.report_id for report in truth.reports}
    verdict.faults["history without a report"] += [each for each in histories if each not in known]


def _judge_acts(verdict: Verdict, ledger: Ledger, truth: Truth) -> None:
    happened = Counter((line.report_id, line.event) for line in truth.history)
    for act in ledger.acts:
        if happened[act.report_id, act.event] != 1:
            verdict.faults["acknowledged step lost or doubled"].append(f"{act.report_id} {act.event}")


def _judge_events(verdict: Verdict, truth: Truth) -> None:
    verdict.events = len(truth.stream)
    known = {(line.report_id, line.version) for line in truth.history}
    published: dict[tuple[str, int], list[Published]] = defaultdict(list)
    for message in truth.stream:
        if message.type not in NOTICES:
            published[message.report_id, message.version].append(message)
        if message.message_id != message.event_id:
            verdict.faults["event under another message id"].append(message.event_id)
    for report_id, version in sorted(known):
        times = len(published.get((report_id, version), ()))
        if times != 1:
            kind = "event published more than once" if times else "event not published"
            verdict.faults[kind].append(f"{report_id} v{version}")
    reports = {report.report_id: report.version for report in truth.reports}
    for report_id, version in sorted(published.keys() - known):
        # The stream is read after the snapshot: what is newer than it is no fault, what is not, is.
        if version <= reports.get(report_id, 0):
            verdict.faults["event without history"].append(f"{report_id} v{version}")
    if truth.outbox:
        verdict.faults["outbox not empty"].append(f"{truth.outbox} rows")
    _judge_notices(verdict, truth)
    _judge_processing(verdict, truth)


def _judge_notices(verdict: Verdict, truth: Truth) -> None:
    """A warning comes once and before its deadline, a reminder behind its limit; neither is a step."""
    warned: Counter[tuple[str, datetime | None]] = Counter()
    reminded: Counter[tuple[str, datetime | None]] = Counter()
    for message in truth.stream:
        if message.type not in NOTICES or message.due_at is None or message.at is None:
            continue
        early = message.at < message.due_at
        if message.type == DUE_SOON:
            warned[message.report_id, message.due_at] += 1
        else:
            reminded[message.report_id, message.at] += 1
        if early != (message.type == DUE_SOON):
            verdict.faults["told at the wrong time"].append(f"{message.report_id} {message.type}")
    for told in (warned, reminded):
        verdict.faults["told twice"] += [report_id for (report_id, _), times in told.items() if times > 1]


def _judge_processing(verdict: Verdict, truth: Truth) -> None:
    for message in truth.stream:
        times = truth.processed.get(message.event_id, 0)
        if times != 1:
            kind = "event processed more than once" if times else "event not processed"
            verdict.faults[kind].append(message.event_id)
        if truth.notices.get(message.event_id, 0) != message.named:
            verdict.faults["not one line in the inbox for an event"].append(message.event_id)
    anonymous = {report.report_id for report in truth.reports if report.privacy == "anonymous"}
    named = [message.event_id for message in truth.stream if message.named and message.report_id in anonymous]
    verdict.faults["event of an anonymous report names somebody"] += named


def _judge_deadlines(verdict: Verdict, truth: Truth) -> None:
    due = _deadlines(truth)
    along = taken_along(truth)
    for report_id, lines in _histories(truth).items():
        level = 0
        for line in lines:
            if line.event not in BY_TIME:
                continue
            if line.event == ESCALATED:
                verdict.escalations += 1
                if line.level != level + 1:
                    verdict.faults["escalated to a wrong level, or twice"].append(f"{report_id} v{line.version}")
                level = line.level
            if (report_id, line.version) not in along:
                _judge_deadline(verdict, line, due.get((report_id, line.version - 1)))
    for report in truth.reports:
        if report.due_at is not None and truth.at - report.due_at > OVERDUE_AFTER:
            verdict.faults["deadline missed"].append(report.report_id)


def _judge_deadline(verdict: Verdict, line: Line, deadline: datetime | None) -> None:
    if deadline is None:
        verdict.faults["escalated without a deadline"].append(f"{line.report_id} v{line.version}")
        return
    late = (line.at - deadline).total_seconds()
    if late < 0:
        verdict.faults["escalated early"].append(f"{line.report_id} v{line.version}: {-late:.3f} s")


def _judge_lateness(verdict: Verdict, ledger: Ledger, truth: Truth, outages: Outages | None, grace: float) -> None:
    due = _deadlines(truth)
    answers = {attempt.report_id: attempt.answer for attempt in ledger.attempts if attempt.report_id is not None}
    for line in truth.history:
        deadline = due.get((line.report_id, line.version - 1)) if line.event in BY_TIME else None
        if deadline is None or line.at < deadline:
            continue
        late = (line.at - deadline).total_seconds()
        verdict.lateness.append(round(late, 3))
        if outages is not None:
            beyond = max(0.0, late - outages.within(deadline, line.at).total_seconds())
            verdict.beyond.append(round(beyond, 3))
            if beyond > grace:
                answer = answers.get(line.report_id, "?")
                verdict.faults["escalated too late"].append(
                    f"{line.report_id} v{line.version} (filed with {answer}): {beyond:.3f} s, due {deadline}"
                )


def _judge_streams(verdict: Verdict, ledger: Ledger, truth: Truth) -> None:
    """A live stream has brought each of its agency's events, once and in order."""
    last = max((each.sequence for each in truth.stream), default=0)
    for agency, everything in ledger.heard.items():
        heard = [sequence for sequence in everything if sequence <= last]
        verdict.heard += len(heard)
        expected = [each.sequence for each in truth.stream if agency in each.authorities]
        if heard != expected:
            missing, more = len(set(expected) - set(heard)), len(heard) - len(set(heard))
            verdict.faults["live stream with gaps or repetitions"].append(
                f"{agency}: {missing} missing, {more} doubled"
            )


def _deadlines(truth: Truth) -> dict[tuple[str, int], datetime | None]:
    steps = (each for each in truth.stream if each.type not in NOTICES)
    return {(each.report_id, each.version): each.due_at for each in steps}


def _histories(truth: Truth) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    for line in truth.history:
        found[line.report_id].append(line)
    return found
