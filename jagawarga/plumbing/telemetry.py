"""Metrics of the process: the one table of what Prometheus may see.

| metric | type | labels | meaning |
|---|---|---|---|
| `jagawarga_reports_total` | counter | `privacy`, `outcome` | submissions by what became of them |
| `jagawarga_actors` | gauge | `kind` | actors, awake or hibernated |
| `jagawarga_restarts_total` | counter | `kind` | restarts of actors |
| `jagawarga_mailbox_depth` | gauge | `kind` | messages waiting, summed over the actors of a kind |
| `jagawarga_mailbox_dropped_total` | counter | `kind` | calls and casts that a full mailbox kept or threw out |
| `jagawarga_loop_blocked_seconds` | histogram | | for how long a callback blocked the loop, if longer than the limit |
| `jagawarga_gc_pause_seconds` | histogram | | pauses of Python's garbage collector |
| `jagawarga_escalations_total` | counter | `level` | escalations by the level reached |
| `jagawarga_escalation_lateness_seconds` | histogram | | how long after its deadline a report climbed |
| `jagawarga_notices_total` | counter | `kind` | warnings and reminders to holders: `due_soon`, `reminded` |
| `jagawarga_reports_corrupt` | gauge | | open reports whose row can not be read, and which have no clock therefore |
| `jagawarga_reports_unreadable_total` | counter | | lines left out of lists because they could not be read |
| `jagawarga_clock_jumps_total` | counter | `direction` | jumps of the wall clock: `forward`, `back` |
| `jagawarga_outbox_rows` | gauge | | events not yet acknowledged by the broker |
| `jagawarga_outbox_lag_seconds` | gauge | | age of the oldest of them |
| `jagawarga_request_seconds` | histogram | `route`, `status` | request latency by route template and status class |
| `jagawarga_door_seconds` | histogram | | time from Trio to asyncio and back, work included |
| `jagawarga_loop_errors_total` | counter | | errors nobody waited for in the asyncio loop |
| `jagawarga_admissions_total` | counter | `outcome` | submissions at the gate: `admitted`, `shed` |
| `jagawarga_admission_limit` | gauge | | submissions that may be under way |
| `jagawarga_admission_wait_seconds` | gauge | | estimated time to answer those that are |
| `jagawarga_notifications_total` | counter | `outcome` | events consumed: `processed`, `parked` |
| `jagawarga_deliveries_total` | counter | `channel`, `outcome` | what became of notices by `email` and `push` |

No label names a person, a report, a device or an address.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

# A series' time of creation would tell to the millisecond when the first anonymous report came.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()

REPORTS = Counter("jagawarga_reports", "Submissions.", ["privacy", "outcome"], registry=REGISTRY)
RESTARTS = Counter("jagawarga_restarts", "Restarts of actors.", ["kind"], registry=REGISTRY)
DROPPED = Counter("jagawarga_mailbox_dropped", "Messages a full mailbox refused.", ["kind"], registry=REGISTRY)
LOOP_BLOCKED = Histogram(
    "jagawarga_loop_blocked_seconds", "Blocks of the loop.", buckets=(0.25, 0.5, 1, 2.5, 10), registry=REGISTRY
)
GC_PAUSES = Histogram(
    "jagawarga_gc_pause_seconds",
    "Garbage collections.",
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5),
    registry=REGISTRY,
)
ESCALATIONS = Counter("jagawarga_escalations", "Escalations by level reached.", ["level"], registry=REGISTRY)
LATENESS = Histogram(
    "jagawarga_escalation_lateness_seconds",
    "Escalation after its deadline.",
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 2, 5, 30, 300, 3600),
    registry=REGISTRY,
)
NOTICES = Counter("jagawarga_notices", "Warnings and reminders to holders.", ["kind"], registry=REGISTRY)
CORRUPT = Gauge("jagawarga_reports_corrupt", "Open reports that can not be read.", registry=REGISTRY)
UNREADABLE = Counter("jagawarga_reports_unreadable", "Lines left out of lists.", registry=REGISTRY)
CLOCK_JUMPS = Counter("jagawarga_clock_jumps", "Jumps of the wall clock.", ["direction"], registry=REGISTRY)
OUTBOX_ROWS = Gauge("jagawarga_outbox_rows", "Events not yet on the bus.", registry=REGISTRY)
OUTBOX_LAG = Gauge("jagawarga_outbox_lag_seconds", "Age of the oldest event not yet on the bus.", registry=REGISTRY)
REQUESTS = Histogram(
    "jagawarga_request_seconds",
    "Request latency.",
    ["route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
DOOR_SECONDS = Histogram(
    "jagawarga_door_seconds",
    "Crossings to asyncio.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1, 10),
    registry=REGISTRY,
)
LOOP_ERRORS = Counter("jagawarga_loop_errors", "Errors nobody waited for in asyncio.", registry=REGISTRY)
ADMISSIONS = Counter("jagawarga_admissions", "Submissions let in or turned away.", ["outcome"], registry=REGISTRY)
ADMISSION_LIMIT = Gauge("jagawarga_admission_limit", "Submissions that may be under way.", registry=REGISTRY)
ADMISSION_WAIT = Gauge(
    "jagawarga_admission_wait_seconds", "Time to answer all submissions under way.", registry=REGISTRY
)
NOTIFICATIONS = Counter("jagawarga_notifications", "Events consumed.", ["outcome"], registry=REGISTRY)
DELIVERIES = Counter("jagawarga_deliveries", "Notices sent by channel.", ["channel", "outcome"], registry=REGISTRY)

ActorFacts = tuple[str, int, int]
"""Kind and number of some actors, hibernated ones too, and the messages that wait for them."""


class ActorCollector(Collector):
    """Counts the live tree when somebody looks, rather than at every change."""

    def __init__(self, walk: Callable[[], Iterable[ActorFacts]]) -> None:
        self._walk = walk

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Count actors and their waiting messages by kind."""
        actors: Tally[str] = Tally()
        depth: Tally[str] = Tally()
        for kind, number, mailbox in self._walk():
            actors[kind] += number
            depth[kind] += mailbox
        live = GaugeMetricFamily("jagawarga_actors", "Live actors.", labels=["kind"])
        waiting = GaugeMetricFamily("jagawarga_mailbox_depth", "Messages waiting.", labels=["kind"])
        for kind in actors:
            live.add_metric([kind], actors[kind])
            waiting.add_metric([kind], depth[kind])
        yield live
        yield waiting


def observe_request(route: str, status: str, seconds: float) -> None:
    """Note the latency of one request by route template and status class."""
    REQUESTS.labels(route, status).observe(seconds)


def exposition() -> bytes:
    """Give Prometheus' text format."""
    return generate_latest(REGISTRY)
