"""The chaos run's judgement: each kind of broken promise is found, and a kept one is not accused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from scripts.chaos.havoc import Victim, candidates, choose, has_reserve, is_child_of_root, restarts, restarts_by
from scripts.chaos.ledger import Act, Ledger, Vote, make_mark
from scripts.chaos.neighbours import read_feed
from scripts.chaos.outages import Outages
from scripts.chaos.truth import Line, Published, Report, Truth
from scripts.chaos.verdict import Verdict, judge

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import trio.testing

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)
DUE = NOW - timedelta(seconds=10)


def digest(code: str) -> bytes:
    return f"digest of {code}".encode()


def ledger() -> Ledger:
    made = Ledger()
    first, second, third = made.open("public"), made.open("anonymous"), made.open("private")
    first.outcome, first.report_id, first.tracking_code = "acknowledged", "r1", "c1"
    second.outcome, second.tracking_code = "acknowledged", "c2"
    third.outcome = "doubtful"
    made.acts.append(Act("r2", "report.acknowledged"))
    return made


def report(name: str, code: str, version: int, level: int = 0) -> Report:
    return Report(f"r{name}", digest(code), "public", "escalated", level, version, None)


def published(sequence: int, name: str, version: int, due_at: datetime | None = None) -> Published:
    event = f"e{name}{version}"
    return Published(sequence, event, event, f"r{name}", version, due_at)


TRUTH = Truth(
    at=NOW,
    reports=(report("1", "c1", 2, 1), report("2", "c2", 2)),
    history=(
        Line("r1", 1, "report.received", 0, DUE - timedelta(seconds=5)),
        Line("r1", 2, "report.escalated", 1, DUE + timedelta(seconds=0.2)),
        Line("r2", 1, "report.received", 0, DUE),
        Line("r2", 2, "report.acknowledged", 0, DUE),
    ),
    outbox=0,
    stream=(published(1, "1", 1, DUE), published(2, "2", 1), published(3, "1", 2), published(4, "2", 2)),
    processed={"e11": 1, "e12": 1, "e21": 1, "e22": 1},
)


def verdict(truth: Truth = TRUTH, marks: dict[str, str | None] | None = None, book: Ledger | None = None) -> Verdict:
    return judge(book or ledger(), truth, digest, marks or {})


def broken(found: Verdict) -> set[str]:
    return {kind for kind, where in found.faults.items() if where}


def faults(truth: Truth = TRUTH, marks: dict[str, str | None] | None = None, book: Ledger | None = None) -> set[str]:
    return broken(verdict(truth, marks, book))


def test_kept_promises_are_not_accused() -> None:
    """Everything present once, processed once, each deadline met once: good."""
    found = verdict()
    assert found.good
    assert (found.escalations, found.lateness, found.events) == (1, [0.2], 4)


EXTRA = report("3", "c3", 1)
EXTRA_LINE = Line("r3", 1, "report.received", 0, DUE)


def with_extra() -> Truth:
    return replace(
        TRUTH,
        reports=(*TRUTH.reports, EXTRA),
        history=(*TRUTH.history, EXTRA_LINE),
        stream=(*TRUTH.stream, published(5, "3", 1)),
        processed={**TRUTH.processed, "e31": 1},
    )


def test_an_attempt_in_doubt_may_be_present_once() -> None:
    """It was never acknowledged: there or not there are both right."""
    found = verdict(with_extra(), {"r3": make_mark(2)})
    assert found.good
    assert found.in_doubt_present == 1
    assert faults(with_extra(), {"r3": None}) == set()


@pytest.mark.parametrize(("mark", "fault"), [(make_mark(0), "report doubled"), ("ujixyz", "report nobody filed")])
def test_a_report_that_nothing_explains_is_found(mark: str, fault: str) -> None:
    """One filed twice, or one nobody filed."""
    assert faults(with_extra(), {"r3": mark}) == {fault}


def test_unreadable_reports_are_counted_against_the_doubts() -> None:
    """No more of them than attempts in doubt."""
    book = ledger()
    book.attempts[2].outcome = "unsent"
    assert faults(with_extra(), {"r3": None}, book) == {"report nobody filed"}


def notice(sequence: int, kind: str, at: datetime) -> Published:
    return replace(published(sequence, f"n{sequence}", 1, DUE), report_id="r1", type=f"report.{kind}", at=at)


def with_notices(*notices: Published) -> dict[str, Any]:
    return {
        "stream": (*TRUTH.stream, *notices),
        "processed": {**TRUTH.processed, **{each.event_id: 1 for each in notices}},
    }


EARLY, LATE = DUE - timedelta(seconds=2), DUE + timedelta(seconds=2)


def test_notices_are_no_steps() -> None:
    """They have the version of the last step, and no line of history of their own."""
    later = LATE + timedelta(seconds=2)
    kept = with_notices(notice(5, "due_soon", EARLY), notice(6, "reminded", LATE), notice(7, "reminded", later))
    assert faults(replace(TRUTH, **kept)) == set()


BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("acknowledged report lost", {"reports": TRUTH.reports[:1], "history": TRUTH.history[:2]}),
    ("report id and tracking code disagree", {"reports": (replace(TRUTH.reports[0], tracking=b"?"), TRUTH.reports[1])}),
    ("history with gaps or repetitions", {"history": TRUTH.history[1:]}),
    ("history without a report", {"history": (*TRUTH.history, Line("r9", 1, "report.received", 0, NOW))}),
    ("acknowledged step lost or doubled", {"history": TRUTH.history[:3]}),
    ("event not published", {"stream": TRUTH.stream[:3]}),
    ("event published more than once", {"stream": (*TRUTH.stream, replace(TRUTH.stream[3], sequence=5))}),
    ("event without history", {"history": TRUTH.history[:3]}),
    ("event not processed", {"processed": {"e11": 1, "e12": 1, "e21": 1}}),
    ("told twice", with_notices(notice(5, "due_soon", EARLY), notice(6, "due_soon", EARLY))),
    ("told twice", with_notices(notice(5, "reminded", LATE), notice(6, "reminded", LATE))),
    ("told at the wrong time", with_notices(notice(5, "due_soon", LATE))),
    ("told at the wrong time", with_notices(notice(5, "reminded", EARLY))),
    ("event processed more than once", {"processed": {**TRUTH.processed, "e22": 2}}),
    ("outbox not empty", {"outbox": 3}),
    ("escalated early", {"stream": (replace(TRUTH.stream[0], due_at=NOW), *TRUTH.stream[1:])}),
    ("escalated without a deadline", {"stream": (replace(TRUTH.stream[0], due_at=None), *TRUTH.stream[1:])}),
    ("deadline missed", {"reports": (replace(TRUTH.reports[0], due_at=DUE), TRUTH.reports[1])}),
    (
        "escalated to a wrong level, or twice",
        {"history": (TRUTH.history[0], replace(TRUTH.history[1], level=2), *TRUTH.history[2:])},
    ),
    ("not one line in the inbox for an event", {"notices": {"e11": 1}}),
    (
        "event of an anonymous report names somebody",
        {
            "reports": (replace(TRUTH.reports[0], privacy="anonymous"), TRUTH.reports[1]),
            "stream": (replace(TRUTH.stream[0], named=True), *TRUTH.stream[1:]),
        },
    ),
    (
        "event under another message id",
        {"stream": (*TRUTH.stream[:3], replace(TRUTH.stream[3], message_id="other"))},
    ),
]


@pytest.mark.parametrize(("fault", "changes"), BROKEN, ids=[fault for fault, _ in BROKEN])
def test_each_broken_promise_is_found(fault: str, changes: dict[str, Any]) -> None:
    """One change to the truth, and the verdict names it."""
    assert fault in faults(replace(TRUTH, **changes))


def test_lateness_is_measured_beyond_what_was_away() -> None:
    """A second late is a fault of ours unless something it needs was away in that second."""
    late = replace(TRUTH.history[1], at=DUE + timedelta(seconds=5))
    truth = replace(TRUTH, history=(TRUTH.history[0], late, *TRUTH.history[2:]))
    outages = Outages()
    assert "escalated too late" in broken(judge(ledger(), truth, digest, {}, outages, 2.0))
    outages.over.append(("database", DUE - timedelta(seconds=9), DUE + timedelta(seconds=3.5)))
    found = judge(ledger(), truth, digest, {}, outages, 2.0)
    assert "escalated too late" not in broken(found)
    assert (found.lateness, found.beyond) == ([5.0], [1.5])


def test_outages_of_several_parts_at_once_count_once() -> None:
    """And only as far as they lie between the two moments."""
    outages = Outages()
    for component, since, until in (("a", 0, 10), ("b", 5, 12), ("a", 20, 30), ("c", 22, 23)):
        outages.over.append((component, DUE + timedelta(seconds=since), DUE + timedelta(seconds=until)))
    assert outages.within(DUE + timedelta(seconds=8), DUE + timedelta(seconds=25)).total_seconds() == 4 + 5
    assert outages.seconds() == {"a": 20.0, "b": 7.0, "c": 1.0}


def test_an_outage_lasts_from_the_blow_until_it_is_seen_to_be_over() -> None:
    """Noted once, however often it is seen."""
    now = [DUE]
    outages = Outages(lambda: now[0])
    outages.begin("database")
    now[0] += timedelta(seconds=1)
    outages.begin("database")
    assert outages.away("database")
    now[0] += timedelta(seconds=1)
    outages.end("database")
    outages.end("database")
    assert not outages.away("database")
    assert outages.over == [("database", DUE, DUE + timedelta(seconds=2))]


@pytest.mark.parametrize(
    ("heard", "fault"), [([1, 3], False), ([1], True), ([1, 3, 3], True), ([3, 1], True), ([1, 2, 3], True)]
)
def test_a_live_stream_brings_its_agency_everything_once(heard: list[int], fault: bool) -> None:
    """In order, nothing of others."""
    book = ledger()
    book.heard["dinas"] = heard
    told = [replace(each, authorities=("dinas",)) if each.sequence in {1, 3} else each for each in TRUTH.stream]
    found = faults(replace(TRUTH, stream=tuple(told)), book=book)
    assert ("live stream with gaps or repetitions" in found) is fault


def test_a_code_that_did_not_work_at_once_is_found() -> None:
    """It was acknowledged, and then nobody knew of it."""
    book = ledger()
    book.not_found.append(make_mark(0))
    assert faults(book=book) == {"tracking code did not work at once"}


def test_truth_is_still_moving_while_something_waits() -> None:
    """A deadline ahead, a row in the outbox, an event not yet processed, a filing in the waiting room."""
    assert TRUTH.still_moving == 0
    assert replace(TRUTH, waiting=3).still_moving == 3
    assert replace(TRUTH, outbox=1, processed={}).still_moving == 1 + 4


def test_marks_are_words_of_their_own() -> None:
    """No two alike, none with a digit that a redaction could take for data."""
    marks = {make_mark(number) for number in range(5000)}
    assert len(marks) == 5000
    assert all(mark.isalpha() and mark.islower() for mark in marks)


def node(path: str, kind: str = "Writer", **more: Any) -> dict[str, Any]:
    return {"path": path, "kind": kind, "state": "running", "restarts": 1} | more


TREE = node(
    "j",
    "supervisor",
    intensity={"used": 0, "limit": 10, "period": 5.0},
    children=[
        node("j/a"),
        node("j/b", state="restarting"),
        node("j/p", "dynamic_supervisor", children=[node("j/p/1", "ReportActor"), node("j/p/2", "ReportActor")]),
    ],
)


def test_anyone_who_runs_may_be_killed_but_the_root() -> None:
    """Workers, supervisors, and the children of dynamic ones."""
    assert {each.path for each in candidates(TREE)} == {"j/a", "j/p", "j/p/1", "j/p/2"}


def test_many_of_a_kind_do_not_hide_the_others() -> None:
    """A group is chosen first: the reports of one partition are one group."""
    many = [Victim(f"j/p/{number}", "ReportActor", "j/p") for number in range(1000)]
    rng = Random(1)
    chosen = [choose([*many, Victim("j/a", "Writer", "j/a")], rng, None) for _ in range(100)]
    assert 30 < sum(victim is not None and victim.path == "j/a" for victim in chosen) < 70


def test_the_seed_decides() -> None:
    """Two runs over the same actors choose alike."""
    runs = []
    for _ in range(2):
        rng = Random(7)
        runs.append([choose(candidates(TREE), rng, None) for _ in range(20)])
    assert runs[0] == runs[1]


@pytest.mark.parametrize("pattern", ["ReportActor", "j/p/*", "[12]"])
def test_only_some_may_be_chosen(pattern: str) -> None:
    """By kind, by path or by the end of it."""
    victim = choose(candidates(TREE), Random(1), pattern)
    assert victim is not None
    assert victim.kind == "ReportActor"
    assert choose(candidates(TREE), Random(1), "nobody") is None


def test_the_root_is_not_driven_over_its_limit() -> None:
    """Its own children are spared while its window is nearly full: ending then would be by design."""
    assert has_reserve(TREE)
    assert not has_reserve(TREE | {"intensity": {"used": 7, "limit": 10, "period": 5.0}})
    assert is_child_of_root(Victim("j/a", "Writer", "j/a"))
    assert not is_child_of_root(Victim("j/p/1", "ReportActor", "j/p"))


def test_restarts_are_summed_over_the_tree() -> None:
    """With those of collapsed supervisors, and by actor."""
    assert restarts(TREE | {"collapsed_restarts": 5}) == 6 + 5
    assert restarts_by(TREE | {"collapsed_restarts": 5}) == {"j": 6, "a": 1, "b": 1, "p": 1, "1": 1, "2": 1}


@pytest.mark.parametrize(
    ("stands", "there", "fault"),
    [
        (["given", "given"], 2, False),
        (["given", "doubtful"], 1, False),
        (["given", "doubtful"], 2, False),
        (["given", "taken"], 1, False),
        (["given"], 0, True),
        (["given", "doubtful"], 3, True),
        (["given", "taken"], 2, True),
        ([], 1, True),
    ],
)
def test_votes_are_what_was_acknowledged(stands: list[Vote], there: int, fault: bool) -> None:
    """No fewer, and no more than with those in doubt."""
    book = ledger()
    book.votes = {(f"citizen {number}", "r1"): vote for number, vote in enumerate(stands)}
    found = faults(replace(TRUTH, votes={"r1": there} if there else {}), book=book)
    assert found == ({"votes lost or doubled"} if fault else set())


FEED: list[tuple[list[tuple[str, int]], str | None]] = [
    ([("r1", 2)], None),
    ([], "public report not in the feed"),
    ([("r1", 2), ("r2", 0)], "in the feed, and should not be"),
    ([("r1", 2), ("r1", 2)], "twice in the feed"),
    ([("r1", 1)], "other votes in the feed than there are"),
]


@pytest.mark.parametrize(("shown", "fault"), FEED)
async def test_the_feed_is_what_is_public(
    shown: list[tuple[str, int]], fault: str | None, autojump_clock: trio.testing.MockClock
) -> None:
    """Each public report once with its votes; what is private or withdrawn is not there."""

    class Feed:
        async def public_reports(self) -> AsyncGenerator[dict[str, Any], None]:
            for report_id, votes in shown:
                yield {"report_id": report_id, "votes": votes}

    reports = (
        TRUTH.reports[0],
        replace(TRUTH.reports[1], privacy="private"),
        replace(TRUTH.reports[1], report_id="r3", status="withdrawn"),
    )
    found = Verdict()
    await read_feed(Feed(), replace(TRUTH, reports=reports, votes={"r1": 2}), found)  # type: ignore[arg-type]
    assert broken(found) == ({fault} if fault else set())
