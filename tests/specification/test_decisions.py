"""The product's own decisions against the model, without servers: many more stories, and much deeper ones.

What `test_whole_api.py` asks of a whole house, this asks of `lifecycle` and `duplicates` alone: long stories of the same few
reports, of whatever everybody might do, while time is pushed on. `JAGAWARGA_TEST_DECISIONS=10000` tells as many.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

import pytest

from jagawarga.errors import Conflict, Invalid, NotFound
from jagawarga.reports import duplicates, lifecycle
from jagawarga.reports import messages as product
from jagawarga.reports.model import Changed, ReportState, Terms, Together, Transition
from jagawarga.reports.model import filed as product_filed
from tests.specification.families import followed, merged
from tests.specification.steps import Refused, Report, Wish, by_authority, by_reporter, filed, lapses
from tests.specification.tables import AGENCY_STEPS, REPORTER_STEPS
from tests.specification.wishes import wanted
from tests.specification.world import (
    ANI,
    ANSWER,
    CONFIRM,
    GRAIN,
    LADDERS,
    OFFICERS,
    RESOLVE,
    RESPOND,
    SCALE,
    WEST,
    agency_for,
)

STORIES: Final = int(os.environ.get("JAGAWARGA_TEST_DECISIONS", "300"))
STEPS: Final = 150
REPORTS: Final = 4
NAMES: Final = {"messages": "message", "not-fixed": "dispute", "unassign": "assign"}
"""Steps that the product calls otherwise than the API."""
BEGIN: Final = datetime(2026, 11, 23, 8, 30, 17, tzinfo=UTC)
PRIVACIES: Final = ("public", "private", "anonymous")


def terms(ladder: tuple[str, ...], category: str) -> Terms:
    """What a report is filed under."""
    respond, resolve = (tuple(hours * 3600.0 / SCALE for hours in table[category]) for table in (RESPOND, RESOLVE))
    return Terms(ladder, respond, resolve, answer_within=ANSWER.total_seconds(), confirm_within=CONFIRM.total_seconds())


@dataclass(slots=True)
class Pair:
    """A report as each of the two has it."""

    state: ReportState
    report: Report

    @property
    def key(self) -> str:
        return str(self.state.report_id)


class Stage:
    """A few reports, and what is done to them on both sides."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.now = BEGIN
        self.pairs = [self._filed(number) for number in range(REPORTS)]

    def _filed(self, number: int) -> Pair:
        privacy, category = self.rng.choice(PRIVACIES), self.rng.choice(("lubang", "lubang", "jembatan", "pipa"))
        report = filed(privacy, category, "x", WEST, ANI, now=self.now)
        step = product_filed(
            UUID(int=number + 1), privacy=privacy, category=category, reporter="p" if report.owner else None,  # type: ignore[arg-type]
            terms=terms(report.ladder, category), now=self.now, grain=GRAIN.total_seconds(),
        )  # fmt: skip
        return Pair(step.state, report)

    def step(self) -> None:
        """Somebody does something; now and then it gets later."""
        rng = self.rng
        if rng.random() < 0.15:
            self._later()
        pair = rng.choice(self.pairs)
        way = rng.randrange(8)
        if rng.random() < 0.3:
            wish = wanted(rng.choice(REPORTER_STEPS), ANI, "x", way)
            self._taken(pair, wish, None, by_reporter(pair.report, wish, self.now))
            return
        agency = rng.choice((*LADDERS, pair.report.holder, pair.report.holder, pair.report.holder))
        wish = wanted(rng.choice(AGENCY_STEPS), OFFICERS[agency], "x", way)
        if wish.step == "merge":
            self._merged(pair, rng.choice([each for each in self.pairs if each is not pair]), agency, wish)
        else:
            self._taken(pair, wish, agency, by_authority(pair.report, agency, wish, self.now))

    def _later(self) -> None:
        dues = [due for each in self.pairs if (due := each.report.due)]
        moments = [self.now + timedelta(seconds=self.rng.choice((1, 31, 200, 900, 3600)))]
        moments += [due + timedelta(seconds=more) for due in dues for more in (-1, 0, 1) if due > self.now]
        self.now = max(self.now, self.rng.choice(moments))
        for pair in self.pairs:
            self._lapse(pair)

    def _lapse(self, pair: Pair) -> None:
        for report in lapses(pair.report, self.now):
            step = lifecycle.elapse(pair.state, self.now)
            assert step is not None, report
            self._becomes(pair, step, report)
        assert lifecycle.elapse(pair.state, self.now) is None, pair.report

    def _taken(self, pair: Pair, wish: Wish, agency: str | None, outcome: Report | Refused) -> None:
        asked = product.Wish(
            NAMES.get(wish.step, wish.step), None if wish.step == "edit" else wish.words, wish.version,  # type: ignore[arg-type]
            officer=None if wish.officer is None else wish.officer.name, agency=wish.agency or None,
            satisfaction=wish.satisfaction, category=wish.category, attachments=wish.attachments,
        )  # fmt: skip
        step: Transition | Refused
        try:
            step = self._decided(pair, wish, asked, agency)
        except (Conflict, Invalid, NotFound) as error:
            step = Refused({Conflict: 409, Invalid: 422, NotFound: 404}[type(error)])
        if isinstance(step, Refused) or isinstance(outcome, Refused):
            assert step == outcome, (wish, agency, pair.report)
            return
        self._becomes(pair, step, outcome)
        self._lapse(pair)

    def _decided(self, pair: Pair, wish: Wish, asked: product.Wish, agency: str | None) -> Transition:
        state, report = pair.state, pair.report
        if agency is None:
            changed = self._edited(pair, wish) if wish.step == "edit" else None
            return lifecycle.decide_as_reporter(state, asked, self.now, GRAIN.total_seconds(), changed)
        other = None
        if wish.step == "transfer":
            other = terms(LADDERS[wish.agency], state.category)
        elif wish.step == "reclassify":
            other = terms(report.ladder, str(wish.category))
        return lifecycle.decide(state, asked, agency, self.now, other)

    def _edited(self, pair: Pair, wish: Wish) -> Changed:
        """What the service makes of an edit before it is decided."""
        category, spot = wish.category or pair.report.category, wish.spot or pair.report.spot
        if agency_for(category, spot) != pair.report.ladder[0]:
            msg = "another agency is in charge of that"
            raise Conflict(msg)
        if category == pair.state.category:
            return Changed(b"x", spot.area)
        return Changed(b"x", spot.area, terms=terms(pair.report.ladder, category), category=category)

    def _merged(self, pair: Pair, into: Pair, agency: str, wish: Wish) -> None:
        family = [pair, *self._duplicates(pair)]
        known = [each.state for each in self._duplicates(into)]
        outcome = merged(into.report, [each.report for each in family], agency, wish._replace(into=into.key), self.now)
        asked = product.Wish("merge", wish.words, into=into.state.report_id)
        together: Together | None
        try:
            together = duplicates.merge(into.state, known, [each.state for each in family], asked, agency, self.now)
        except (Conflict, NotFound):
            # Of a parent that one may not see the service says so before, in other words.
            together = None
        if together is None or isinstance(outcome, Refused):
            assert (together is None) == isinstance(outcome, Refused), (outcome, pair.report, into.report)
            return
        parent, children = outcome
        for each, step, child in zip(family, together.others, children, strict=True):
            self._becomes(each, step, child)
        self._becomes(into, together.first, parent)
        self._lapse(into)

    def _duplicates(self, pair: Pair) -> list[Pair]:
        return [each for each in self.pairs if each.report.parent == pair.key]

    def _becomes(self, pair: Pair, step: Transition, report: Report) -> None:
        """Both have it now; it is the same, and so is what its duplicates make of it."""
        pair.state, pair.report = step.state, report
        same(pair, step)
        family = self._duplicates(pair)
        steps = {each.state.report_id: each for each in duplicates.follow([each.state for each in family], step)}
        for each in family:
            after = followed(each.report, report)
            own = steps.get(each.state.report_id)
            assert (own is None) == (after == each.report), (own, each.report, report)
            if own is not None:
                each.state, each.report = own.state, after
                same(each, own)


def same(pair: Pair, step: Transition) -> None:
    """All that anybody can see of a report."""
    state, report = pair.state, pair.report
    line = report.history[-1]
    assert (step.event, step.actor, step.at, step.note) == (line.event, line.actor, line.at, line.note)
    assert len(step.attachments) == line.attachments
    seen = (state.status, state.level, state.terms.ladder, state.version, state.due_at, state.category)
    assert seen == (report.status, report.level, report.ladder, report.version, report.due, report.category), line
    assert (state.assignee, state.past.parent) == (report.assignee and report.assignee.name, report.parent)


@pytest.mark.parametrize("seed", range(10))
def test_decisions_are_those_of_the_model(seed: int) -> None:
    """Whatever is asked, by whom, in which order and when."""
    for story in range(STORIES // 10):
        stage = Stage(Random(f"{seed}-{story}"))
        for number in range(STEPS):
            try:
                stage.step()
            except AssertionError as error:
                error.add_note(f"in story {seed}-{story}, step {number}")
                raise
