"""Rules of the policy: which one fits, what it says, and what files are refused."""

from __future__ import annotations

from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from jagawarga.calendars.indonesia import HOLIDAYS
from jagawarga.calendars.shelf import key_of, shelve
from jagawarga.catalogue.clockfiles import CALENDARS, POLICIES
from jagawarga.catalogue.config import load_config, parse_config
from jagawarga.catalogue.messages import Category, Clocks
from jagawarga.catalogue.model import Snapshot, changes
from jagawarga.catalogue.policies import TOP, Rule, Warn, clocks_for
from jagawarga.errors import StartupError
from jagawarga.reports.model import Terms, filed
from jagawarga.reports.notices import notice_at
from tests.unit.test_catalogue import CONFIG, GOOD

HOUR = 3600.0
HOLE = Category("hole", "Hole", (100.0, 50.0), (1000.0,), "high")
OFFICE = '[[calendar]]\nkey = "office"\ndays = [1, 2]\nopens = "08:00"\ncloses = "12:30"\n'


def policy(rules: str, calendars: str = OFFICE) -> Snapshot:
    return parse_config(GOOD | {POLICIES: rules, CALENDARS: calendars})


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (Rule("r"), True),
        (Rule("r", category="hole"), True),
        (Rule("r", category="tree"), False),
        (Rule("r", privacy="public"), True),
        (Rule("r", privacy="anonymous"), False),
        (Rule("r", severity="high"), True),
        (Rule("r", severity="normal"), False),
        (Rule("r", level=1), True),
        (Rule("r", level=0), False),
        (Rule("r", level=TOP), False),
        (Rule("r", category="hole", privacy="public", severity="high", level=1), True),
        (Rule("r", category="hole", privacy="public", severity="low", level=1), False),
    ],
)
def test_what_a_rule_fits(rule: Rule, fits: bool) -> None:
    """All that it names must be so; what it does not name may be anything."""
    assert rule.fits(HOLE, "public", 1, 3) is fits


def test_the_highest_level_has_a_name() -> None:
    """`TOP` is the last one, however long the ladder."""
    for levels in (1, 2, 5):
        assert [Rule("r", level=TOP).fits(HOLE, "public", level, levels) for level in range(levels)] == [
            *([False] * (levels - 1)), True,
        ]  # fmt: skip


def test_no_rule_leaves_a_category_as_it_is() -> None:
    """Its own limits, around the clock, without a word before or after."""
    assert clocks_for((Rule("r", category="tree"),), HOLE, "public", 3) == Clocks((100.0, 50.0), (1000.0,))


def test_the_first_rule_that_fits_a_level_holds_for_it_as_a_whole() -> None:
    """What a later rule says is not looked at, and what the first does not say is the category's."""
    rules = (
        Rule("foot", level=0, respond_within=(7.0,), calendar="a@1"),
        Rule("top", level=TOP, remind_every=60.0, warning=Warn(before=10.0)),
        Rule("rest", respond_within=(5.0, 6.0), warning=Warn(part=0.5), remind_every=1.0),
    )
    assert clocks_for(rules, HOLE, "public", 3) == Clocks(
        respond_within=(7.0, 6.0, 50.0),
        resolve_within=(1000.0,),
        calendars=("a@1", ""),
        warn_respond=(0.0, 3.0, 40.0),
        warn_resolve=(0.0, 500.0, 990.0),
        remind_every=60.0,
        rules=("foot", "rest", "top"),
    )


def test_a_limit_shorter_than_its_warning_has_none() -> None:
    """An hour's warning of a limit of half an hour would come before the report."""
    clocks = clocks_for((Rule("r", respond_within=(5.0, 20.0), warning=Warn(before=10.0)),), HOLE, "public", 2)
    assert clocks.warn_respond == (0.0, 10.0)


