"""A process that measures one thing once: `python -m … ROW SIDE SIZE` prints the figures as one line of JSON.

Each measurement has a process of its own, so that none inherits another's heap. SIDE is `ours`, or what a bare
alternative does.
"""

from __future__ import annotations

import json
import sys

import click
import trio

from scripts.bench.runtime_rows.catalogue import ROWS
from scripts.bench.runtime_rows.row import Measure, Row

OURS = "ours"


def side_of(row: Row, side: str) -> Measure:
    """Find what is to be measured."""
    return row.ours if side == OURS else row.bare[side]


def main(name: str, side: str, size: str) -> None:
    """Measure and print."""
    click.echo(json.dumps(trio.run(side_of(ROWS[name], side), int(size))))


if __name__ == "__main__":
    main(*sys.argv[1:])
