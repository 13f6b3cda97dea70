"""What a `Range` header asks of a file of 100 bytes, and that an anonymous report keeps its attachments."""

from typing import Any

import pytest

from jagawarga.anonymizer.actor import cut_report
from jagawarga.edge.api.attachments import ranged
from jagawarga.identity.messages import PersonalFacts
from jagawarga.reports.messages import Place, SubmitReport


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (0, 100, 200)),
        ("bytes=0-9", (0, 10, 206)),
        ("bytes=90-", (90, 100, 206)),
        ("bytes=-10", (90, 100, 206)),
        ("bytes=-500", (0, 100, 206)),
        ("bytes=50-500", (50, 100, 206)),
        ("bytes=100-", (0, 0, 416)),
        ("bytes=-0", (0, 0, 416)),
        ("bytes=9-3", (0, 100, 200)),
        ("bytes=-", (0, 100, 200)),
        ("bytes=0-1,5-6", (0, 100, 200)),
        ("lines=0-1", (0, 100, 200)),
    ],
)
def test_a_range_is_taken_as_rfc_9110_says(header: Any, expected: Any) -> None:
    assert ranged(header, 100) == expected


def test_an_anonymous_report_keeps_its_attachments_and_loses_its_reporter() -> None:
    facts = PersonalFacts("Kenari", "3273014501900007", None, None, None)
    command = SubmitReport("anonymous", "jalan", "Jalan rusak", Place(), ("a" * 32,))
    report = cut_report(command, facts)
    assert (report.attachments, report.reporter) == (("a" * 32,), None)
