"""What a video's decoder is told before the first picture: parameter sets, and no word more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagawarga.media.headers import parameters

SECRET = b"rahasia"


def sized(unit: bytes) -> bytes:
    return len(unit).to_bytes(2) + unit


def array(kind: int, *units: bytes) -> bytes:
    return bytes([0x80 | kind]) + len(units).to_bytes(2) + b"".join(map(sized, units))


def hvcc(*arrays: bytes) -> bytes:
    return b"\x01" + bytes(21) + bytes([len(arrays)]) + b"".join(arrays)


SETS = (array(32, b"\x40\x01v"), array(33, b"\x42\x01s"), array(34, b"\x44\x01p", b"\x44\x01q"))


def test_h265_keeps_its_parameter_sets() -> None:
    """Whatever stands between and behind them is gone."""
    told = hvcc(SETS[0], array(39, b"\x4e\x01" + SECRET), *SETS[1:], array(40, SECRET)) + SECRET
    assert parameters("hevc", told) == hvcc(*SETS)
    assert parameters("hevc", hvcc(*SETS)) == hvcc(*SETS)


def test_h265_between_start_codes() -> None:
    """Likewise."""
    told = b"\0\0\0\1\x40\x01v\0\0\0\1\x4e\x01" + SECRET + b"\0\0\1\x42\x01s"
    assert parameters("hevc", told) == b"\0\0\1\x40\x01v\0\0\1\x42\x01s"


@pytest.mark.parametrize(("profile", "end"), [(66, b""), (100, b""), (100, b"\xfd\xf8\xf8\x00")])
def test_h264_keeps_its_parameter_sets(profile: int, end: bytes) -> None:
    """With the extension of high profiles where there is one, and nothing behind."""
    told = b"\x01" + bytes([profile]) + b"\0\x1e\xff" + b"\xe1" + sized(b"\x67s") + b"\x01" + sized(b"\x68p") + end
    assert parameters("h264", told + (SECRET if end or profile == 66 else b"")) == told


def test_av1_keeps_its_sequence_header() -> None:
    """Metadata, and what has no end, do not come along."""
    sequence, metadata = b"\x0a\x03abc", b"\x2a" + bytes([len(SECRET)]) + SECRET
    assert parameters("av1", b"\x81\x00\x0c\x00" + metadata + sequence + metadata) == b"\x81\x00\x0c\x00" + sequence


@pytest.mark.parametrize("codec", ["hevc", "h264", "av1"])
@given(cut=st.integers(1, 40), junk=st.binary(max_size=60))
def test_what_can_not_be_read_is_refused_or_harmless(codec: str, cut: int, junk: bytes) -> None:
    """Never anything but a `ValueError`, and never longer than it was."""
    for told in (hvcc(*SETS)[:cut], b"\x01" + junk, junk):
        try:
            assert len(parameters(codec, told)) <= len(told)
        except ValueError:
            continue


def test_other_codecs_have_theirs_as_it_is() -> None:
    """Sound, and VP8 and VP9, have no such place."""
    assert parameters("opus", b"OpusHead") == b"OpusHead"