def test_files_say_it() -> None:
    """Hours become seconds, calendars lasting references, and the order of rules is that of the file."""
    snapshot = policy(
        """
        [[rule]]
        key = "secret"
        category = "hole"
        privacy = "anonymous"
        severity = "normal"
        level = "top"
        respond_hours = [3]
        resolve_hours = [4]
        calendar = "office"
        warn_hours = 2
        remind_hours = 6
        [[rule]]
        key = "any"
        warn_at = 0.75
        """
    )
    secret, any_ = snapshot.rules
    (reference,) = snapshot.calendars
    assert key_of(reference) == "office"
    assert secret == Rule(
        "secret",
        "hole",
        "anonymous",
        "normal",
        TOP,
        (3 * HOUR,),
        (4 * HOUR,),
        reference,
        Warn(before=2 * HOUR),
        6 * HOUR,
    )
    assert any_ == Rule("any", warning=Warn(part=0.75))
    assigned = snapshot.assign("hole", 0.5, 0.5, None)
    assert assigned.clocks["public"] == snapshot.clocks("hole", "public", 2)
    assert assigned.clocks["anonymous"].rules == ("any", "secret")


def test_a_calendar_takes_the_holidays_of_the_country_and_its_own() -> None:
    """Extra days are off, worked ones are not, and without the country's only one's own are."""
    own = "extra_holidays = [2026-09-21]\nworked_holidays = [2026-08-17]\n"
    (hours,) = policy("", OFFICE + own).calendars.values()
    assert hours.holidays == (HOLIDAYS - {date(2026, 8, 17)}) | {date(2026, 9, 21)}
    assert (hours.days, hours.opens, hours.closes, hours.zone) == ({1, 2}, time(8), time(12, 30), "Asia/Jakarta")
    (bare,) = policy("", OFFICE + own + 'holidays = "none"\nzone = "Asia/Makassar"\n').calendars.values()
    assert bare.holidays == {date(2026, 9, 21)}
    assert bare.zone == "Asia/Makassar"


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ('category = "nothing"', "category: unknown category nothing"),
        ('privacy = "secret"', "privacy: expected one of *, public, private, anonymous, got 'secret'"),
        ('severity = "grave"', "severity: expected one of *, low, normal, high, got 'grave'"),
        ('level = "high"', "level: expected"),
        ("level = -1", "level: expected"),
        ("level = true", "level: expected"),
        ("respond_hours = []", "respond_hours: expected a list of hours above 0"),
        ("respond_hours = [0]", "respond_hours: expected a list of hours above 0"),
        ("resolve_hours = [nan]", "resolve_hours: expected a list of hours above 0"),
        ("resolve_hours = [87601]", "resolve_hours: expected no more than ten years"),
        ("level = 0\nrespond_hours = [1, 2]", "respond_hours: expected one limit"),
        ('calendar = "nights"', "calendar: expected one of around-the-clock, office, got 'nights'"),
        ("warn_at = 1", "warn_at: expected a part of the limit between 0 and 1"),
        ("warn_at = 0.5\nwarn_hours = 1", "warn_hours: expected either this or warn_at"),
        ("warn_hours = 0", "warn_hours: expected hours above 0"),
        ("remind_hours = 0.01", "remind_hours: expected hours from 0.1 on"),
        ("remind_hours = inf", "remind_hours: expected hours from 0.1 on"),
        ("remind_hour = 1", "unknown field remind_hour"),
    ],
)
def test_a_rule_that_can_not_be_is_one_line(said: str, wrong: str) -> None:
    """The line names the file, the rule and the field."""
    with pytest.raises(StartupError) as refused:
        policy(f'[[rule]]\nkey = "r"\n{said}\n')
    line = str(refused.value)
    assert line.startswith(f"policies.toml: rule r: {wrong}")
    assert "\n" not in line


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (OFFICE.replace("[1, 2]", "[0]"), "days: expected a list of days from 1 (Monday) to 7"),
        (OFFICE.replace("[1, 2]", "[]"), "days: expected days of the week"),
        (OFFICE.replace('"12:30"', '"07:00"'), "expected opens before closes"),
        (OFFICE.replace('"12:30"', '"noon"'), 'closes: expected a time of day like "08:00"'),
        (OFFICE.replace('"08:00"', '"08:00+07:00"'), 'opens: expected a time of day like "08:00"'),
        (OFFICE + 'zone = "Asia/Nowhere"\n', "zone: expected the name of a time zone"),
        (OFFICE + 'holidays = "some"\n', "holidays: expected one of indonesia, none"),
        (OFFICE + "extra_holidays = [2026-09-21T08:00:00]\n", "extra_holidays: expected a list of dates"),
        (OFFICE + 'extra_holidays = "2026-09-21"\n', "extra_holidays: expected a list of dates"),
        (OFFICE + "open = 1\n", "unknown field open"),
        (OFFICE + OFFICE, "the key is there twice"),
    ],
)
def test_a_calendar_that_can_not_be_is_one_line(said: str, wrong: str) -> None:
    """As with rules."""
    with pytest.raises(StartupError) as refused:
        policy("", said)
    assert str(refused.value).startswith(f"calendars.toml: calendar office: {wrong}")


