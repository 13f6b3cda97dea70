"""Reading a CSV of complaints: what becomes a row, and why the rest does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from jagawarga.cli.replay.clock import HistoryClock
from jagawarga.cli.replay.rows import Columns, Row, UnusableFile, Useless, moment, read_rows

if TYPE_CHECKING:
    from pathlib import Path

HEADER = b"category,agency,kecamatan,kelurahan,submitted,answered,text\n"
GOOD = b"Jalan,Dinas PU,Tegalsari,Keputran,2022-01-24 04:57:00,2022-01-24 11:51:45,Ada lubang\n"


def read(tmp_path: Path, content: bytes, columns: Columns | None = None) -> list[Row | Useless]:
    file = tmp_path / "complaints.csv"
    file.write_bytes(content)
    return list(read_rows(file, columns or Columns()))


def text_of(row: Row | Useless) -> str:
    assert isinstance(row, Row)
    return row.text


def test_a_good_record_becomes_a_row(tmp_path: Path) -> None:
    """Kelurahan and kecamatan make the address; times without a zone are UTC."""
    row = read(tmp_path, HEADER + GOOD)[0]
    assert row == Row(
        1,
        "Ada lubang",
        "Kelurahan Keputran, Kecamatan Tegalsari",
        "Jalan",
        "Dinas PU",
        datetime(2022, 1, 24, 4, 57, tzinfo=UTC),
        datetime(2022, 1, 24, 11, 51, 45, tzinfo=UTC),
    )


def test_a_row_never_shows_its_text() -> None:
    """Whoever prints a row by accident prints nothing personal."""
    assert "rahasia" not in repr(Row(1, "rahasia", "rahasia", "c", "a", None, None))


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"Jalan,Dinas PU,Tegalsari,Keputran,,,\n", "no text"),
        (b"Jalan,Dinas PU,Tegalsari,Keputran,,,  \t \n", "no text"),
        (b"Jalan,Dinas PU,,,,,Ada lubang\n", "no place"),
        (b"Jalan,Dinas PU\n", "too few fields"),
        (b"Jalan,Dinas PU,T,K,,,Ada,lubang\n", "too many fields"),
        (b'"Jalan"x,Dinas PU,T,K,,,Ada lubang\n', "not readable as CSV"),
    ],
)
def test_a_record_that_can_not_be_used_is_listed_and_the_rest_go_on(tmp_path: Path, record: bytes, reason: str) -> None:
    """Each fault has its number and reason, and costs its own record only."""
    found = read(tmp_path, HEADER + record + GOOD)
    assert found[0] == Useless(1, reason)
    assert isinstance(found[1], Row)
    assert found[1].number == 2


def test_broken_encoding_costs_nothing_but_itself(tmp_path: Path) -> None:
    """A line that is not UTF-8 is read as Windows-1252; the others stay what they are."""
    bad = GOOD.replace(b"Ada lubang", b"Caf\xe9 \x93ini\x94 \x81")
    good = GOOD.replace(b"Ada lubang", "Café".encode())
    found = read(tmp_path, b"\xef\xbb\xbf" + HEADER + bad + good)
    assert [text_of(row) for row in found] == ["Café “ini” \N{REPLACEMENT CHARACTER}", "Café"]


def test_control_characters_are_cleaned_and_lines_kept(tmp_path: Path) -> None:
    """The server takes none but line feed and tab."""
    dirty = GOOD.replace(b"Ada lubang", b'"Ada\x00\x07 lubang\r\nbesar\rsekali"')
    assert text_of(read(tmp_path, HEADER + dirty)[0]) == "Ada   lubang\nbesar\nsekali"


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    """Mapping by options; optional columns may be missing."""
    content = b"jenis;x,isi,desa\n".replace(b";x", b"") + b"Jalan,Ada lubang,Keputran\n"
    row = read(tmp_path, content, Columns(text="isi", category="jenis", subarea="desa"))[0]
    assert isinstance(row, Row)
    assert (row.agency, row.address, row.submitted) == ("", "Kelurahan Keputran", None)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfec\x00a\x00"])
def test_a_file_that_can_not_be_replayed_is_refused(tmp_path: Path, content: bytes) -> None:
    """Empty, without the needed columns, or UTF-16."""
    with pytest.raises(UnusableFile):
        read(tmp_path, content)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """With the system's words."""
    with pytest.raises(UnusableFile, match="No such file"):
        list(read_rows(tmp_path / "none.csv", Columns()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-01-24 04:57:00", datetime(2022, 1, 24, 4, 57, tzinfo=UTC)),
        ("2022-01-24T04:57:00+07:00", datetime(2022, 1, 23, 21, 57, tzinfo=UTC)),
        ("24/01/2022 04:57", datetime(2022, 1, 24, 4, 57, tzinfo=UTC)),
        ("", None),
        ("kemarin", None),
    ],
)
def test_times_are_read_in_several_ways(text: str, expected: datetime | None) -> None:
    """What is no time is none."""
    assert moment(text) == expected


def test_history_passes_at_the_speed_asked_for() -> None:
    """A row is filed, and answered, at its scaled moment; without speed it is filed at once."""
    first = datetime(2022, 1, 1, tzinfo=UTC)
    row = Row(2, "t", "a", "c", "g", datetime(2022, 1, 2, tzinfo=UTC), datetime(2022, 1, 2, 12, tzinfo=UTC))
    clock = HistoryClock(first, 86_400.0, 86_400.0)
    assert (clock.filing_delay(row), clock.answer_delay(row)) == (1.0, 0.5)
    assert HistoryClock(first, None, 3600.0).filing_delay(row) == 0.0
    assert HistoryClock(first, None, 3600.0).answer_delay(row) == 12.0
    assert clock.answer_delay(Row(3, "t", "a", "c", "g", row.submitted, None)) is None
