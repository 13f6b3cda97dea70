"""Which question is asked, when, and which answer counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jagawarga.cli.top.inquiry import Inquiry
from jagawarga.cli.top.look import View, look, rest
from supervisors.control import NotRunning
from tests.unit.fake_runtime import FakeRuntime


def test_one_question_is_on_its_way_at_a_time() -> None:
    """What comes meanwhile waits, the last in place of those before."""
    inquiry: Inquiry[str] = Inquiry()
    assert inquiry.want("a") == "a"
    assert inquiry.want("b") is None
    assert inquiry.want("c") is None
    assert inquiry.answered("a") == (False, "c")
    assert inquiry.answered("c") == (True, None)


def test_the_same_question_again_is_answered_by_the_one_on_its_way() -> None:
    """A slow answer is not asked for twice."""
    inquiry: Inquiry[str] = Inquiry()
    inquiry.want("a")
    assert inquiry.want("a") is None
    assert inquiry.answered("a") == (True, None)


def test_back_to_the_first_question_takes_its_answer() -> None:
    """Down and up again with the arrow keys: the answer is about what is wanted."""
    inquiry: Inquiry[str] = Inquiry()
    inquiry.want("a")
    inquiry.want("b")
    inquiry.want("a")
    assert inquiry.answered("a") == (True, None)


def test_an_answer_nobody_wants_is_dropped() -> None:
    """And the next question goes out at once."""
    inquiry: Inquiry[str] = Inquiry()
    inquiry.want("a")
    inquiry.forget()
    assert inquiry.answered("a") == (False, None)
    assert inquiry.want("b") == "b"


@pytest.mark.parametrize(("took", "seconds"), [(0.0, 2.0), (0.1, 2.0), (0.5, 4.5), (4.0, 36.0)])
def test_looking_takes_a_tenth_of_the_time_at_most(took: float, seconds: float) -> None:
    """A look goes through all actors: where there are a million, it comes less often than asked for."""
    assert rest(replace(look(FakeRuntime(), View()), took=took), 2.0) == seconds


def test_who_is_not_there_is_asked_again_after_the_interval() -> None:
    """Neither sooner nor later."""
    assert rest(NotRunning("gone"), 2.0) == 2.0
