"""Training a model from texts whose category is known: stochastic gradient descent, a few seconds for some thousands.

What fewer than `least` texts have is not in the model: neither a feature, be it a name or a pair of words, nor a whole
category, whose weights would be a portrait of the few who wrote in it.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from jagawarga.suggestion.features import features
from jagawarga.suggestion.linear import SCALE, LinearModel

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST: Final = 5
PASSES: Final = 10
BALANCE: Final = 0.7
"""A text counts by the size of its category to the power of minus this, so that large ones do not take all."""
RATE: Final = 1.0
DECAY: Final = 1e-4
FAINT: Final = 0.2
"""Weights below this say nothing and are left out: nine of ten."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what it is about."""

    text: str
    label: str


class TooLittle(Exception):
    """There is not enough to learn from; the message is one line."""


def train(examples: Sequence[Example], *, least: int = LEAST, seed: int = 1) -> LinearModel:
    """Make a model; the same one each time for the same examples and seed. Raises `TooLittle`."""
    sizes = Counter(each.label for each in examples)
    labels = sorted(label for label, size in sizes.items() if size >= least)
    kept = [each for each in examples if sizes[each.label] >= least]
    if len(labels) < 2:  # noqa: PLR2004 - between one there is nothing to choose
        msg = f"expected two or more categories with at least {least} texts each, got {len(labels)}"
        raise TooLittle(msg)
    seen = [features(each.text) for each in kept]
    counts = Counter(bucket for each in seen for bucket in each)
    buckets = sorted(bucket for bucket, count in counts.items() if count >= least)
    rarity = {bucket: _rounded(math.log((1 + len(kept)) / (1 + counts[bucket])) + 1) for bucket in buckets}
    place = {bucket: at for at, bucket in enumerate(buckets)}
    rows = [_row(each, place, rarity) for each in seen]
    number = {label: at for at, label in enumerate(labels)}
    aims = np.array([number[each.label] for each in kept])
    importance = np.array([sizes[each.label] ** -BALANCE for each in kept])
    weights, bias = _descend(rows, aims, importance / importance.mean(), (len(buckets), len(labels)), seed)
    return LinearModel(
        tuple(labels),
        tuple(_rounded(each) for each in bias),
        {
            bucket: (
                rarity[bucket],
                tuple((int(label), _rounded(row[label])) for label in np.flatnonzero(abs(row) > FAINT)),
            )
            for bucket, row in zip(buckets, weights, strict=True)
        },
    )


def _row(seen: set[int], place: dict[int, int], rarity: dict[int, float]) -> tuple[np.ndarray, np.ndarray]:
    """Which features a text has, and how much each counts: the rarer the more, all together of length 1."""
    known = sorted(seen & place.keys())
    values = np.array([rarity[bucket] for bucket in known], dtype=np.float32)
    length = float(np.linalg.norm(values)) or 1.0
    return np.array([place[bucket] for bucket in known], dtype=np.intp), values / np.float32(length)


def _descend(
    rows: Sequence[tuple[np.ndarray, np.ndarray]],
    aims: np.ndarray,
    importance: np.ndarray,
    shape: tuple[int, int],
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Go through the texts in random order, several times, by ever smaller steps."""
    weights, bias = np.zeros(shape, dtype=np.float32), np.zeros(shape[1], dtype=np.float32)
    order = np.random.default_rng(seed)
    steps, last = 0, PASSES * len(rows)
    for _ in range(PASSES):
        for at in order.permutation(len(rows)):
            places, values = rows[at]
            rate = np.float32(RATE * (1 - steps / last))
            steps += 1
            own = weights[places]
            error = np.exp((totals := values @ own + bias) - totals.max())
            error /= error.sum()
            error[aims[at]] -= 1
            error *= np.float32(importance[at])
            weights[places] = own - rate * (np.outer(values, error) + np.float32(DECAY) * own)
            bias -= rate * np.float32(0.1) * error
    return weights, bias


def _rounded(value: float) -> float:
    """As the file has it, so that a model just trained is the one that will be read."""
    return round(float(value) * SCALE) / SCALE
