"""The model that suggests categories: what it sees, what it learns, what it keeps, and how it is judged."""

from __future__ import annotations

import json
import random

import pytest

from jagawarga.suggestion.evaluation import evaluate
from jagawarga.suggestion.features import features, words
from jagawarga.suggestion.keywords import Keywords
from jagawarga.suggestion.linear import LinearModel, Unreadable, loads
from jagawarga.suggestion.training import Example, TooLittle, train

TOPICS = {
    "jalan": ["jalan berlubang", "aspal rusak", "lubang besar", "paving hancur"],
    "lampu": ["lampu padam", "penerangan mati", "gelap malam", "tiang lampu roboh"],
    "sampah": ["sampah menumpuk", "bau busuk", "truk sampah terlambat", "tps penuh"],
}


def made_up(count: int, seed: int = 1) -> list[Example]:
    """Texts of two phrases of their topic and one of any."""
    dice = random.Random(seed)
    anything = [phrase for phrases in TOPICS.values() for phrase in phrases]
    examples = []
    for _ in range(count):
        label = dice.choice(sorted(TOPICS))
        examples.append(Example(" dan ".join([*dice.sample(TOPICS[label], 2), dice.choice(anything)]), label))
    return examples


MODEL = train(made_up(300))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Jln. yg RUSAK!!!", ["jalan", "rusak"]),
        ("lampu PJU padaaaaam", ["lampu", "lampu", "jalan", "padam"]),
        ("NIK 3174012345678901, hp 0812-3456-7890, Jl. Mawar 3", ["nik", "hp", "jalan", "mawar"]),
        ("tolong di sini tidak ada air", ["sini", "tidak", "air"]),
        ("Gegér", ["geger"]),
        ("… 123 😀", []),
    ],
)
def test_words_of_a_text(text: str, seen: list[str]) -> None:
    """Small plain letters, abbreviations written out; neither digits nor words that every report has."""
    assert words(text) == seen


def test_a_slip_of_the_pen_shares_pieces() -> None:
    """Words that are nearly the same have features in common, others none."""
    assert features("berlubang") & features("berlobang")
    assert not features("berlubang") & features("sampah")


def test_a_long_text_is_read_from_its_beginning() -> None:
    """What comes behind the limit does not matter: a text costs no more than that."""
    assert features("lubang " * 1_000) == features("lubang " * 10_000 + "sampah")


def test_it_learns() -> None:
    """A trained model gives the right category the highest score; all scores add up to 1."""
    for label, phrases in TOPICS.items():
        scores = MODEL.scores(" ".join(phrases))
        assert max(scores, key=lambda each: scores[each]) == label
        assert sum(scores.values()) == pytest.approx(1)


def test_unknown_words_say_nothing() -> None:
    """A text without any known feature has no scores rather than those of the most frequent categories."""
    assert MODEL.scores("xyzzy") == {}


def test_the_same_texts_make_the_same_model() -> None:
    """Training is reproducible."""
    assert train(made_up(300)) == MODEL


def test_a_model_is_written_and_read_unchanged() -> None:
    """Writing and reading are inverses."""
    assert loads(MODEL.dumps()) == MODEL


def test_what_few_texts_have_is_not_in_a_model() -> None:
    """Neither a name that four texts have, nor a category of four texts, leaves anything; five are enough for both."""

    def with_rare(count: int) -> LinearModel:
        rare = [Example("lampu padam dekat rumah Zulkarnaen", "lampu")] * count
        return train([*made_up(300), *rare, *[Example("sampah menumpuk", "wabah")] * count])

    name = features("Zulkarnaen")
    without, having = with_rare(4), with_rare(5)
    assert not name & without.weights.keys()
    assert "wabah" not in without.labels
    assert name <= having.weights.keys()
    assert "wabah" in having.labels


def test_a_model_file_has_no_word() -> None:
    """Beside the categories' own names the file is numbers."""
    document = json.loads(MODEL.dumps())
    assert set(document) == {"format", "version", "labels", "bias", "features"}
    assert document["labels"] == sorted(TOPICS)
    assert all(isinstance(part, int) for row in document["features"] for part in row)


HEAD = '{"format": "jagawarga-suggestion", "version": 1, '


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not a model"),
        ("[]", "not a model"),
        ("{}", "not a model"),
        ('{"format": "other", "version": 1}', "not a model"),
        ('{"format": "jagawarga-suggestion", "version": 2}', "of version 2, expected 1"),
        (HEAD + '"labels": [1], "bias": [1], "features": []}', "not a model"),
        (HEAD + '"labels": ["a"], "bias": [0.5], "features": []}', "not a model"),
        (HEAD + '"labels": ["a"], "bias": [], "features": []}', "do not go together"),
        (HEAD + '"labels": ["a", "a"], "bias": [1, 1], "features": []}', "do not go together"),
        (HEAD + '"labels": [], "bias": [], "features": []}', "do not go together"),
        (HEAD + '"labels": ["a"], "bias": [1], "features": [[1, 2, 1, 5]]}', "not a model"),
        (HEAD + '"labels": ["a"], "bias": [1], "features": [[1, 2, 0]]}', "not a model"),
        (HEAD + '"labels": ["a"], "bias": [1], "features": [[-1, 2, 0, 5]]}', "not a model"),
        (HEAD + '"labels": ["a"], "bias": [1], "features": [[1, 2, 0, 1e400]]}', "not a model"),
        (HEAD + '"labels": ["a"], "bias": [1], "features": [[]]}', "not a model"),
    ],
)
def test_what_is_no_model_is_one_line(text: str, told: str) -> None:
    """A file of another kind or version, or one that was damaged, is refused in one line."""
    with pytest.raises(Unreadable, match=told) as caught:
        loads(text)
    assert "\n" not in str(caught.value)


def test_too_little_to_learn_from() -> None:
    """Fewer than two categories of five texts each make no model, and no time split."""
    with pytest.raises(TooLittle, match="got 1"):
        train([Example("lampu padam", "lampu")] * 10)
    with pytest.raises(TooLittle):
        evaluate([])


def test_evaluation_learns_from_the_earlier_and_asks_about_the_later() -> None:
    """What came later is never learned from: a category that only begins there is missed, and counts."""
    earlier = made_up(400)
    found = evaluate(earlier + made_up(99, seed=2) + [Example("wabah demam", "wabah")])
    assert (found.learned, found.asked, found.categories, found.learned_categories) == (400, 100, 4, 3)
    assert 0.9 < found.everything.first <= 0.99
    assert found.everything.three <= 0.99
    assert found.common.texts == 99
    assert found.baseline.three == 0.99
    assert found.baseline.first < 0.6


KEYWORDS = Keywords({"jalan": ["jalan", "lubang", "jalan rusak"], "lampu": ["jalan", "lampu jalan", "got"]})


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("jalannya berlubang", "jalan"),
        ("lampu jalan mati", "lampu"),
        ("got mampet", "lampu"),
        ("gotong royong", None),
        ("kucing hilang", None),
        ("", None),
    ],
)
def test_keywords(text: str, first: str | None) -> None:
    """A phrase counts the more the longer it is, and the less the more categories have it; long words within others."""
    scores = KEYWORDS.scores(text)
    assert (max(scores, key=lambda each: scores[each]) if scores else None) == first
    if scores:
        assert sum(scores.values()) == pytest.approx(1)
