"""What a policy would have done to a history: the outcome of one complaint, the figures of many, the command."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jagawarga.calendars.indonesia import office_hours
from jagawarga.calendars.shelf import reference_to, shelve
from jagawarga.reports.model import Terms
from jagawarga.simulation.figures import Figures, quantile
from jagawarga.simulation.run import Outcome, simulate
from tests.unit.test_cli_commands import call

HOUR = timedelta(hours=1)
FRIDAY = datetime(2026, 8, 14, 8, tzinfo=UTC)  # 15:00 in Jakarta; the Monday behind it is a holiday
OFFICE = reference_to("jam-kerja", office_hours())
LADDER = ("a", "b", "c")
LIMITS = ((2 * 3600.0, 4 * 3600.0), (24 * 3600.0,))
TERMS = Terms(LADDER, *LIMITS)
WARNED = Terms(LADDER, *LIMITS, (), (3600.0, 0.0), (), 60.0)


@pytest.mark.parametrize(
    ("hours", "levels", "top", "late"),
    [
        (0, 0, False, 0.0),
        (1.9, 0, False, 0.0),
        (2, 1, False, 0.0),  # the moment of the deadline is past it
        (5.9, 1, False, 3.9),
        (6, 2, True, 4.0),
        (100, 2, True, 98.0),
        (None, 2, True, None),
    ],
)
def test_a_complaint_climbs_until_it_is_answered(
    hours: float | None, levels: int, top: bool, late: float | None
) -> None:
    """Two hours at the foot, four above it, then the top."""
    outcome = simulate(TERMS, FRIDAY, None if hours is None else FRIDAY + hours * HOUR, "public")
    assert (outcome.levels, outcome.top) == (levels, top)
    assert outcome.response == (None if hours is None else hours * 3600)
    assert outcome.late == (None if late is None else pytest.approx(late * 3600))
    assert outcome.limit == 7200.0


def test_nobody_climbs_who_is_at_the_top() -> None:
    """A complaint filed with the highest authority has nowhere to go."""
    assert simulate(Terms(("a",), *LIMITS), FRIDAY, None, "public") == Outcome(0, False, 0, 7200.0, None, None)


@pytest.mark.parametrize(("hours", "warnings"), [(0.9, 0), (1.1, 1), (None, 1)])
def test_warnings_are_counted(hours: float | None, warnings: int) -> None:
    """One at the foot, none above it, and reminders at the top are for ever and no warnings."""
    assert simulate(WARNED, FRIDAY, None if hours is None else FRIDAY + hours * HOUR, "public").warnings == warnings


def test_hours_are_those_of_the_calendar() -> None:
    """Answered on Tuesday at nine, after two office hours, though four days have passed."""
    terms = Terms(LADDER, (2.5 * 3600,), (3600.0,), (OFFICE,))
    shelve(OFFICE, office_hours())
    outcome = simulate(terms, FRIDAY, datetime(2026, 8, 18, 2, tzinfo=UTC), "public")
    assert (outcome.levels, outcome.response, outcome.late) == (0, 7200.0, 0.0)


def test_figures() -> None:
    """Counts by what happened, and hours of those who were answered."""
    outcomes = [
        Outcome(0, False, 0, 7200.0, 3600.0, 0.0),
        Outcome(0, False, 1, 7200.0, 5400.0, 0.0),
        Outcome(1, False, 1, 7200.0, 10_800.0, 3600.0),
        Outcome(2, True, 1, 7200.0, None, None),
    ]
    assert Figures(outcomes).as_json() == {
        "n": 4, "answered": 3, "within_limit": 2, "warned": 3, "escalated": 2, "escalated_twice": 1, "to_the_top": 1,
        "limit_hours": 2.0, "response_hours_median": 1.5, "response_hours_p90": 3.0, "late_hours_median": 1.0,
        "late_hours_total": 1.0,
    }  # fmt: skip
    assert Figures().as_json()["limit_hours"] is None


@pytest.mark.parametrize(("part", "least"), [(0.0, 1), (0.1, 1), (0.5, 5), (0.51, 6), (0.9, 9), (1.0, 10)])
def test_quantiles_are_values_that_occurred(part: float, least: int) -> None:
    """The nearest rank, which no two programs reckon differently."""
    assert quantile(range(1, 11), part) == least


# --- the command

CSV = """category,agency,submitted,answered
Sampah,Dinas Lingkungan Hidup,2026-08-14 08:00:00,2026-08-14 09:00:00
Sampah,Dinas Lingkungan Hidup,2026-08-14 08:00:00,2026-08-15 09:00:00
Jalan,Dinas Pekerjaan Umum,2026-08-14 08:00:00,
Jalan,,not a time,2026-08-14 09:00:00
Jalan,,2026-08-14 08:00:00,2026-08-13 09:00:00
too,few
"""


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "history.csv"
    path.write_text(CSV)
    return path


def simulated(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, object]:
    code, out, _ = call(capsys, "sla", "simulate", "--json", *map(str, arguments))
    assert code == 0
    found: dict[str, object] = json.loads(out)
    return found


def test_a_policy_on_a_history(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every record is counted, used or not, and the category that the house knows goes by its own limits."""
    found: dict[str, object] = simulated(capsys, history, "--respond-hours", "30")
    assert (found["complaints"], found["unused"]) == (
        3,
        {"no time of filing": 1, "answered before it was filed": 1, "too few fields": 1},
    )
    now = found["policies"]["now"]  # type: ignore[index]
    assert (now["all"]["escalated"], now["all"]["to_the_top"]) == (2, 1)
    assert (now["categories"]["Sampah"]["limit_hours"], now["categories"]["Jalan"]["limit_hours"]) == (12.0, 30.0)
    assert list(now["agencies"]) == ["Dinas Lingkungan Hidup", "Dinas Pekerjaan Umum"]


