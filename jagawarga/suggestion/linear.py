"""A trained model: multinomial logistic regression over hashed features, with few weights for each of them.

It is read from JSON and used without numpy. Reading and writing are exact inverses.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from jagawarga.suggestion.features import BUCKETS, features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMAT: Final = "jagawarga-suggestion"
VERSION: Final = 1
SCALE: Final = 100
"""Weights are whole hundredths in the file: two digits are all that is known of them."""
Weights = tuple[tuple[int, float], ...]


class Unreadable(Exception):
    """The text is no model; the message is one line."""


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Labels, the bias of each, and for each feature its rarity and the labels it speaks for or against."""

    labels: tuple[str, ...]
    bias: tuple[float, ...]
    weights: Mapping[int, tuple[float, Weights]] = field(repr=False)

    def scores(self, text: str) -> dict[str, float]:
        """Give each label its probability; they add up to 1. A text of unknown features gets no scores."""
        known = [found for each in features(text) if (found := self.weights.get(each)) is not None]
        if not known:
            return {}
        length = math.sqrt(sum(rarity * rarity for rarity, _ in known)) or 1.0
        total = list(self.bias)
        for rarity, weights in known:
            share = rarity / length
            for label, weight in weights:
                total[label] += share * weight
        return dict(zip(self.labels, softmax(total), strict=True))

    def dumps(self) -> str:
        """Write it as JSON: labels, hashes and weights, one feature a line, and no word of any text."""
        head = {
            "format": FORMAT,
            "version": VERSION,
            "labels": self.labels,
            "bias": [_whole(each) for each in self.bias],
        }
        lines = [
            json.dumps(
                [bucket, _whole(rarity), *(part for label, weight in weights for part in (label, _whole(weight)))]
            )
            for bucket, (rarity, weights) in sorted(self.weights.items())
        ]
        opening = json.dumps(head, ensure_ascii=False).removesuffix("}")
        return opening + ', "features": [\n' + ",\n".join(lines) + "\n]}\n"


def loads(text: str) -> LinearModel:
    """Read what `dumps` wrote. Raises `Unreadable`."""
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise KeyError
        if document["version"] != VERSION:
            msg = f"it is of version {document['version']!r}, expected {VERSION}; train it anew"
            raise Unreadable(msg)
        labels = tuple(map(_text, document["labels"]))
        bias = tuple(map(_number, document["bias"]))
        weights = dict(_feature(row, len(labels)) for row in document["features"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        msg = "it is not a model for suggestions"
        raise Unreadable(msg) from None
    if not labels or len(set(labels)) != len(labels) or len(bias) != len(labels):
        msg = "its labels and their bias do not go together"
        raise Unreadable(msg)
    return LinearModel(labels, bias, weights)


def softmax(totals: Sequence[float]) -> list[float]:
    """Turn sums into probabilities."""
    highest = max(totals)
    powers = [math.exp(each - highest) for each in totals]
    whole = sum(powers)
    return [each / whole for each in powers]


def _feature(row: Sequence[Any], labels: int) -> tuple[int, tuple[float, Weights]]:
    bucket, rarity, *pairs = row
    found = tuple((label, _number(weight)) for label, weight in zip(pairs[::2], pairs[1::2], strict=True))
    if not (_is_whole(bucket) and 0 <= bucket < BUCKETS and all(_is_whole(at) and 0 <= at < labels for at, _ in found)):
        raise ValueError(bucket)
    return bucket, (_number(rarity), found)


def _number(value: Any) -> float:
    if not _is_whole(value) or abs(value) > SCALE**3:
        raise ValueError(value)
    return float(value / SCALE)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _whole(value: float) -> int:
    return round(value * SCALE)
