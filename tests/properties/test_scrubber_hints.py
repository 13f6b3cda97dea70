"""A search that is spared would have found nothing: whatever a pattern finds, its hint has seen."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jagawarga.anonymizer import homes, names, patterns
from jagawarga.anonymizer.glance import Glance, Hint
from jagawarga.anonymizer.spans import normalise

SEARCHES: list[tuple[re.Pattern[str], Hint]] = [
    *(
        (pattern, needed)
        for needed, (_, pattern) in (*patterns._NET_PATTERNS.searches, *patterns._NUMBER_PATTERNS.searches)
    ),
    *((pattern, needed) for pattern, _, needed in names._SEARCHES),
    (names._ROLE, names._ROLE_NEEDS),
    (names._THANKS, names._THANKS_NEED),
    (homes._CERTAIN, homes._NEEDED),
    (homes._LIKELY, homes._NEEDED),
]
# A digit in front of letters is all that one of the plates needs, and no text is made of its look-aheads.
TOLD = [each for each in SEARCHES if each[1] != Hint(digits=1)]


@pytest.mark.parametrize(("pattern", "needed"), TOLD)
# Of what is made of a look-behind and the like, much is thrown away.
@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow], max_examples=60)
@given(data=st.data())
def test_whatever_a_pattern_finds_its_hint_has_seen(
    data: st.DataObject, pattern: re.Pattern[str], needed: Hint
) -> None:
    """Texts are made of the pattern itself, between others, and written as the scrubber reads them."""
    around = st.sampled_from(["", " ", "saya ", ", ", "x", "7", "_", "\u0131", "\u0130"])
    text = normalise(data.draw(around) + data.draw(st.from_regex(pattern)) + data.draw(around))
    if pattern.search(text):
        assert needed.seen(Glance(text))


@pytest.mark.parametrize(
    "text",
    [
        "lahir 1 mei 90",
        "rt03",
        "HP0812 tidak, hp 081234",
        "lat 7\u00b06",
        "ips 1.2.3.4",
        "0:0::1",
        "budiät toko.com",
        "BUDI ÄT toko.com",
    ],
)
def test_the_shortest_of_each_kind_are_seen(text: str) -> None:
    """Of what is found in these, nothing is spared."""
    glance = Glance(normalise(text))
    found = [needed for pattern, needed in SEARCHES if pattern.search(glance.text)]
    assert found
    assert all(needed.seen(glance) for needed in found)
