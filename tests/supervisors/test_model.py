"""The stateful test of supervision trees: random trees and deeds, compared with a model of OTP's rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from supervisors import static
from supervisors.testing.machine import SupervisionMachine

FEW = settings(
    max_examples=150,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_the_tree_does_as_the_model() -> None:
    """Whatever is done to a tree of any shape, it looks as the model says, without orphans or hung callers."""
    run_state_machine_as_test(SupervisionMachine, settings=FEW)


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("is_abnormal", lambda reason: True),
        ("delay", lambda backoff, tries: 1000.0),
    ],
)
def test_a_mistake_is_found(name: str, mistake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a wrong restart decision, or a restart that does not come: some script shows it."""
    monkeypatch.setattr(static, name, mistake)
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run_state_machine_as_test(SupervisionMachine, settings=FEW)
