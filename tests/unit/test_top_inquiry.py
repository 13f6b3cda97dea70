"""Which question is asked, and which answer counts."""

from __future__ import annotations

from jagawarga.cli.top.inquiry import Inquiry


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
