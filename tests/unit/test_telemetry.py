"""Metrics tell how the house does, and nothing about anybody."""

from __future__ import annotations

from jagawarga.plumbing import telemetry


def test_no_series_tells_when_it_began() -> None:
    """The moment of the first anonymous report is not among the metrics."""
    telemetry.REPORTS.labels("anonymous", "accepted").inc()
    text = telemetry.exposition().decode()
    assert 'jagawarga_reports_total{outcome="accepted",privacy="anonymous"}' in text
    assert "_created" not in text


def test_labels_are_known_ones() -> None:
    """No label but these exists: none can name a person, a report, a device or an address."""
    labels = {name for family in telemetry.REGISTRY.collect() for sample in family.samples for name in sample.labels}
    assert labels <= {"privacy", "outcome", "kind", "level", "route", "status", "direction", "channel", "le"}
