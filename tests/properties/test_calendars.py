"""Whatever the moments and limits, a calendar's two answers fit each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagawarga.calendars.indonesia import HOLIDAYS, office_hours
from jagawarga.calendars.model import AroundTheClock, Calendar

OFFICE = office_hours()
JAKARTA = timezone(timedelta(hours=7))
MOMENTS = st.datetimes(datetime(2021, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone beside
LIMITS = st.timedeltas(timedelta(), timedelta(days=90))
either = pytest.mark.parametrize("calendar", [OFFICE, AroundTheClock()], ids=["working", "around the clock"])


def works(moment: datetime) -> bool:
    local = moment.astimezone(JAKARTA)
    minutes = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    on_a_day = local.isoweekday() <= 5 and local.date() not in HOLIDAYS
    return on_a_day and timedelta(hours=8) <= minutes <= timedelta(hours=16)


@either
@given(start=MOMENTS, limit=LIMITS)
def test_what_has_passed_when_it_is_due_is_the_limit(calendar: Calendar, start: datetime, limit: timedelta) -> None:
    """Never early, never late, to the microsecond."""
    due = calendar.due(start, limit)
    assert due >= start
    assert calendar.elapsed(start, due) == limit


@given(start=MOMENTS, limit=LIMITS)
def test_nothing_is_due_when_nobody_works(start: datetime, limit: timedelta) -> None:
    """A deadline lies on a working day, from opening to closing."""
    assert works(OFFICE.due(start, limit))


@either
@given(start=MOMENTS, limit=LIMITS)
def test_due_is_the_first_such_moment(calendar: Calendar, start: datetime, limit: timedelta) -> None:
    """A microsecond before it less than the limit had passed."""
    due = calendar.due(start, limit)
    if limit:
        assert calendar.elapsed(start, due - timedelta(microseconds=1)) < limit


@either
@given(start=MOMENTS, one=LIMITS, other=LIMITS)
def test_limits_add_up(calendar: Calendar, start: datetime, one: timedelta, other: timedelta) -> None:
    """Two one after the other are their sum, and the longer one is never due earlier."""
    if other:  # nothing more, at closing, is still closing time
        assert calendar.due(calendar.due(start, one), other) == calendar.due(start, one + other)
    assert (calendar.due(start, one) <= calendar.due(start, other)) or one > other


@either
@given(moments=st.tuples(MOMENTS, MOMENTS, MOMENTS))
def test_what_has_passed_adds_up(calendar: Calendar, moments: tuple[datetime, datetime, datetime]) -> None:
    """Between three moments in order the parts are the whole, none below nothing, and back is the same with a minus."""
    first, second, third = sorted(moments)
    parts = calendar.elapsed(first, second), calendar.elapsed(second, third)
    assert min(parts) >= timedelta()
    assert sum(parts, timedelta()) == calendar.elapsed(first, third) == -calendar.elapsed(third, first)


@either
@given(moments=st.tuples(MOMENTS, MOMENTS), limit=LIMITS)
def test_filed_later_is_never_due_earlier(
    calendar: Calendar, moments: tuple[datetime, datetime], limit: timedelta
) -> None:
    """The order of filing is the order of deadlines."""
    first, second = sorted(moments)
    assert calendar.due(first, limit) <= calendar.due(second, limit)