def test_nobody_takes_the_name_of_all_time() -> None:
    """`around-the-clock` is known without a definition."""
    with pytest.raises(StartupError, match="calendar around-the-clock: the key around-the-clock is taken"):
        policy("", OFFICE.replace('"office"', '"around-the-clock"'))


def test_what_has_changed_is_named() -> None:
    """By kind and key; the order of rules is part of what they say, and what is as it was is not named."""
    rule = '[[rule]]\nkey = "{}"\nwarn_at = {}\n'
    before = policy(rule.format("a", 0.5) + rule.format("b", 0.5))
    assert changes(before, before) == {}
    after = policy(rule.format("b", 0.5) + rule.format("c", 0.5), OFFICE.replace("[1, 2]", "[1]"))
    assert changes(before, after) == {
        "calendars": {"changed": ["office"]},
        "rules": {"added": ["c"], "removed": ["a"], "changed": ["b"]},
    }


def test_the_example_of_the_documentation() -> None:
    """`docs/escalation.md`: eight office hours over a long weekend, a warning after six of them, a day between reminders."""
    city = load_config(CONFIG)
    for reference, hours in city.calendars.items():
        shelve(reference, hours)
    assigned = city.assign("korupsi", None, None, "Jalan Melati 3")
    clocks = assigned.clocks["anonymous"]
    terms = Terms(
        assigned.ladder, clocks.respond_within, clocks.resolve_within, clocks.calendars, clocks.warn_respond,
        clocks.warn_resolve, clocks.remind_every,
    )  # fmt: skip
    friday = datetime(2026, 8, 14, 15, tzinfo=ZoneInfo("Asia/Jakarta"))
    state = filed(
        UUID(int=1), privacy="anonymous", category="korupsi", reporter=None, terms=terms, now=friday, grain=60
    ).state
    assert state.due_at == datetime(2026, 8, 18, 15, tzinfo=ZoneInfo("Asia/Jakarta"))
    assert notice_at(state) == datetime(2026, 8, 18, 13, tzinfo=ZoneInfo("Asia/Jakarta"))
    assert [terms.limit("respond", level).total_seconds() / HOUR for level in range(3)] == [8, 16, 24]
    assert (assigned.ladder[-1], clocks.remind_every) == ("wali-kota", 24 * HOUR)


def test_time_that_runs_faster_runs_around_the_clock() -> None:
    """Limits, warnings and reminders are divided alike; nobody waits a night for a second to pass."""
    texts = GOOD | {
        CALENDARS: OFFICE,
        POLICIES: '[[rule]]\nkey = "r"\ncalendar = "office"\nwarn_at = 0.5\nremind_hours = 1',
    }
    found = parse_config(texts, 3600.0).assign("hole", 0.5, 0.5, None).clocks["public"]
    assert found == Clocks((2.0, 1.0), (10.0,), (), (1.0, 0.5), (5.0,), 1.0, ("r", "r"))
