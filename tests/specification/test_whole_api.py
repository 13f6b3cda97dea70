"""The whole API against a model: whoever does whatever in whatever order, everybody sees what the specification says.

Hypothesis makes up stories: two citizens, an anonymous reporter with a code, officers and heads of two agencies, of the
authority above both and of the highest, the public; and time, for the house's clock stands still until the story moves
it. The model (`tables`, `steps`, `views`) says what each request is answered with and what everybody sees after it; a
house with real servers is asked, and looked at as everybody after each step (`story`, `eyes`).

In the suite the stories are always the same few. Many others, and with `JAGAWARGA_TEST_SHORTEN=1` one that goes wrong
made short, which takes minutes:

    JAGAWARGA_TEST_STORIES=200 JAGAWARGA_TEST_STEPS=60 JAGAWARGA_TEST_SEED=7 scripts/test tests/specification --timeout 0
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from functools import partial
from typing import Any, Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.specification.eyes import Eyes
from tests.specification.steps import Report, Wish, by_authority, by_reporter
from tests.specification.story import MARGIN, Known, Story
from tests.specification.tables import AGENCY_STEPS, CODE_STEPS, REPORTER_STEPS, UNANSWERED
from tests.specification.town import Town
from tests.specification.wishes import WORDS, wanted
from tests.specification.world import ANI, BUDI, CITIZENS, HEADS, LADDERS, OFFICERS, RESPOND, Actor

STORIES: Final = int(os.environ.get("JAGAWARGA_TEST_STORIES", "0"))
STEPS: Final = int(os.environ.get("JAGAWARGA_TEST_STEPS", "50"))
SEED: Final = int(os.environ.get("JAGAWARGA_TEST_SEED", "1"))
SHORTEN: Final = [Phase.shrink] if os.environ.get("JAGAWARGA_TEST_SHORTEN") else []
FEW: Final = settings(max_examples=8, stateful_step_count=40, derandomize=True, phases=[Phase.generate])
MANY: Final = settings(max_examples=STORIES or 1, stateful_step_count=STEPS, phases=[Phase.generate, *SHORTEN])
MOST: Final = 6
"""Reports in a story."""
OVER: Final = frozenset({"closed", "withdrawn"})
JUDGED: Final = frozenset({"resolved", "rejected"})
ALONE: Final = tuple(step for step in AGENCY_STEPS if step != "merge")
"""Steps of one report."""
TALK: Final = frozenset({"messages", "reply", "note", "assign", "unassign", "edit"})
ANY: Final = st.integers(0, 59)
"""Which of those there are: as many as can be shared out among up to six."""
WAYS: Final = st.integers(0, 7)
"""Which way of wanting a step."""
VERSIONS: Final = st.sampled_from((None, 0, 0, -1, 1))
"""What `If-Match` says: nothing, the version there is, the one before, the one to come."""
PRIVACIES: Final = st.sampled_from(("public", "private", "anonymous"))
SECONDS: Final = (7, 45, 45, 200, 200, 200, 900, 900, 3600, 11 * 3600)


class WholeApi(RuleBasedStateMachine):
    """Each rule has somebody do something, and checks the answer; then everybody looks."""

    def __init__(self, place: Town) -> None:
        super().__init__()
        self.story = Story(place)
        self.eyes = Eyes(self.story)
        self.arrived = True

    @initialize(one=PRIVACIES, other=PRIVACIES)
    def two_reports(self, one: str, other: str) -> None:
        """Every story begins with two, of the same thing."""
        self.story.file(ANI, one, "lubang", east=False)
        self.story.file(BUDI, other, "lubang", east=False)

    def _one(self, which: int) -> Known:
        """One of all there are."""
        return self.story.known[which % len(self.story.known)]

    def _running(self, which: int) -> Known:
        """One that is not over; where all are, somebody reports something."""
        running = [each for each in self.story.known if each.report.status not in OVER]
        return running[which % len(running)] if running else self.story.file(ANI, "public", "pipa", east=True)

    # --- reporters

    @precondition(lambda self: len(self.story.known) < MOST)
    @rule(
        who=st.sampled_from(CITIZENS), privacy=PRIVACIES, category=st.sampled_from(tuple(RESPOND)), east=st.booleans()
    )
    def somebody_reports(self, who: Actor, privacy: str, category: str, *, east: bool) -> None:
        """Something else."""
        self.story.file(who, privacy, category, east=east)

    @rule(which=ANY, who=st.sampled_from(CITIZENS), step=st.sampled_from(REPORTER_STEPS), version=VERSIONS, way=WAYS)
    def a_citizen_tries(self, which: int, who: Actor, step: str, version: int | None, way: int) -> None:
        """Any step with any report, whosever it is."""
        known = self._one(which)
        wish = wanted(step, who, known.report.text, way)
        self.story.as_reporter(known, who, wish._replace(version=_version(known, version)))

    @rule(which=ANY, choice=ANY, way=WAYS, by_code=st.booleans())
    def a_reporter_goes_on(self, which: int, choice: int, way: int, *, by_code: bool) -> None:
        """With a step that there is now, signed in or by the code."""
        known = self._running(which)
        who = None if by_code else known.report.owner
        wishes = [
            wanted(step, who, known.report.text, way)._replace(version=_version(known, 0 if way > 3 else None))
            for step in (CODE_STEPS if who is None else REPORTER_STEPS)
            # Once in a while; a story without reports is short.
            if step != "withdraw" or not way
        ]
        possible = [each for each in wishes if isinstance(by_reporter(known.report, each, self.story.town.now), Report)]
        if possible:
            self.story.as_reporter(known, who, _chosen(possible, choice))

    @precondition(lambda self: any(each.report.status in JUDGED for each in self.story.known))
    @rule(which=ANY, way=WAYS, happy=st.booleans(), by_code=st.booleans())
    def a_reporter_judges(self, which: int, way: int, *, happy: bool, by_code: bool) -> None:
        """What is resolved or rejected: it is so, or not so."""
        judged = [each for each in self.story.known if each.report.status in JUDGED]
        known = judged[which % len(judged)]
        who = None if by_code else known.report.owner
        self.story.as_reporter(known, who, wanted("confirm" if happy else "not-fixed", who, known.report.text, way))

    # --- authorities

    @rule(
        which=ANY,
        agency=st.sampled_from(tuple(LADDERS)),
        head=st.booleans(),
        step=st.sampled_from(ALONE),
        version=VERSIONS,
        way=WAYS,
    )
    def an_authority_tries(  # noqa: PLR0917 - what Hypothesis draws
        self, which: int, agency: str, head: bool, step: str, version: int | None, way: int
    ) -> None:
        """Any step with any report, as officer or head of any agency."""
        known, who = self._one(which), (HEADS if head else OFFICERS)[agency]
        wish = wanted(step, who, known.report.text, way)
        self.story.as_authority(known, who, wish._replace(version=_version(known, version)))

    @rule(which=ANY, choice=ANY, way=WAYS)
    def the_holder_goes_on(self, which: int, choice: int, way: int) -> None:
        """With a step that there is now."""
        known = self._running(which)
        self._works(known, OFFICERS[known.report.holder], choice, way)

    @rule(which=ANY, choice=ANY, way=WAYS)
    def the_first_agency_goes_on(self, which: int, choice: int, way: int) -> None:
        """Likewise, and it may have been late."""
        known = self._running(which)
        self._works(known, OFFICERS[known.report.ladder[0]], choice, way)

    def _works(self, known: Known, who: Actor, choice: int, way: int) -> None:
        report, now = known.report, self.story.town.now
        version = _version(known, 0 if way > 3 else None)
        wishes = [wanted(step, who, report.text, way)._replace(version=version) for step in ALONE]
        possible = [each for each in wishes if isinstance(by_authority(report, who.name, each, now), Report)]
        if possible:
            self.story.as_authority(known, who, _chosen(possible, choice))

    @rule(which=ANY, way=WAYS, well=st.booleans())
    def the_holder_deals_with_it(self, which: int, way: int, *, well: bool) -> None:
        """From wherever it is to an end."""
        known = self._running(which)
        who, text = OFFICERS[known.report.holder], known.report.text
        if well and known.report.status in UNANSWERED:
            self.story.as_authority(known, who, wanted("acknowledge", who, text, way))
        self.story.as_authority(known, who, wanted("resolve" if well else "reject", who, text, way))

    @rule(which=ANY, other=ANY, who=st.sampled_from(("holder", "first", "other")), version=VERSIONS)
    def an_authority_merges(self, which: int, other: int, who: str, version: int | None) -> None:
        """Any report into any other, or tries to: most do not fit."""
        known, into = self._one(which), self._one(other)
        agency = {"holder": known.report.holder, "first": known.report.ladder[0], "other": into.report.holder}[who]
        if known is not into:
            self.story.merge(known, into, OFFICERS[agency], Wish("merge", WORDS, _version(known, version)))

    @rule(which=ANY, other=ANY)
    def the_holder_merges(self, which: int, other: int) -> None:
        """Reports that stand at the same place."""
        known = self._running(which)
        report = known.report
        alike = [
            each
            for each in self.story.known
            if each is not known and (each.report.ladder, each.report.level) == (report.ladder, report.level)
        ]
        if alike:
            self.story.merge(known, alike[other % len(alike)], OFFICERS[report.holder], Wish("merge"))

    # --- the public

    @rule(which=ANY, who=st.sampled_from(CITIZENS), what=st.sampled_from(("vote", "follow")), on=st.booleans())
    def a_citizen_supports(self, which: int, who: Actor, what: str, *, on: bool) -> None:
        """Votes, follows, or does no longer."""
        self.story.support(self._one(which), who, what, on=on)

    # --- time

    @rule(seconds=st.sampled_from(SECONDS))
    def time_passes(self, seconds: int) -> None:
        """A little of it, or much."""
        self.story.wait_until(self.story.town.now + timedelta(seconds=seconds), patiently=False)

    @rule(which=ANY, when=st.sampled_from(("just before", "just behind", "behind, and nobody asks")))
    def a_deadline_comes(self, which: int, when: str) -> None:
        """It is the last second before something happens by itself, or the first one after."""
        due = self._running(which).report.due
        moment = None if due is None else due + (-MARGIN if when == "just before" else MARGIN)
        if moment is not None and moment > self.story.town.now:
            self.story.wait_until(moment, patiently=when == "behind, and nobody asks")

    # --- what everybody sees

    @invariant()
    def everybody_sees_what_is_theirs(self) -> None:
        """What has moved, by each of its ways and with its history; and every list of everybody."""
        for known in self.story.touched:
            self.eyes.look_at(known)
        for known in self.story.refused:
            # Nothing has come of it.
            self.eyes.glance_at(known)
        if self.story.touched:
            self.eyes.look_at_lists()
            self.arrived = False
        self.story.touched, self.story.refused = [], []

    @precondition(lambda self: not self.arrived)
    @rule()
    def all_has_arrived(self) -> None:
        """What was to be told has been told, and what can be found is found."""
        self.arrived = True
        self.eyes.look_at_what_has_arrived()

    def teardown(self) -> None:
        """A story that went well ends with a look at everything."""
        try:
            if sys.exc_info()[0] is None:
                self.eyes.look_at_what_has_arrived()
                self.eyes.look_into_the_database()
        finally:
            self.story.end()


def _chosen(possible: list[Wish], choice: int) -> Wish:
    """One of them; what moves a report counts thrice, or there would be much talk and little else."""
    weighed = [each for each in possible for _ in range(1 if each.step in TALK else 3)]
    return weighed[choice % len(weighed)]


def _version(known: Known, more: int | None) -> int | None:
    return None if more is None else known.report.version + more


def test_every_story_goes_as_the_specification_says(place: Town) -> None:
    """Whatever is done by whom, in which order."""
    story: Any = partial(WholeApi, place)
    chosen = settings(MANY if STORIES else FEW, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(seed(SEED)(story) if STORIES else story, settings=chosen)
