"""Fills the feed's memory with public reports of a city, and measures the CPU time of a page in each order."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from jagawarga.catalogue.config import load_config
from jagawarga.catalogue.service import CatalogueService
from jagawarga.edge.views import shown_in_feed
from jagawarga.feed.index import OLDEST, Index
from jagawarga.feed.messages import Point, Search
from jagawarga.reports.messages import Place, ReportView

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG: Final = Path(__file__).resolve().parents[3] / "config"
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
HERE: Final = Point(-6.9, 107.6)
WORDS: Final = tuple(f"{number:04}kata" for number in range(3_000))
ROUNDS: Final = 300
SEARCHES: Final = {
    "newest": Search(limit=20),
    "supported": Search("supported", limit=20),
    "nearest": Search("nearest", HERE, limit=20),
    "filtered": Search(category="jalan-3", status="received", limit=20),
    "text": Search(text="0042kata", limit=20),
}


def city(count: int) -> Iterator[ReportView]:
    """Reports, newest first, spread over some twenty kilometres."""
    draw = random.Random(1)
    for number in range(count):
        yield ReportView(
            UUID(int=draw.getrandbits(128)), "public", f"jalan-{number % 8}", "coblong",
            " ".join(draw.choices(WORDS, k=15)),
            Place(HERE.latitude + draw.uniform(-0.1, 0.1), HERE.longitude + draw.uniform(-0.1, 0.1)),
            "received", "lurah", "lurah", 0, 1, START - timedelta(seconds=number), None,
        )  # fmt: skip


def main() -> int:
    """Measure, and print a line for each order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    index = Index(partial(shown_in_feed, catalogue=CatalogueService(load_config(CONFIG))))
    began = time.process_time()
    index.fill(city(options.reports), {}, OLDEST)
    figures = {"fill_us_per_report": (time.process_time() - began) / options.reports * 1e6}
    for report_id in list(index.entries)[::50]:
        index.set_votes(report_id, report_id.int % 30)
    for name, search in SEARCHES.items():
        began = time.process_time()
        for _ in range(ROUNDS):
            found, _cursor = index.page(search)
            b",".join(index.shown(report_id, away) for report_id, away in found)
        figures[f"{name}_us"] = (time.process_time() - began) / ROUNDS * 1e6
    shown = {"reports": options.reports} | {name: round(value, 1) for name, value in figures.items()}
    text = json.dumps(shown) if options.json else "\n".join(f"{name:20} {value}" for name, value in shown.items())
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