def test_two_policies_side_by_side(history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what the directory holds is another; the same complaints are tried under both."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "policies.toml").write_text('[[rule]]\nkey = "slow"\nrespond_hours = [48]\n')
    found: dict[str, object] = simulated(capsys, history, "--policy", other)
    both = found["policies"]
    assert [both[name]["categories"]["Sampah"]["limit_hours"] for name in ("now", "then")] == [12.0, 48.0]  # type: ignore[index]
    assert [both[name]["all"]["escalated"] for name in ("now", "then")] == [2, 1]  # type: ignore[index]
    code, out, _ = call(capsys, "sla", "simulate", str(history), "--policy", str(other))
    assert code == 0
    assert "12.0 → 48.0" in out
    assert "assumed: a complaint never answered climbs to the top" in out


@pytest.mark.parametrize(
    ("files", "arguments", "line"),
    [
        ({"policies.toml": '[[rule]]\nkey = "a"\nwarn_at = 2\n'}, (), "policies.toml: rule a: warn_at: expected"),
        ({"policies.toml": "[[rule]"}, (), "policies.toml: not TOML"),
        ({}, ("--parent", "nobody"), "there is no agency nobody"),
        ({}, ("--zone", "Asia/Nowhere"), "'Asia/Nowhere' is no time zone"),
        ({}, ("--category-column", "kind"), "has no column kind"),
    ],
)
def test_what_can_not_be_is_one_line(
    files: dict[str, str],
    arguments: tuple[str, ...],
    line: str,
    history: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 2, and where the fault is."""
    for name, text in files.items():
        (history.parent / name).write_text(text)
    code, out, err = call(capsys, "sla", "simulate", str(history), "--policy", str(history.parent), *arguments)
    assert (code, out) == (2, "")
    assert line in err
    assert err.count("\n") == 1


def test_the_zone_of_times_counts_under_a_calendar(
    history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Eight in the morning is eight of the zone that was said, and office hours are those of the office."""
    (tmp_path / "calendars.toml").write_text(
        '[[calendar]]\nkey = "o"\ndays = [1,2,3,4,5]\nopens = "08:00"\ncloses = "16:00"\n'
    )
    (tmp_path / "policies.toml").write_text('[[rule]]\nkey = "r"\ncalendar = "o"\nrespond_hours = [8]\n')
    for zone, longest in (("UTC", 1.0), ("Asia/Jakarta", 8.0)):
        found: dict[str, object] = simulated(capsys, history, "--policy", tmp_path, "--zone", zone)
        hours = found["policies"]["then"]["categories"]["Sampah"]["response_hours_p90"]  # type: ignore[index]
        assert hours == longest
