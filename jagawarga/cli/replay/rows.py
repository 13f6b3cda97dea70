"""Reading a CSV of complaints: each record becomes a row that can be filed, or a reason why it can not.

Nothing here raises for a bad record, and no reason ever repeats what the record says.
"""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo
    from pathlib import Path

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
OTHER_FORMATS = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d/%m/%Y", "%d-%m-%Y")
FIELD_LIMIT = 1_000_000
NO_TEXT, NO_PLACE, TOO_FEW, TOO_MANY, BROKEN = (
    "no text",
    "no place",
    "too few fields",
    "too many fields",
    "not readable as CSV",
)


class UnusableFile(Exception):
    """The file as a whole can not be replayed; the message is one line."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns are called; an optional one may be missing from the file."""

    text: str = "text"
    category: str = "category"
    agency: str = "agency"
    area: str = "kecamatan"
    subarea: str = "kelurahan"
    submitted: str = "submitted"
    answered: str = "answered"

    def missing(self, header: Iterable[str]) -> list[str]:
        """Return the needed columns that are not there."""
        return [name for name in (self.text, self.category) if name not in set(header)]


@dataclass(frozen=True, slots=True)
class Row:
    """A complaint that can be filed; `number` counts records from 1, the header not among them."""

    number: int
    text: str = field(repr=False)
    address: str = field(repr=False)
    category: str
    agency: str
    submitted: datetime | None
    answered: datetime | None


@dataclass(frozen=True, slots=True)
class Useless:
    """A record that can not be filed, and why."""

    number: int
    reason: str


def read_rows(path: Path, columns: Columns) -> Iterator[Row | Useless]:
    """Give every record of the file in order; `UnusableFile` when it can not be opened or lacks columns."""
    csv.field_size_limit(FIELD_LIMIT)
    try:
        with path.open("rb") as file:
            reader = csv.reader(decoded_lines(file), strict=True)
            yield from _records(reader, path, columns)
    except OSError as error:
        msg = f"{path} can not be read: {error.strerror}"
        raise UnusableFile(msg) from None


def moment(text: str, zone: tzinfo = UTC) -> datetime | None:
    """Read a time; without a zone of its own it is of `zone`; None for nothing, and for what is no time."""
    text = text.strip()
    for pattern in (None, *OTHER_FORMATS):
        try:
            found = datetime.fromisoformat(text) if pattern is None else datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is added below
        except ValueError:
            continue
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    return None


def _records(reader: Iterator[list[str]], path: Path, columns: Columns) -> Iterator[Row | Useless]:
    try:
        header = [name.strip() for name in next(reader)]
    except (StopIteration, csv.Error):
        msg = f"{path} has no header"
        raise UnusableFile(msg) from None
    missing = columns.missing(header)
    if missing:
        msg = f"{path} has no column {', '.join(missing)} (it has: {', '.join(header)[:200]})"
        raise UnusableFile(msg)
    number = 0
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            number += 1
            yield Useless(number, BROKEN)
            continue
        if not record:
            continue  # a blank line is no record
        number += 1
        yield _row(number, header, record, columns)


def _row(number: int, header: list[str], record: list[str], columns: Columns) -> Row | Useless:
    if len(record) != len(header):
        return Useless(number, TOO_FEW if len(record) < len(header) else TOO_MANY)
    values = dict(zip(header, record, strict=True))
    text = CONTROLS.sub(" ", values[columns.text].replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not text:
        return Useless(number, NO_TEXT)
    address = _address(values.get(columns.subarea, ""), values.get(columns.area, ""))
    if not address:
        return Useless(number, NO_PLACE)
    return Row(
        number,
        text,
        address,
        one_line(values[columns.category]),
        one_line(values.get(columns.agency, "")),
        moment(values.get(columns.submitted, "")),
        moment(values.get(columns.answered, "")),
    )


def _address(subarea: str, area: str) -> str:
    named = (("Kelurahan", one_line(subarea)), ("Kecamatan", one_line(area)))
    return ", ".join(f"{kind} {name}" for kind, name in named if name)


def one_line(text: str) -> str:
    """A name without control characters and double spaces."""
    return " ".join(CONTROLS.sub(" ", text).split())


def decoded_lines(file: Iterable[bytes]) -> Iterator[str]:
    """Decode line by line, so that one broken line costs that line only: what is not UTF-8 is read as Windows-1252."""
    for number, line in enumerate(file):
        if number == 0:
            if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                msg = "the file is UTF-16; convert it to UTF-8 first"
                raise UnusableFile(msg)
            line = line.removeprefix(codecs.BOM_UTF8)  # noqa: PLW2901 - the mark is no part of the line
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError:
            yield line.decode("cp1252", "replace")
