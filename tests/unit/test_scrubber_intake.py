"""The intake: named reports pass as they are, anonymous ones lose their maker or do not pass."""

from __future__ import annotations

from typing import Any

import pytest

from jagawarga.anonymizer import actor
from jagawarga.anonymizer.actor import Cut
from jagawarga.anonymizer.service import Intake
from jagawarga.anonymizer.tree import anonymizer_tree
from jagawarga.errors import NotFound, Unavailable
from jagawarga.identity.messages import PersonalFacts, Principal
from jagawarga.plumbing.keys import hmac_sha256
from jagawarga.reports.messages import FileReport, Place, SubmitReport
from supervisors.testing import running

WHO = Principal("0b5c2f3e-subject", "abcdef-pseudonym", "citizen")
FACTS = PersonalFacts("Kenari Wulandhari", "3273014501900007", None, None, None)
TEXT = "Saya Kenari, lampu mati"
PLACE = Place(-6.9123456, 107.6098765, "depan no 7")


class Doors:
    """Identity and reports as far as the intake knows them."""

    def __init__(self) -> None:
        self.filed: list[FileReport] = []
        self.asked: list[str] = []

    async def facts(self, subject: str) -> PersonalFacts:
        self.asked.append(subject)
        return FACTS

    async def file(self, command: FileReport) -> Any:
        self.filed.append(command)
        return "receipt"


def intake_of(doors: Any) -> Intake:
    return Intake(doors, doors, hmac_sha256(b"k" * 32))


@pytest.mark.parametrize("privacy", ["public", "private"])
async def test_named_reports_pass_as_they_are(privacy: Any) -> None:
    """The text is the citizen's own; the reporter is the pseudonym; identity is not even asked."""
    doors = Doors()
    assert await intake_of(doors).submit(WHO, SubmitReport(privacy, "lampu", TEXT, PLACE)) == "receipt"
    assert doors.filed == [FileReport(privacy, "lampu", TEXT, PLACE, WHO.pseudonym)]
    assert doors.asked == []


async def test_anonymous_reports_lose_their_maker() -> None:
    """What is filed has no reporter, no name, no door, and a blurred place."""
    doors = Doors()
    intake = intake_of(doors)
    async with running(anonymizer_tree(intake)):
        await intake.submit(WHO, SubmitReport("anonymous", "lampu", TEXT, PLACE))
    (filed,) = doors.filed
    assert filed == FileReport(
        "anonymous", "lampu", "Saya [nama], lampu mati", Place(-6.912, 107.61, "depan [alamat]"), None
    )
    assert not any(each in repr(filed) for each in (WHO.subject, WHO.pseudonym, "Kenari"))


async def test_no_anonymizer_no_report() -> None:
    """While the anonymizer is away an anonymous report is refused for now, never filed uncut."""
    doors = Doors()
    with pytest.raises(Unavailable) as caught:
        await intake_of(doors).submit(WHO, SubmitReport("anonymous", "lampu", TEXT, PLACE))
    assert doors.filed == []
    assert "Kenari" not in repr(caught.value)


async def test_a_crash_of_the_scrubber_tells_nothing(monkeypatch: Any) -> None:
    """If the scrubber breaks, nothing is filed, its words are kept out of the error, and it is there for the next."""
    doors = Doors()
    intake = intake_of(doors)
    monkeypatch.setattr(actor, "scrub", lambda text, facts: 1 / 0 if "bom" in text else text)
    async with running(anonymizer_tree(intake)):
        with pytest.raises(Unavailable) as caught:
            await intake.submit(WHO, SubmitReport("anonymous", "lampu", "bom " + TEXT, PLACE))
        assert "Kenari" not in f"{caught.value!r} {caught.value.__cause__!r}"
        assert doors.filed == []


async def test_identitys_refusal_is_passed_on() -> None:
    """Without facts there is no cut, and without a cut no report."""
    doors = Doors()

    async def gone(subject: str) -> PersonalFacts:
        raise NotFound("no such account")

    doors.facts = gone  # type: ignore[method-assign]
    with pytest.raises(NotFound):
        await intake_of(doors).submit(WHO, SubmitReport("anonymous", "lampu", TEXT, PLACE))
    assert doors.filed == []


def test_a_cut_shows_nothing_of_itself() -> None:
    """Neither text nor facts are in what a crash report would print of the message."""
    assert repr(Cut(SubmitReport("anonymous", "lampu", TEXT, PLACE), FACTS)) == "Cut()"


@pytest.mark.parametrize("privacy", ["public", "anonymous"])
async def test_what_is_sent_again_is_known_again(privacy: Any) -> None:
    """By key and content together, and by who where it has a name; and of who and key nothing goes on."""
    doors = Doors()
    intake = intake_of(doors)
    other = WHO._replace(pseudonym="somebody-else")
    async with running(anonymizer_tree(intake)):
        for who, key, text in (
            (WHO, "k1", TEXT),
            (WHO, "k1", TEXT),
            (WHO, "k2", TEXT),
            (other, "k1", TEXT),
            (WHO, "k1", "x"),
        ):
            await intake.submit(who, SubmitReport(privacy, "lampu", text, PLACE), key)
        await intake.submit(WHO, SubmitReport(privacy, "lampu", TEXT, PLACE))
    marks = [each.once for each in doors.filed]
    assert marks[0] == marks[1]
    # Nothing of the account goes into what an anonymous report's id is made of.
    assert len(set(marks[1:5])) == (3 if privacy == "anonymous" else 4)
    assert (marks[0] == marks[3]) is (privacy == "anonymous")
    assert marks[5] is None
    assert all(mark is not None and len(mark) == 32 for mark in marks[:5])
