"""Reading when complaints came and when they were answered, from a CSV file; what they say is not looked at."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from jagawarga.cli.replay.rows import (
    BROKEN,
    FIELD_LIMIT,
    TOO_FEW,
    TOO_MANY,
    UnusableFile,
    decoded_lines,
    moment,
    one_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo
    from pathlib import Path

NO_TIME = "no time of filing"
BACKWARDS = "answered before it was filed"


class Complaint(NamedTuple):
    """One complaint, as far as clocks know it."""

    category: str
    agency: str
    submitted: datetime
    answered: datetime | None


@dataclass(slots=True)
class History:
    """What a file tells; `unused` counts records by the reason why they could not be taken."""

    complaints: list[Complaint] = field(default_factory=list)
    unused: Counter[str] = field(default_factory=Counter)


def read_history(path: Path, names: dict[str, str], zone: tzinfo) -> History:
    """Read all of it; `names` are those of the columns. Raises `UnusableFile`, with one line."""
    found = History()
    csv.field_size_limit(FIELD_LIMIT)
    try:
        with path.open("rb") as file:
            _read(csv.reader(decoded_lines(file), strict=True), path, names, zone, found)
    except OSError as error:
        msg = f"{path} can not be read: {error.strerror}"
        raise UnusableFile(msg) from None
    return found


def _read(reader: Iterator[list[str]], path: Path, names: dict[str, str], zone: tzinfo, found: History) -> None:
    try:
        header = [name.strip() for name in next(reader)]
    except (StopIteration, csv.Error):
        msg = f"{path} has no header"
        raise UnusableFile(msg) from None
    if missing := [name for name in names.values() if name not in header]:
        msg = f"{path} has no column {', '.join(missing)} (it has: {', '.join(header)[:200]})"
        raise UnusableFile(msg)
    places = {what: header.index(name) for what, name in names.items()}
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            found.unused[BROKEN] += 1
            continue
        if not record:
            continue  # a blank line is no record
        if len(record) != len(header):
            found.unused[TOO_FEW if len(record) < len(header) else TOO_MANY] += 1
            continue
        _take({what: record[place] for what, place in places.items()}, zone, found)


def _take(record: dict[str, str], zone: tzinfo, found: History) -> None:
    submitted, answered = moment(record["submitted"], zone), moment(record["answered"], zone)
    if submitted is None:
        found.unused[NO_TIME] += 1
    elif answered is not None and answered < submitted:
        found.unused[BACKWARDS] += 1
    else:
        found.complaints.append(
            Complaint(one_line(record["category"]), one_line(record["agency"]), submitted, answered)
        )
